"""Check that every number in a text is one of the facts, possibly rounded or in another unit."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["time", "share", "plain", "unknown"]
# A larger rounding changes the meaning: 1 s isn't a rounding of 1400 ms
_CLOSE = 0.05
# Digits may be cut off instead of rounded, if that changes the value by no more than this share
_TRUNCATED = 0.01

_GROUPS = "[,_'\u2019]"
_BLANK_GROUPS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3})")
_NUMBER = re.compile(
    r"(?P<code>\b(?:HTTP|status|code|error_code)s? (?:code )?)?"
    rf"(?P<number>\d{{1,3}}(?:{_GROUPS}\d{{3}})+(?:\.\d+)?(?!\d)|\d+(?:[.,]\d+)?)(?:[eE](?P<exponent>[+-]?\d{{1,3}})(?!\w))?"
    r"(?:[ \-]?(?P<unit>%|‰|percent|per"
    r" ?cent|ms|msec|milli-?seconds?|µs|us|secs?|seconds?|s|mins?|minutes?|hours?|h|thousand|k|million|m"
    r"|[kmg]i?b)(?![\w]))?",
    re.IGNORECASE,
)
_UNITS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {
    **{word: value for value, word in enumerate(_UNITS.split(), 2)},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), 2)},
    **{"hundred": 100, "thousand": 1000, "million": 1_000_000},
}
_SPELLED = re.compile(
    rf"\b(?P<word>{'|'.join(_WORDS)})(?P<unit>[ \-]?(?:percent|per"
    r" ?cent|%|ms|milli-?seconds?|s|seconds?|minutes?|hours?"
    r"|requests?|iterations?|users?|vus?|errors?|times|fold))?\b",
    re.IGNORECASE,
)
# Smaller words may be plain prose, as in "two causes", unless a unit follows: "five percent"
_SMALLEST_SPELLED = 11
_LABELS = re.compile(
    # List markers
    r"(?m)^\s*\(?\d{1,2}[.)]\s"
    # Names of percentiles
    r"|\bp ?\(?(?:50|75|90|95|99(?:\.9)?)\)?(?![\d.]*\d)"
    r"|\b(?:50|75|90|95|99(?:\.9)?)th\b"
    r"|\b\d{1,2}(?:st|nd|rd|th)\b"
    r"|\bk6\b|\bHTTP/[123](?:\.[01])?(?![\d.]*\d)|\bIPv[46]\b|\bTLS"
    r" ?v?1\.[0-3]\b|\b[1-5]xx\b|\bUTF-8\b|\bQ\d{1,3}\b",
    re.IGNORECASE,
)
_MS = {"ms": 1.0, "us": 1e-3, "s": 1e3, "min": 6e4, "h": 3.6e6}
_SIZES = {"k": 1e3, "m": 1e6, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30}


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that a text may contain.

    It is a time in ms, a share from 0 to 1, a plain count or rate, or a number of unknown unit.
    """

    value: float
    kind: Kind = "plain"


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number in a text: its unit, and its possible values, each with the value of its last digit."""

    text: str
    readings: tuple[tuple[float, float], ...]
    unit: str

    def states(self, fact: Fact) -> bool:
        """Return whether this number is `fact`, possibly rounded or in another unit."""
        return any(
            _rounds(value, digit, real)
            for value, digit in self.readings
            for real in _in_unit(fact, self.unit)
        )


def invented(text: str, facts: Iterable[Fact]) -> tuple[str, ...]:
    """Return the numbers in `text` that are none of `facts`, as written.

    Numbering and names that contain digits don't count as numbers.
    """
    known = {Fact(abs(fact.value), fact.kind) for fact in facts}
    return tuple(item.text for item in numbers(text) if not any(item.states(fact) for fact in known))


def numbers(text: str) -> Iterator[WrittenNumber]:
    """Yield every number in `text`, including spelled ones that cannot be plain prose."""
    plain = _LABELS.sub(" ", unicodedata.normalize("NFKC", _BLANK_GROUPS.sub("_", text)))
    for match in _NUMBER.finditer(plain):
        readings = tuple(_readings(match["number"], match["exponent"]))
        # A status code isn't a rounding of another one
        if match["code"]:
            readings = tuple((value, 0.0) for value, _ in readings)
        yield WrittenNumber(match[0].strip(), readings, _unit(match["unit"]))
    for match in _SPELLED.finditer(plain):
        value = _WORDS[match["word"].lower()]
        if value >= _SMALLEST_SPELLED or match["unit"]:
            yield WrittenNumber(match[0], ((float(value), 0.0),), _unit(match["unit"]))


def _readings(number: str, exponent: str | None) -> Iterator[tuple[float, float]]:
    scale = 10.0 ** int(exponent or 0)
    whole, separator, decimals = number.rpartition(".")
    grouped = re.sub(_GROUPS, "", whole if separator else number)
    if separator:
        yield float(f"{grouped}.{decimals}") * scale, 10.0 ** -len(decimals) * scale
    elif "," not in number or len(number.rpartition(",")[2]) == 3:
        zeros = len(grouped) - len(grouped.rstrip("0"))
        yield float(grouped) * scale, 10.0 ** min(zeros, max(len(grouped) - 1, 0)) * scale
    # The comma may be a decimal comma
    if number.count(",") == 1 and not separator:
        whole, _, decimals = number.partition(",")
        yield float(f"{whole}.{decimals}") * scale, 10.0 ** -len(decimals) * scale


def _unit(word: str | None) -> str:
    unit = (word or "").strip(" -").lower().replace("-", "")
    if unit in ("%", "percent", "per cent"):
        return "%"
    for short, words in {
        "ms": ("ms", "msec", "millisec"),
        "us": ("µs", "μs", "us"),
        "min": ("min",),
        "h": ("h", "hour"),
    }.items():
        if any(unit == name or (len(name) > 2 and unit.startswith(name)) for name in words):
            return short
    if unit in ("s", "sec", "secs", "second", "seconds"):
        return "s"
    return {"thousand": "k", "million": "m"}.get(unit, unit if unit in _SIZES or unit == "‰" else "")


def _in_unit(fact: Fact, unit: str) -> Iterator[float]:
    """Yield the value of `fact` in `unit`; without a unit, in every unit that may be omitted."""
    value, unknown = fact.value, fact.kind == "unknown"
    if unit == "%" and (unknown or fact.kind == "share"):
        yield value * 100
    if unit in _MS and (unknown or fact.kind == "time"):
        yield value / _MS[unit]
    if unit in _SIZES and (unknown or fact.kind == "plain"):
        yield value / _SIZES[unit]
    if not unit or unknown:
        yield value
    if not unit:
        yield from {"time": (value / 1e3,), "share": (value * 100,)}.get(fact.kind, ())


def _rounds(written: float, digit: float, real: float) -> bool:
    distance = abs(written - real)
    if distance <= 1e-9 * max(written, real):
        return True
    relative = distance / max(written, real)
    rounded = distance <= digit / 2 * (1 + 1e-9) and relative <= _CLOSE
    return rounded or (0 < digit < 1 and distance < digit and relative <= _TRUNCATED)
