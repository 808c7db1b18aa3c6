"""Reports as resources: made when they are read, so of a running test what is known by then."""

from collections.abc import Awaitable, Callable
from typing import get_args

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from k6_mcp.errors import K6McpError, UnknownRun
from k6_mcp.frontends.mcp_server.report_tools import REPORT_URI
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.models.service_answers import ReportFormat
from k6_mcp.reports.file_types import FILE_TYPES


def add_report_resources(server: MCPServer[OpenedService], opened: OpenedService) -> None:
    """Register a report of a run in each format."""
    for format in get_args(ReportFormat):
        kind = FILE_TYPES[format]
        template = server.resource(
            REPORT_URI + kind.extension,
            name=f"run-report-{format}",
            title=f"Report of a run ({format})",
            mime_type=kind.media_type,
        )
        template(_reader(opened, format))


def _reader(opened: OpenedService, format: ReportFormat) -> Callable[[str], Awaitable[str | bytes]]:
    async def read(run_id: str) -> str | bytes:
        """What a run shows, for people or programs."""
        service = await opened.service()
        try:
            content = await service.kept_runs.rendered(run_id, format)
        except UnknownRun as error:
            raise ResourceNotFoundError(str(error)) from None
        except K6McpError as error:
            raise ResourceError(str(error)) from None
        return content.decode() if FILE_TYPES[format].text else content

    return read
