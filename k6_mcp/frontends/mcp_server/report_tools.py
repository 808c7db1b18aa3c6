"""The tool that makes reports for people: a file and a link, few words for the model."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, get_args

from anyio import to_thread
from mcp.types import CallToolResult, ImageContent, ResourceLink, ToolAnnotations
from pydantic import Field

from k6_mcp.frontends.mcp_server.arguments import RunId, parse
from k6_mcp.frontends.mcp_server.results import answered
from k6_mcp.frontends.mcp_server.schemas import output_schema
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tool import K6Tool, ToolContext, k6_tool
from k6_mcp.models.base import Model
from k6_mcp.models.service_answers import ReportFile, ReportFormat
from k6_mcp.reports.file_types import FILE_TYPES

REPORT_URI = "k6://runs/{run_id}/report."
_TEXT_BYTES = 8_000
_WRITES_OWN_FILES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_DESCRIPTION = """Write a report of one load test to a file for people: html (charts, tables, findings), \
markdown for a pull request, junit for CI, csv (figures over time), json (everything), png (a chart, also \
shown as an image). Tell the user the path."""
_OPEN: Mapping[ReportFormat, str] = {
    "html": "open path in a browser; it needs no network",
    "markdown": "paste it into a pull request or an issue",
    "junit": "give this path to the pipeline as its JUnit report",
    "csv": "open path in a spreadsheet",
    "json": "for programs; schema_version says what it holds",
    "png": "open path; the image is also part of this answer",
}


class ReportArguments(Model):
    """What get_report takes."""

    run_id: RunId
    format: Annotated[
        ReportFormat, Field(description=f"{', '.join(get_args(ReportFormat))}; default html")
    ] = "html"
    baseline: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=120,
            description="html, markdown: compare with this run id, or with the baseline of this test",
        ),
    ] = None


class ReportAnswer(Model):
    """Where a report is and how to open it; `markdown` is its text where that is short."""

    run_id: str
    format: ReportFormat
    path: str
    bytes: int
    media_type: str
    resource: str | None = None
    next: Annotated[str, Field(description="how to use it")]
    markdown: Annotated[str | None, Field(description="the report itself if short; holds untrusted text")] = (
        None
    )


class ReportTools:
    """The handlers, bound to one server's service."""

    def __init__(self, opened: OpenedService) -> None:
        self._opened = opened

    async def report(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Write a report and answer with where it is."""
        asked = parse(ReportArguments, arguments)
        service = await self._opened.service()
        file = await service.kept_runs.report(asked.run_id, asked.format, asked.baseline)
        content = (
            await to_thread.run_sync(Path(file.path).read_bytes)
            if file.format in ("markdown", "png")
            else b""
        )
        return report_result(asked.run_id, file, content, compared=asked.baseline is not None)


def report_result(run_id: str, file: ReportFile, content: bytes, *, compared: bool = False) -> CallToolResult:
    """Return the answer about a written report; `content` is what it holds, where the answer shows it; a
    comparison is no resource.
    """
    short = file.format == "markdown" and len(content) <= _TEXT_BYTES
    answer = ReportAnswer(
        run_id=run_id,
        **file.model_dump(),
        resource=None if compared else report_uri(run_id, file.format),
        next=_OPEN[file.format],
        markdown=content.decode() if short else None,
    )
    result = answered(answer)
    if answer.resource:
        result.content.append(_link(answer, answer.resource))
    if file.format == "png":
        image = base64.b64encode(content).decode()
        result.content.append(ImageContent(type="image", data=image, mime_type=file.media_type))
    return result


def report_uri(run_id: str, format: ReportFormat) -> str:
    """Return where a client reads a report of a run, made anew."""
    return f"{REPORT_URI.replace('{run_id}', run_id)}{FILE_TYPES[format].extension}"


def _link(answer: ReportAnswer, uri: str) -> ResourceLink:
    return ResourceLink(
        type="resource_link",
        uri=uri,
        name=Path(answer.path).name,
        title=f"Report of {answer.run_id}",
        mime_type=answer.media_type,
        size=answer.bytes,
    )


def report_tools(opened: OpenedService) -> list[K6Tool]:
    """Return the tools of this module."""
    return [
        k6_tool(
            ReportTools(opened).report,
            ReportArguments,
            output_schema(ReportAnswer, depth=0),
            name="get_report",
            title="Report of a load test",
            description=_DESCRIPTION,
            annotations=_WRITES_OWN_FILES,
        )
    ]
