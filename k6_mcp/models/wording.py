"""The form of figures and untrusted text in sentences, the same in every description of a run."""

import json
import re
from collections.abc import Iterable

from k6_mcp.models.hidden_characters import unstyled, visible

_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def cut(text: str, limit: int) -> str:
    """Return `text` on one line, cut to at most `limit` characters.

    Control characters become spaces, and hidden characters become their codes.
    """
    line = visible(_SPACE.sub(" ", unstyled(text[: 4 * limit]))).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def quoted(text: str, limit: int = 200) -> str:
    """Return text from a target or script as a quotation, cut to `limit` characters.

    The quotes separate untrusted data from the sentence around it.
    """
    return '"' + cut(text, limit).replace('"', "'") + '"'


def log_line(msg: str, level: str = "error", **fields: str) -> str:
    """Return a line in the form of k6's log, e.g. `level=error msg="script_error: …"`.

    Programs that run k6 recognize failures by such lines.
    """
    texts = {"msg": msg, **fields}
    return f"level={level} " + " ".join(
        f"{key}={json.dumps(_SPACE.sub(' ', text), ensure_ascii=False)}" for key, text in texts.items()
    )


def number(value: float, digits: int = 4) -> str:
    """Return a figure for reading.

    Whole numbers are complete; others have `digits` significant digits. There is never an exponent.
    """
    if value == int(value) or abs(value) >= 10**digits:
        return f"{value:.0f}"
    text = f"{float(f'{value:.{digits}g}'):.10f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def percent(fraction: float) -> str:
    """Return a fraction as a percentage, which is 0 % or 100 % only if it is exactly that."""
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
