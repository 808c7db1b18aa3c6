"""Results of tools: one compact JSON object, twice (structured and as text), never above the budget."""

import base64
from collections.abc import Mapping
from pathlib import Path

from mcp.types import CallToolResult, ImageContent, ResourceLink, TextContent
from pydantic import BaseModel, JsonValue

from k6_mcp.answers.budget import BUDGET_BYTES, CONTENT_BYTES, compact, fitted, head, with_mark
from k6_mcp.answers.report import WrittenReport
from k6_mcp.models.hidden_characters import visible


def answered(answer: BaseModel | Mapping[str, JsonValue]) -> CallToolResult:
    """Return `answer` as a result within the budget, marked where it quotes text of others; `cut` says if it
    was cut.
    """
    data = fitted(with_mark(answer), BUDGET_BYTES)
    return CallToolResult(content=[TextContent(type="text", text=compact(data))], structured_content=data)


def with_report(result: CallToolResult, found: object) -> CallToolResult:
    """Add to `result` how a client shows the report, if a report is what was found: a link, and the image of
    a chart.
    """
    if not isinstance(found, WrittenReport):
        return result
    if uri := found.resource:
        result.content.append(_link(found, uri))
    if found.file.format == "png":
        image = base64.b64encode(found.content).decode()
        result.content.append(ImageContent(type="image", data=image, mime_type=found.file.media_type))
    return result


def _link(report: WrittenReport, uri: str) -> ResourceLink:
    return ResourceLink(
        type="resource_link",
        uri=uri,
        name=Path(report.file.path).name,
        title=f"Report of {report.run_id}",
        mime_type=report.file.media_type,
        size=report.file.bytes,
    )


def refused(text: str) -> CallToolResult:
    """Return an error that the model reads; `text` begins with its stable code."""
    return CallToolResult(
        content=[TextContent(type="text", text=head(visible(text), CONTENT_BYTES)[0])], is_error=True
    )
