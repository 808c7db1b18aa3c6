"""How far a threshold is from being crossed."""

import re

# k6's grammar of a threshold: aggregation, operator, number (internal/…/thresholds_parser.go)
_EXPRESSION = re.compile(r"\s*[a-z]+(?:\([0-9.]+\))?\s*(<=|>=|<|>|={2,3}|!=)\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\Z")


def limit_of(expression: str) -> float | None:
    """Return the number that a threshold compares with, None if it cannot be read."""
    match = _EXPRESSION.match(expression)
    return float(match[2]) if match else None


def headroom(expression: str, observed: float | None) -> float | None:
    """Return the share of the limit that is left, negative when crossed; None for (in)equalities and limits
    of 0.
    """
    match = _EXPRESSION.match(expression)
    if match is None or observed is None or not (limit := float(match[2])) or match[1][0] not in "<>":
        return None
    left = limit - observed if match[1].startswith("<") else observed - limit
    return left / abs(limit)
