"""Web vitals as k6's browsers measured them, with Google's published limits.

Source of the limits: web.dev/articles/vitals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from k6_mcp.analysis.measure.breakdown import Rows, values_of
from k6_mcp.models.metrics import WebVital

PREFIX = "browser_web_vital_"
P75 = "p(75)"


@dataclass(frozen=True)
class _Limits:
    name: Literal["LCP", "INP", "CLS", "FCP", "TTFB", "FID"]
    good_to: float
    poor_above: float


_LIMITS = (
    _Limits("LCP", 2500.0, 4000.0),
    _Limits("INP", 200.0, 500.0),
    _Limits("CLS", 0.1, 0.25),
    _Limits("FCP", 1800.0, 3000.0),
    _Limits("TTFB", 800.0, 1800.0),
    _Limits("FID", 100.0, 300.0),
)


def web_vitals(rows: Rows) -> Iterator[WebVital]:
    """Yield each web vital whose 75th percentile is known; k6's time series alone does not have it."""
    for limits in _LIMITS:
        values = values_of(rows, f"{PREFIX}{limits.name.lower()}")
        p75, loads = values.get(P75), values.get("count")
        if p75 is None or loads == 0:
            continue
        score = limits.name == "CLS"
        yield WebVital(
            name=limits.name,
            p75_ms=None if score else p75,
            p75_score=p75 if score else None,
            rating="good"
            if p75 <= limits.good_to
            else "needs improvement"
            if p75 <= limits.poor_above
            else "poor",
            good_to=limits.good_to,
            poor_above=limits.poor_above,
            loads=round(loads) if loads is not None else None,
        )
