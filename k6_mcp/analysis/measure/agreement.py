"""Do two tellings of one run's figures agree? For a run that came in a file: what it says against what lies
beside it.
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


def disagreement(told: Metrics, read: Metrics) -> str | None:
    """Return the first figure that `told` has otherwise than `read`, which was read anew from the same k6
    summary.
    """
    return next(_differences(told, read), None)


def against_timeline(told: Metrics, timeline: Timeline) -> str | None:
    """Return the first count that a whole timeline has otherwise."""
    if not timeline.complete:
        return None
    counts = {"requests": sum(timeline.total.requests), "iterations": sum(timeline.total.iterations)}
    differing = (
        f"{name} {getattr(told.figures, name)}, over time {n}"
        for name, n in counts.items()
        if getattr(told.figures, name) != n
    )
    return next(differing, None)


def _differences(told: Metrics, read: Metrics) -> Iterator[str]:
    for name in _COUNTS:
        if (one := getattr(told.figures, name)) != (other := getattr(read.figures, name)):
            yield f"{name} {one}, in k6's summary {other}"
    first, second = told.figures.latency, read.figures.latency
    if (first is None) != (second is None) or (first and second and first.of != second.of):
        yield "latency is that of other requests than in k6's summary"
    for name in _LATENCY if first and second else ():
        if not _same(one := getattr(first, name), other := getattr(second, name)):
            yield f"{name} {one}, in k6's summary {other}"
    if (one := _thresholds(told)) != (other := _thresholds(read)):
        changed = sorted({f"{metric} {expression}" for metric, expression, _, _ in one ^ other})
        yield f"the threshold {changed[0]} is told otherwise than in k6's summary"
    if not _same(told.figures.error_rate, read.figures.error_rate):
        yield f"error_rate {told.figures.error_rate}, in k6's summary {read.figures.error_rate}"


def _thresholds(metrics: Metrics) -> set[tuple[str, str, bool, bool]]:
    return {(row.metric, row.expression, row.ok, row.has_samples) for row in metrics.thresholds}


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _CLOSE * max(1.0, abs(one), abs(other))
