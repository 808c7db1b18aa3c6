"""The MCP server: everything that a client sees, in one place."""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from typing import cast

import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_PARAMS, CallToolResult, GetPromptResult, InputRequiredResult
from mcp.types import Tool as ListedTool

from k6_mcp import __version__
from k6_mcp.frontends.mcp_server.completions import add_completions
from k6_mcp.frontends.mcp_server.in_flight import InFlight
from k6_mcp.frontends.mcp_server.outgoing_check import Boundary
from k6_mcp.frontends.mcp_server.oversized_lines import Line, Oversized
from k6_mcp.frontends.mcp_server.prompts import add_prompts, prompt_problem
from k6_mcp.frontends.mcp_server.resources import add_resources
from k6_mcp.frontends.mcp_server.results import refused
from k6_mcp.frontends.mcp_server.run_app import RunApp, add_view_resource, with_app
from k6_mcp.frontends.mcp_server.run_tasks import RunTasks
from k6_mcp.frontends.mcp_server.sampling import ToolContext
from k6_mcp.frontends.mcp_server.service_opening import OpenApp, OpenedService
from k6_mcp.frontends.mcp_server.tasks import Tasks, TaskSource
from k6_mcp.frontends.mcp_server.tools import K6Tool, all_tools
from k6_mcp.frontends.mcp_server.unreadable_lines import Read, read_line
from k6_mcp.threads import LARGE, in_thread_if

_HOUR_MS = 3_600_000
_INSTRUCTIONS = """Runs real k6 load tests and judges them.
- plan_k6_test checks a test without sending traffic, and execute_k6_test runs it. Both describe the test \
with the same arguments.
- execute_k6_test waits wait_s seconds (default 45). If the status is then running or queued, the test goes \
on: call get_run with its run_id until the status is completed, failed, cancelled or lost. stop_run ends it \
early.
- If a call timed out or its answer was lost, look for the test with get_history before you start it again.
- The status failed is a result about the target or the script, not a tool error: failure.kind names the \
reason, and analyze_run explains it.
- Start with small loads, and load only targets that you are allowed to load."""
_CACHED: Mapping[CacheableMethod, CacheHint] = {
    "tools/list": CacheHint(ttl_ms=_HOUR_MS, scope="public"),
    "prompts/list": CacheHint(ttl_ms=_HOUR_MS, scope="public"),
    "resources/list": CacheHint(ttl_ms=_HOUR_MS, scope="public"),
    "resources/templates/list": CacheHint(ttl_ms=_HOUR_MS, scope="public"),
}


class K6Server(MCPServer[OpenedService]):
    """An MCP server that hides some tools from tools/list and lists the others in errors."""

    def __init__(self, opened: OpenedService, sources: Sequence[TaskSource]) -> None:
        tools = with_app(all_tools(opened))
        self.app = RunApp(opened)
        self.in_flight = InFlight()
        self._unlisted = {tool.name for tool in tools if isinstance(tool, K6Tool) and not tool.listed}
        super().__init__(
            "k6-mcp",
            title="k6 load tests",
            instructions=_INSTRUCTIONS,
            version=__version__,
            tools=tools,
            extensions=[Tasks([RunTasks(opened), *sources]), self.app],
            lifespan=opened.lifespan,
            cache_hints=_CACHED,
            middleware=[self.in_flight, Boundary()],
        )

    @property
    def lowlevel(self) -> Server[OpenedService]:
        """The SDK's low-level server, which transports drive."""
        return self._lowlevel_server

    async def list_tools(self) -> list[ListedTool]:
        """Return the tools that clients see."""
        return [tool for tool in await super().list_tools() if tool.name not in self._unlisted]

    async def run_lines(self, lines: AsyncIterable[Line], stdout: anyio.AsyncFile[str] | None = None) -> None:
        """Serve one client whose messages are `lines`, until they end.

        Answers go to `stdout`, by default the process's own.
        """
        send, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        # The lines are read here because the transport would drop those that it cannot read.
        stdin = cast("anyio.AsyncFile[str]", _nothing())
        async with (
            stdio_server(stdin=stdin, stdout=stdout) as (unread, write_stream),
            unread,
            anyio.create_task_group() as tasks,
        ):

            async def read() -> None:
                async with send:
                    async for line in lines:
                        parsed = await _read(line)
                        if error := parsed.error:
                            await write_stream.send(SessionMessage(error))
                        elif parsed.message:
                            await send.send(SessionMessage(parsed.message))

            tasks.start_soon(read)
            with messages:
                options = self._lowlevel_server.create_initialization_options()
                await self._lowlevel_server.run(messages, write_stream, options)
            tasks.cancel_scope.cancel()

    async def call_tool(
        self, name: str, arguments: dict[str, object], context: ToolContext | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; the error about an unknown one lists the known names."""
        known = [tool.name for tool in await self.list_tools()]
        if name not in known and name not in self._unlisted:
            return refused(
                f"unknown_tool: no tool is called {name[:80]!r} (next step: use one of {', '.join(known)})"
            )
        return await super().call_tool(name, arguments, context)

    async def get_prompt(
        self, name: str, arguments: dict[str, object] | None = None, context: ToolContext | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Return a prompt; raises MCPError if the name or the arguments are wrong."""
        if problem := prompt_problem(name, arguments or {}, await self.list_prompts()):
            raise MCPError(INVALID_PARAMS, problem)
        return await super().get_prompt(name, arguments, context)


async def _read(line: Line) -> Read:
    if isinstance(line, Oversized):
        return Read(error=line.error())
    return await in_thread_if(len(line) > LARGE, read_line, line)


async def _nothing() -> AsyncGenerator[str]:
    await anyio.sleep_forever()
    yield ""


def build_server(open_app: OpenApp, *, task_sources: Sequence[TaskSource] = ()) -> K6Server:
    """Return the server; `open_app` opens the service while it serves.

    `task_sources` turn calls of further tools into tasks.
    """
    return served(OpenedService(open_app), task_sources)


def served(opened: OpenedService, task_sources: Sequence[TaskSource] = ()) -> K6Server:
    """Return the server of a service that the caller may close itself."""
    server = K6Server(opened, task_sources)
    add_resources(server, opened)
    add_view_resource(server, server.app)
    add_prompts(server)
    add_completions(server, opened)
    return server
