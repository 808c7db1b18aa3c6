"""A real MCP client on a real server, through any of its doors; only k6 is scripted."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.client import ClientExtension
from mcp.client.session import SamplingFnT
from mcp.types import CallToolResult, TextContent

from k6_mcp.frontends.mcp_server.server import build_server
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.over_http import open_http
from tests.frontends.mcp_server.over_lines import over_lines
from tests.frontends.mcp_server.polling import until as until
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted

Mode = Literal["auto", "legacy"]
ERAS: tuple[Mode, ...] = ("auto", "legacy")
Door = Literal["memory", "stdio", "http"]
# The SDK's HTTP client leaves a stream to the garbage collector when its connection ends
_COLLECTED = pytest.mark.filterwarnings("ignore:.*MemoryObjectReceiveStream")
over_every_door = pytest.mark.parametrize("door", ["memory", "stdio", pytest.param("http", marks=_COLLECTED)])
SCRIPT = {"script": "export default function () {}", "vus": 1, "duration": "10s"}


@asynccontextmanager
async def connected(
    settings: Settings,
    k6: ScriptedK6,
    *,
    door: Door = "memory",
    mode: Mode = "auto",
    extensions: Sequence[ClientExtension] = (),
    sampling: SamplingFnT | None = None,
) -> AsyncGenerator[Client]:
    """Connect a client that checks every answer against the tool's output schema."""
    async with AsyncExitStack() as stack:
        if door == "http":
            server = f"http://127.0.0.1:{await stack.enter_async_context(open_http(settings, k6))}/mcp"
        else:
            server = build_server(lambda: open_scripted(settings, k6))
        client = Client(
            over_lines(server) if door == "stdio" and not isinstance(server, str) else server,
            mode=mode,
            extensions=extensions,
            sampling_callback=sampling,
        )
        await stack.enter_async_context(client)
        # From here on the client validates structured content
        await client.list_tools()
        yield client


def said(result: CallToolResult) -> str:
    """Return the text of a result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def answer(result: CallToolResult) -> dict[str, Any]:
    """Return the structured answer, which the text repeats byte for byte as JSON."""
    assert not result.is_error, said(result)
    assert json.loads(said(result)) == result.structured_content
    return result.structured_content


def refusal(result: CallToolResult) -> str:
    """Return the text of an error, which has no structured content."""
    assert result.is_error
    assert result.structured_content is None
    return said(result)
