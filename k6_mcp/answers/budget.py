"""One budget for every answer to an agent: compact JSON, cut until it fits, untrusted text marked."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel, JsonValue

from k6_mcp.models.hidden_characters import visible_data
from k6_mcp.models.untrusted import marked

BUDGET_BYTES = 10_000
"""The most that an answer takes as compact JSON."""
CONTENT_BYTES = 9_600
"""The budget of an answer itself; the rest is for the mark of untrusted text."""
Json = dict[str, JsonValue]
V = TypeVar("V", bound=BaseModel | Json)

_CUT_NOTE = "long texts and lists were cut to keep this answer small; the k6://runs resources hold everything"


def first_fitting(versions: Iterable[V], budget: int = CONTENT_BYTES) -> V:
    """Return the first of ever smaller `versions` that takes at most `budget` bytes, else the last one.

    Raises:
        ValueError: If it contains NaN or Infinity.
    """
    version = None
    for version in versions:
        if size_of(version) <= budget:
            break
    if version is None:
        raise ValueError("an answer needs at least one version")
    return version


def as_many_as_fit(sizes: Iterable[int], room: int) -> int:
    """Return how many of the first items fit into `room` bytes, given the bytes that each one takes."""
    count = 0
    for taken in sizes:
        room -= taken
        if room < 0:
            break
        count += 1
    return count


def fitted(data: Json, budget: int) -> Json:
    """Return `data`, or a copy that takes at most `budget` bytes.

    The longest texts and lists of the copy are cut.
    """
    return first_fitting(_shorter(data), budget)


def _shorter(data: Json) -> Iterator[Json]:
    yield data
    longest, most = 4_000, 100
    while longest > 10:
        data = cast("Json", _cut(data, longest, most))
        data["cut"] = _CUT_NOTE
        yield data
        longest, most = longest // 2, max(most // 2, 3)


def _cut(value: Any, longest: int, most: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[: longest - 1] + "…"
    if isinstance(value, list):
        return [_cut(item, longest, most) for item in cast("list[Any]", value)[:most]]
    if isinstance(value, dict):
        items = list(cast("dict[str, Any]", value).items())
        return {_cut(key, longest, most): _cut(item, longest, most) for key, item in items[: max(most, 40)]}
    return value


def head(text: str, budget: int) -> tuple[str, int]:
    """Return the beginning of `text` and how many characters were left out.

    As JSON, the beginning takes at most `budget` bytes.
    """
    kept = _longest_fitting(min(len(text), budget), lambda count: size(text[:count]) <= budget)
    return text[:kept], len(text) - kept


def tail(text: str, budget: int) -> tuple[str, int]:
    """Return the end of `text` and how many characters were left out.

    As JSON, the end takes at most `budget` bytes.
    """
    kept = _longest_fitting(min(len(text), budget), lambda count: size(text[len(text) - count :]) <= budget)
    return text[len(text) - kept :], len(text) - kept


def _longest_fitting(most: int, fits: Callable[[int], bool]) -> int:
    """Return the largest number up to `most` that fits.

    A character takes at least one byte, so callers need not try more characters than bytes.
    """
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def with_mark(answer: BaseModel | Mapping[str, JsonValue]) -> Json:
    """Return `answer` as JSON values without hidden characters, marked where it quotes text of others."""
    return marked(visible_data(as_json(answer) if isinstance(answer, BaseModel) else dict(answer)))


def as_json(model: BaseModel) -> Json:
    """Return `model` as JSON values, without unknown values (None) and without empty optional lists."""
    data = cast("Json", model.model_dump(mode="json", by_alias=True, exclude_none=True))
    fields = type(model).model_fields
    return {name: value for name, value in data.items() if value != [] or fields[name].is_required()}


def compact(data: JsonValue) -> str:
    """Return `data` as JSON without blanks.

    Raises:
        ValueError: If it holds NaN or Infinity.
    """
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def size(data: JsonValue) -> int:
    """Return the bytes that `data` takes as compact JSON."""
    return len(compact(data).encode("utf-8", "replace"))


def size_of(answer: BaseModel | Json) -> int:
    """Return the bytes that an answer takes as compact JSON."""
    return size(as_json(answer) if isinstance(answer, BaseModel) else answer)
