"""One budget for every answer to an agent: compact JSON, cut until it fits, untrusted text marked."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel, JsonValue

from k6_mcp.models.hidden_characters import visible_data
from k6_mcp.models.untrusted import marked

BUDGET_BYTES = 10_000
CONTENT_BYTES = 9_600
"""The budget of an answer itself; the rest is for the mark of untrusted text."""
Json = dict[str, JsonValue]


def told(answer: BaseModel | Mapping[str, JsonValue]) -> Json:
    """Return `answer` as JSON values without hidden characters, with a mark for untrusted text."""
    return marked(visible_data(as_json(answer) if isinstance(answer, BaseModel) else dict(answer)))


def as_json(model: BaseModel) -> Json:
    """Return `model` as JSON values, without unknown values (None) and optional empty lists."""
    data = cast("Json", model.model_dump(mode="json", by_alias=True, exclude_none=True))
    fields = type(model).model_fields
    return {name: value for name, value in data.items() if value != [] or fields[name].is_required()}


def compact(data: JsonValue) -> str:
    """Return `data` as JSON without blanks.

    Raises:
        ValueError: If it contains NaN or Infinity.
    """
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def size(data: JsonValue) -> int:
    """Return the bytes that `data` takes as compact JSON."""
    return len(compact(data).encode("utf-8", "replace"))


def fitted(data: Json, budget: int) -> Json:
    """Return `data`, or a copy whose longest texts and lists are cut to fit into `budget` bytes."""
    longest, most = 4_000, 100
    while size(data) > budget and longest > 10:
        data = cast("Json", _cut(data, longest, most))
        data["cut"] = (
            "long texts and lists were cut to keep this answer small; the k6://runs resources have everything"
        )
        longest, most = longest // 2, max(most // 2, 3)
    return data


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
    """Return the start of `text` within `budget` bytes as JSON, and how many characters are left out."""
    kept = _longest_fitting(len(text), lambda count: size(text[:count]) <= budget)
    return text[:kept], len(text) - kept


def tail(text: str, budget: int) -> tuple[str, int]:
    """Return the end of `text` within `budget` bytes as JSON, and how many characters are left out."""
    kept = _longest_fitting(len(text), lambda count: size(text[len(text) - count :]) <= budget)
    return text[len(text) - kept :], len(text) - kept


def _longest_fitting(length: int, fits: Callable[[int], bool]) -> int:
    low, high = 0, length
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
