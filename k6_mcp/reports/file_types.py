"""File extension and media type of each report format."""

from collections.abc import Mapping
from dataclasses import dataclass

from k6_mcp.models.service_answers import ReportFormat


@dataclass(frozen=True)
class FileType:
    """How a format is stored and served; `text` is False for binary formats."""

    extension: str
    media_type: str
    text: bool = True


FILE_TYPES: Mapping[ReportFormat, FileType] = {
    "html": FileType("html", "text/html"),
    "markdown": FileType("md", "text/markdown"),
    "junit": FileType("xml", "application/xml"),
    "csv": FileType("csv", "text/csv"),
    "json": FileType("json", "application/json"),
    "png": FileType("png", "image/png", text=False),
}
