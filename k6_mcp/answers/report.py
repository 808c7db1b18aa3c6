"""A written report as an answer to an agent: a path, a link, and few words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from k6_mcp.models.base import Model
from k6_mcp.models.report_formats import FILE_TYPES, ReportFormat
from k6_mcp.models.service_answers import ReportFile

REPORT_URI = "k6://runs/{run_id}/report"
"""Where a client reads a report of a run, made anew; the extension of its format follows."""
_TEXT_BYTES = 8_000


@dataclass(frozen=True)
class WrittenReport:
    """A report of a run on disk; `content` is empty unless its format is shown."""

    run_id: str
    file: ReportFile
    content: bytes
    is_comparison: bool

    @property
    def resource(self) -> str | None:
        """Where a client reads it; a comparison is no resource."""
        if self.is_comparison:
            return None
        return f"{REPORT_URI.replace('{run_id}', self.run_id)}{Path(self.file.path).suffix}"


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


def report_answer(report: WrittenReport) -> ReportAnswer:
    """Return the answer about a written report."""
    file = report.file
    is_short = file.format == "markdown" and len(report.content) <= _TEXT_BYTES
    return ReportAnswer(
        run_id=report.run_id,
        **file.model_dump(),
        resource=report.resource,
        next=FILE_TYPES[file.format].next,
        markdown=report.content.decode() if is_short else None,
    )
