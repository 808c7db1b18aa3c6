"""Results of tools: one compact JSON object within the budget, structured and as text."""

import base64
from collections.abc import Mapping
from pathlib import Path

from mcp.types import CallToolResult, ImageContent, ResourceLink, TextContent
from pydantic import BaseModel, JsonValue

from k6_mcp.answers.budget import BUDGET_BYTES, CONTENT_BYTES, compact, fitted, head, with_mark
from k6_mcp.answers.report import WrittenReport
from k6_mcp.models.hidden_characters import visible


def answered(answer: BaseModel | Mapping[str, JsonValue]) -> CallToolResult:
    """Return `answer` as a result within the budget.

    The result has a mark if it quotes untrusted text, and `cut` if it was cut.
    """
    data = fitted(with_mark(answer), BUDGET_BYTES)
    return CallToolResult(content=[TextContent(type="text", text=compact(data))], structured_content=data)


def with_report(result: CallToolResult, subject: object) -> CallToolResult:
    """Add a link to the report, and a chart as an image, if `subject` is a written report."""
    if not isinstance(subject, WrittenReport):
        return result
    if uri := subject.resource:
        result.content.append(_link(subject, uri))
    if subject.file.format == "png":
        image = base64.b64encode(subject.content).decode()
        result.content.append(ImageContent(type="image", data=image, mime_type=subject.file.media_type))
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
