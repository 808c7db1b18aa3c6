"""The formats of reports: one row each, with every fact that other modules look up by format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ReportFormat = Literal["html", "markdown", "junit", "csv", "json", "png"]


@dataclass(frozen=True)
class FileType:
    """How a format is stored and served, and what to do with it.

    `text` is False for binary formats. An answer about a report includes the content of
    a format that is `shown`: short Markdown as text, a chart as an image.
    """

    extension: str
    media_type: str
    next: str
    text: bool = True
    shown: bool = False


FILE_TYPES: Mapping[ReportFormat, FileType] = {
    "html": FileType("html", "text/html", "open path in a browser; it needs no network"),
    "markdown": FileType("md", "text/markdown", "paste it into a pull request or an issue", shown=True),
    "junit": FileType("xml", "application/xml", "give this path to the pipeline as its JUnit report"),
    "csv": FileType("csv", "text/csv", "open path in a spreadsheet"),
    "json": FileType("json", "application/json", "for programs; schema_version identifies its structure"),
    "png": FileType(
        "png", "image/png", "open path; the image is also part of this answer", text=False, shown=True
    ),
}
