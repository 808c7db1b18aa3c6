"""A real MCP client for our own server.

It starts the server over stdio, as any client does, and calls `execute_k6_test`.
"""

import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import TextContent

from k6_mcp.answers.run import RunAnswer
from k6_mcp.errors import K6McpError
from k6_mcp.models.untrusted import MARK
from k6_mcp.settings import Settings

TellProgress = Callable[[float, str], None]
# Every test of the demo is shorter.
_WAIT_S = 60


class DemoClient(NamedTuple):
    """A connected client; `server` and `tools` come from the server's own answers."""

    client: Client
    server: str
    protocol: str
    tools: tuple[str, ...]

    async def execute(self, arguments: Mapping[str, object], tell: TellProgress) -> RunAnswer:
        """Call `execute_k6_test` and return its judged result.

        `tell` gets the percentage and the line of each progress message.

        Raises:
            K6McpError: If the tool refused, with its code and text.
        """

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            tell(progress, message or "")

        result = await self.client.call_tool(
            "execute_k6_test", {**arguments, "wait_s": _WAIT_S}, progress_callback=on_progress
        )
        if result.is_error:
            raise _refusal("".join(block.text for block in result.content if isinstance(block, TextContent)))
        shown: dict[str, object] = result.structured_content or {}
        return RunAnswer.model_validate({name: value for name, value in shown.items() if name != MARK})


@asynccontextmanager
async def demo_client(settings: Settings) -> AsyncGenerator[DemoClient]:
    """Start the server with these settings and connect to it; leaving the block ends both."""
    environment = {
        "PATH": settings.search_path,
        "K6_RESULTS_DIR": str(settings.results_dir),
        "DATABASE_URL": str(settings.database),
        "K6_BIN": settings.k6_bin or "",
        "LOG_LEVEL": settings.log_level,
    }
    server = StdioServerParameters(command=sys.executable, args=["-m", "k6_mcp", "serve"], env=environment)
    async with Client(server) as client:
        info = client.server_info
        name = f"{info.name} {info.version}" if info else "k6-mcp"
        tools = tuple(tool.name for tool in (await client.list_tools()).tools)
        yield DemoClient(client, name, client.protocol_version, tools)


def _refusal(text: str) -> K6McpError:
    code, _, reason = text.partition(": ")
    error = K6McpError(reason)
    error.code = code
    return error
