"""The last check of outgoing answers.

No answer contains hidden characters, and no error repeats long parts of its request.
"""

from collections.abc import Iterator, Mapping
from itertools import islice, takewhile
from typing import Any, cast

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import ErrorData

from k6_mcp.models.hidden_characters import visible, visible_data
from k6_mcp.models.wording import cut

_OTHERS_WRITE = frozenset(("tools/call", "resources/read", "prompts/get", "completion/complete", "tasks/get"))
# How many characters of a sent text an error may repeat.
_ECHO = 80
_LONGEST = 1_000
_MOST_PARTS = 20
_MOST_ECHOES = 200


class Boundary:
    """Middleware around every handler, on every transport."""

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Pass a message on and clean its answer."""
        try:
            result = await call_next(ctx)
        except MCPError as error:
            raise MCPError.from_error_data(short_error(error.error, (ctx.method, ctx.params))) from error
        if ctx.method not in _OTHERS_WRITE:
            return result
        return visible_data(_short_refusal(result, ctx.params))


def _short_refusal(result: HandlerResult, sent: object) -> HandlerResult:
    if not isinstance(result, dict) or not result.get("isError"):
        return result
    echoes = _echoes(sent)
    content = [
        {**block, "text": _cut_echoes(str(block.get("text", "")), echoes)}
        for block in result.get("content", ())
    ]
    return {**result, "content": content}


def short_error(error: ErrorData, sent: object) -> ErrorData:
    """Return `error` with its repetitions of `sent` cut, and no long texts."""
    echoes = _echoes(sent)
    return ErrorData(
        code=error.code, message=_short(error.message, echoes), data=_shortened(error.data, echoes)
    )


def _short(text: str, echoes: list[str]) -> str:
    return cut(_cut_echoes(text, echoes), _LONGEST)


def _cut_echoes(text: str, echoes: list[str]) -> str:
    for echo in echoes:
        for spelling in (echo, repr(echo)[1:-1], visible(echo)):
            while (at := text.find(spelling[: _ECHO + 1])) >= 0:
                # The error may end within the quotation.
                length = _alike(text[at:], spelling)
                text = f"{text[: at + _ECHO - 1]}…{text[at + length :]}"
    return text


def _shortened(data: object, echoes: list[str]) -> object:
    if isinstance(data, str):
        return _short(data, echoes)
    if isinstance(data, Mapping):
        items = [*cast("Mapping[str, object]", data).items()][:_MOST_PARTS]
        return {_short(str(name), echoes): _shortened(value, echoes) for name, value in items}
    if isinstance(data, list | tuple):
        return [_shortened(item, echoes) for item in cast("list[object]", data)[:_MOST_PARTS]]
    return data


def _alike(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _echoes(sent: object) -> list[str]:
    return [*islice((text for text in _texts(sent) if len(text) > _ECHO), _MOST_ECHOES)]


def _texts(sent: object) -> Iterator[str]:
    if isinstance(sent, str):
        yield sent
    elif isinstance(sent, Mapping):
        for name, value in cast("Mapping[str, object]", sent).items():
            yield name
            yield from _texts(value)
    elif isinstance(sent, list | tuple):
        for item in cast("list[object]", sent):
            yield from _texts(item)
