"""k6's duration notation (Go's `time.ParseDuration` plus days), both ways."""

import re

from k6_mcp.models.quoting import echoed

_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
# k6 counts nanoseconds in 64 bits.
_LONGEST_S = 9e9
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+\Z")


def parse_duration_s(text: str) -> float:
    """Return the seconds that `text` (`500ms`, `1m30s`, `1h`) means.

    Raises:
        ValueError: If `text` is not a duration, not above zero, or longer than k6 can count.
    """
    text = text.strip()
    if not _WHOLE.match(text):
        raise ValueError(
            f"{echoed(text)} is not a duration: use a number with a unit, as in 500ms, 30s, 1m30s, 1h"
        )
    seconds = sum(float(number) * _UNIT_S[unit] for number, unit in _PART.findall(text))
    if seconds <= 0:
        raise ValueError(f"{text[:40]!r} is not above zero")
    if seconds > _LONGEST_S:
        raise ValueError(f"{text[:40]!r} is longer than k6 can count (292 years)")
    return seconds


def format_duration(seconds: float) -> str:
    """Return `seconds` in k6's notation with millisecond precision, e.g. `1m30s`, `2.5s`, `350ms`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    hours, rest = divmod(round(seconds, 3), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "m"), (round(rest, 3), "s")]
    return "".join(f"{value:g}{unit}" for value, unit in parts if value) or "0s"
