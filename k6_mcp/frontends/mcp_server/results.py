"""Results of tools: one compact JSON object, twice (structured and as text), never above the budget."""

from collections.abc import Mapping

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, JsonValue

from k6_mcp.answers.budget import BUDGET_BYTES, CONTENT_BYTES, compact, fitted, head, told
from k6_mcp.models.hidden_characters import visible


def answered(answer: BaseModel | Mapping[str, JsonValue], *, budget: int = BUDGET_BYTES) -> CallToolResult:
    """Return `answer` as a result of at most `budget` bytes, marked where others wrote it; what is too long
    is cut and `cut` says so.
    """
    data = fitted(told(answer), budget)
    return CallToolResult(content=[TextContent(type="text", text=compact(data))], structured_content=data)


def refused(text: str) -> CallToolResult:
    """Return an error that the model reads; `text` begins with its stable code."""
    return CallToolResult(
        content=[TextContent(type="text", text=head(visible(text), CONTENT_BYTES)[0])], is_error=True
    )
