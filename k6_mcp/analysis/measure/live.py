"""The figures of a running test."""

from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.metrics import LiveFigures
from k6_mcp.models.outcome import Progress
from k6_mcp.models.plan import Plan


def live_figures(record: Record, progress: Progress | None, plan: Plan | None) -> LiveFigures:
    """Return the totals so far and the last interval.

    Requests come from the record, which is up to a second behind.
    """
    interval = record.interval()
    elapsed = progress.elapsed_s if progress else record.seconds
    vus = progress.vus if progress else interval.vus if interval else None
    return LiveFigures(
        elapsed_s=elapsed,
        percent=_percent(elapsed, progress, plan),
        vus=vus or 0,
        iterations=max(progress.iterations if progress else 0, record.count("iterations")),
        requests=record.count("http_reqs"),
        requests_per_s=interval.requests_per_s if interval else None,
        p95_ms=interval.p95_ms if interval else None,
        error_rate=interval.error_rate if interval else None,
    )


def _percent(elapsed_s: float, progress: Progress | None, plan: Plan | None) -> float | None:
    """Return k6's own percentage, or that of the planned time; None if the plan has no fixed time."""
    if progress is not None and progress.percent is not None:
        return min(max(progress.percent, 0.0), 100.0)
    if plan is None or not plan.duration_s or any(s.iterations is not None for s in plan.scenarios):
        return None
    return min(elapsed_s / plan.duration_s * 100, 100.0)
