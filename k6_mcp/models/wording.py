"""How figures and foreign text are put into sentences, the same wherever a run is told."""

import json
import re
from collections.abc import Iterable

from k6_mcp.models.hidden_characters import unstyled, visible

_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def cut(text: str, limit: int) -> str:
    """Return `text` on one line, without control characters, hidden ones as their codes, of at most `limit`
    characters.
    """
    line = visible(_SPACE.sub(" ", unstyled(text[: 4 * limit]))).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def quoted(text: str, limit: int = 200) -> str:
    """Return text of a target or script as a cut quotation: untrusted data, not part of the sentence around
    it.
    """
    return '"' + cut(text, limit).replace('"', "'") + '"'


def log_line(msg: str, level: str = "error", **fields: str) -> str:
    """Return a line as k6 logs it, by which programs around k6 know a failure: `level=error
    msg="script_error: …"`.
    """
    said = {"msg": msg, **fields}
    return f"level={level} " + " ".join(
        f"{key}={json.dumps(_SPACE.sub(' ', text), ensure_ascii=False)}" for key, text in said.items()
    )


def number(value: float, digits: int = 4) -> str:
    """Return a figure for reading: whole numbers in full, others with `digits` significant digits, never an
    exponent.
    """
    if value == int(value) or abs(value) >= 10**digits:
        return f"{value:.0f}"
    text = f"{float(f'{value:.{digits}g}'):.10f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def percent(fraction: float) -> str:
    """Return a fraction as a percentage that never rounds to 0 % or 100 % unless it is."""
    value = fraction * 100
    if 0 < value < 0.01:
        return "<0.01 %"
    if 99.99 < value < 100:
        return ">99.99 %"
    return f"{number(value, 3 if value < 99 else 4)} %"


def few(texts: Iterable[str], limit: int = 3, chars: int = 100) -> str:
    """Return the first texts, cut and joined by commas, and how many more there are."""
    items = list(texts)
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(cut(item, chars) for item in items[:limit]) + more


def count(number_of: int, noun: str) -> str:
    """Return a count with its noun in the right number: `1 request`, `3 requests`."""
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {noun}s"
