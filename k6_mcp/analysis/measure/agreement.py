"""Compares two sources of one run's figures.

For an imported run, its stored figures are checked against the files that came with it.
"""

from collections.abc import Iterator

from k6_mcp.models.metrics import Metrics
from k6_mcp.models.timeline import Timeline

_COUNTS = (
    "requests",
    "failed_requests",
    "iterations",
    "iterations_dropped",
    "checks_passed",
    "checks_failed",
    "data_received_bytes",
)
_LATENCY = ("avg_ms", "min_ms", "med_ms", "max_ms", "p90_ms", "p95_ms", "p99_ms")
_CLOSE = 1e-6


def disagreement(stored: Metrics, read: Metrics) -> str | None:
    """Return the first figure of `stored` that differs from `read`, None if all agree.

    `read` was read again from the same k6 summary.
    """
    return next(_differences(stored, read), None)


def against_timeline(stored: Metrics, timeline: Timeline) -> str | None:
    """Return the first count that differs from a whole timeline, None if all agree."""
    if not timeline.complete:
        return None
    counts = {"requests": sum(timeline.total.requests), "iterations": sum(timeline.total.iterations)}
    differing = (
        f"{name} is {getattr(stored.figures, name)}, but {n} over time"
        for name, n in counts.items()
        if getattr(stored.figures, name) != n
    )
    return next(differing, None)


def _differences(stored: Metrics, read: Metrics) -> Iterator[str]:
    for name in _COUNTS:
        if (own := getattr(stored.figures, name)) != (k6s := getattr(read.figures, name)):
            yield f"{name} is {own}, but {k6s} in k6's summary"
    first, second = stored.figures.latency, read.figures.latency
    if (first is None) != (second is None) or (first and second and first.of != second.of):
        yield "latency covers other requests than in k6's summary"
    for name in _LATENCY if first and second else ():
        if not _same(own := getattr(first, name), k6s := getattr(second, name)):
            yield f"{name} is {own}, but {k6s} in k6's summary"
    if (own := _thresholds(stored)) != (k6s := _thresholds(read)):
        changed = sorted({f"{metric} {expression}" for metric, expression, _, _ in own ^ k6s})
        yield f"the threshold {changed[0]} differs from k6's summary"
    if not _same(stored.figures.error_rate, read.figures.error_rate):
        yield f"error_rate is {stored.figures.error_rate}, but {read.figures.error_rate} in k6's summary"


def _thresholds(metrics: Metrics) -> set[tuple[str, str, bool, bool]]:
    return {(row.metric, row.expression, row.ok, row.has_samples) for row in metrics.thresholds}


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return abs(first - second) <= _CLOSE * max(1.0, abs(first), abs(second))
