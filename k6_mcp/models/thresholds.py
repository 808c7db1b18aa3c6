"""The grammar of k6's threshold expressions (metrics/thresholds_parser.go in k6's source)."""

import operator
from collections.abc import Callable, Mapping
from math import isfinite, isinf
from typing import NamedTuple

# In the order in which k6 looks for them.
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "===": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_AGGREGATIONS = frozenset(("value", "count", "rate", "avg", "min", "med", "max"))


class Threshold(NamedTuple):
    """A parsed expression.

    `key` names the value in a metric's summary, e.g. `avg`, `p(95)`, `count`, `rate`.
    """

    key: str
    op: str
    limit: float

    def holds(self, observed: float) -> bool:
        """Return whether `observed` satisfies the expression."""
        return _OPERATORS[self.op](observed, self.limit)

    @property
    def is_ceiling(self) -> bool:
        """Whether the observed value must stay below a finite limit."""
        return self.op[0] == "<" and isfinite(self.limit)

    def headroom(self, observed: float) -> float | None:
        """Return the share of the limit that is left, negative when crossed.

        It is None for (in)equalities, and for limits that are 0 or infinite.
        """
        if self.op[0] not in "<>" or not self.limit or not isfinite(self.limit):
            return None
        left = self.limit - observed if self.is_ceiling else observed - self.limit
        return left / abs(self.limit)


def parse(expression: str) -> Threshold | None:
    """Return the parsed expression, None if k6 would reject it."""
    op = next((op for op in _OPERATORS if op in expression), None)
    if op is None:
        return None
    aggregation, _, limit = expression.partition(op)
    try:
        return Threshold(_key(aggregation.strip()), op, _number(limit.strip()))
    except ValueError:
        return None


def headroom(expression: str, observed: float | None) -> float | None:
    """Return the share of an expression's limit that is left, None if it has none or can't be read."""
    threshold = parse(expression)
    return threshold.headroom(observed) if threshold is not None and observed is not None else None


def percentile_key(percentile: float) -> str:
    """Return the key of a percentile in k6's summary: `p(95)`, `p(99.9)`.

    Raises:
        ValueError: If it is not finite.
    """
    if not isfinite(percentile):
        raise ValueError(f"not a percentile: {percentile}")
    return f"p({int(percentile) if percentile == int(percentile) else repr(percentile)})"


def _key(aggregation: str) -> str:
    if aggregation in _AGGREGATIONS:
        return aggregation
    # k6 reads this as the smallest value.
    if aggregation == "p":
        return percentile_key(0)
    if not (aggregation.startswith("p(") and aggregation.endswith(")")):
        raise ValueError(f"not an aggregation: {aggregation}")
    # k6 itself rejects blanks inside the parentheses before any traffic. They are accepted here, so that all
    # readers of one text agree.
    return percentile_key(_number(aggregation[2:-1].strip()))


def _number(text: str) -> float:
    """Return a number as Go's strconv.ParseFloat reads it: also `+5`, `.5`, `5e2`, `1_000`, `0x1p4`, `Inf`.

    Raises:
        ValueError: If it is not such a number, or too large for one.
    """
    lower = text.lower()
    if not text.isascii() or text != text.strip() or lower in ("+nan", "-nan"):
        raise ValueError(f"not a number: {text}")
    if lower.lstrip("+-").startswith("0x"):
        return _hexadecimal(lower)
    value = float(lower)
    if isinf(value) and "inf" not in lower:
        raise ValueError(f"too large: {text}")
    return value


def _hexadecimal(text: str) -> float:
    if "p" not in text:
        raise ValueError(f"no exponent: {text}")
    try:
        return float.fromhex(text.replace("_", ""))
    except OverflowError:
        raise ValueError(f"too large: {text}") from None
