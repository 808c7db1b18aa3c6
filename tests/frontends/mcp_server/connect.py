"""A real MCP client on a real server in memory; only k6 is scripted."""

import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import anyio
from mcp import Client
from mcp.client import ClientExtension
from mcp.types import CallToolResult, TextContent

from k6_mcp.frontends.mcp_server.server import build_server
from k6_mcp.frontends.mcp_server.tasks import TaskSource
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted

Mode = Literal["auto", "legacy"]
ERAS: tuple[Mode, ...] = ("auto", "legacy")
SCRIPT = {"script": "export default function () {}", "vus": 1, "duration": "10s"}


@asynccontextmanager
async def connected(
    settings: Settings,
    k6: ScriptedK6,
    *,
    mode: Mode = "auto",
    extensions: Sequence[ClientExtension] = (),
    task_sources: Sequence[TaskSource] = (),
) -> AsyncGenerator[Client]:
    """Connect a client that checks every answer against the tool's output schema."""
    server = build_server(lambda: open_scripted(settings, k6), task_sources=task_sources)
    async with Client(server, mode=mode, extensions=extensions) as client:
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


async def until(condition: Callable[[], bool], what: str) -> None:
    """Poll until `condition` holds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"not within 10 s: {what}"
        await anyio.sleep(0.005)
