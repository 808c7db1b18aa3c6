"""The MCP App: a run as an interactive view in the client's own window, live while the test runs.

Tools name the view for every client, because the list of tools is the same for all of them. The view's data
goes only to clients that can show it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.apps import APP_MIME_TYPE, Apps, ResourceCsp, client_supports_apps
from mcp.server.context import CallNext, HandlerResult
from mcp.server.mcpserver.resources import FunctionResource
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolRequestParams, CallToolResult

from k6_mcp.answers.budget import compact, with_mark
from k6_mcp.frontends.mcp_server.resource_errors import reading
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tasks import RequestContext

if TYPE_CHECKING:
    from k6_mcp.reports.app_view import AppView
    from k6_mcp.service.load_tests import LoadTests

APP_URI = "ui://k6-mcp/run.html"
VIEW_URI = "k6://runs/{run_id}/view"
# Where a result carries the view; the model does not read this field.
VIEW_META = "k6-mcp/view"
_SHOWN_BY = ("execute_k6_test", "get_run", "get_report")
# Points of a chart: fewer than in a report file, because the view is renewed every other second.
_POINTS = 300
_NO_DOMAINS = ResourceCsp(connect_domains=[], resource_domains=[], frame_domains=[], base_uri_domains=[])


class RunApp(Apps):
    """Serves the page, and its data to clients that can show it."""

    def __init__(self, opened: OpenedService) -> None:
        super().__init__()
        self._opened = opened
        self.add_resource(
            FunctionResource(
                uri=APP_URI,
                name="run-view",
                title="A load test, live",
                description=(
                    "The view that clients with MCP Apps show next to execute_k6_test, get_run and"
                    " get_report."
                ),
                mime_type=APP_MIME_TYPE,
                meta={
                    "ui": {
                        "csp": _NO_DOMAINS.model_dump(by_alias=True, exclude_none=True),
                        "prefersBorder": True,
                    }
                },
                fn=_page,
            )
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: RequestContext, call_next: CallNext
    ) -> HandlerResult:
        """Add the view to an answer about a run over time, which the page requests repeatedly."""
        result = await call_next(ctx)
        if (
            params.name != "get_run"
            or not client_supports_apps(ctx)
            or not isinstance(result, CallToolResult)
        ):
            return result
        arguments = cast("Mapping[str, object]", params.arguments or {})
        if result.is_error or arguments.get("detail") != "timeline":
            return result
        view = await _view(await self._opened.service(), str(arguments["run_id"]))
        return result.model_copy(
            update={"meta": {**(result.meta or {}), VIEW_META: view.model_dump(mode="json")}}
        )

    async def read(self, run_id: str) -> str:
        """The data of a run's view, for its page."""
        async with reading(self._opened) as service:
            return compact(with_mark(await _view(service, run_id)))


async def _view(service: "LoadTests", run_id: str) -> "AppView":
    """Return what the page shows about a run; raises UnknownRun."""
    from k6_mcp.reports.app_view import app_view

    view = replace(await service.kept_runs.view(run_id), most_points=_POINTS)
    return await to_thread.run_sync(app_view, view)


def with_app(tools: Iterable[Tool]) -> list[Tool]:
    """Return `tools`, with a link to the page in those whose answers it shows."""
    return [
        (
            tool.model_copy(update={"meta": {**(tool.meta or {}), "ui": {"resourceUri": APP_URI}}})
            if tool.name in _SHOWN_BY
            else tool
        )
        for tool in tools
    ]


def add_view_resource(server: MCPServer[OpenedService], app: RunApp) -> None:
    """Register the resource that the page reads."""
    server.resource(
        VIEW_URI, name="run-view-data", title="What the view of a run shows", mime_type="application/json"
    )(app.read)


def _page() -> str:
    from k6_mcp.reports.app_view import app_page

    return app_page()
