"""One run of a side of a comparison, and whether its figures may be compared at all."""

from dataclasses import dataclass

from k6_mcp.models.comparison import STILL
from k6_mcp.models.duration import format_duration
from k6_mcp.models.failures import FAILURES
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.timeline import Timeline
from k6_mcp.models.wording import cut

# Of the planned time under load
_WHOLE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Side:
    """A run with its timeline; several repeats of one test make up a side."""

    run: Run
    timeline: Timeline | None = None


def unusable(run: Run) -> str | None:
    """Return why the figures of `run` stand for no whole test, None when they do."""
    if run.status not in FINAL:
        return f"{STILL} {run.status}"
    if run.status == "cancelled":
        return "it was stopped before its end"
    if run.status == "lost":
        return "its server died before its end"
    if run.failure and (why := FAILURES[run.failure.kind].unusable):
        return f"{why} ({run.failure.kind})"
    if run.metrics is None or run.metrics.source == "none":
        return "nothing was measured"
    return _ended_early(run)


def no_baseline(run: Run) -> str | None:
    """Return why `run` is nothing to hold later runs against, None when it is."""
    if run.failure and (why := FAILURES[run.failure.kind].no_baseline):
        return f"{why} ({run.failure.kind})"
    return unusable(run)


def no_example(run: Run) -> str | None:
    """Return why `run` does not tell how much an unchanged test varies, None when it does."""
    if run.failure and (why := FAILURES[run.failure.kind].no_example):
        return f"{why} ({run.failure.kind})"
    return no_baseline(run)


def _ended_early(run: Run) -> str | None:
    plan, metrics = run.plan, run.metrics
    if plan is None or metrics is None or any(scenario.iterations is not None for scenario in plan.scenarios):
        return None
    load_s = metrics.figures.load_s
    if load_s >= _WHOLE_SHARE * plan.duration_s:
        return None
    why = f": {cut(run.failure.message, 100)}" if run.failure else ""
    return (
        f"its load ended after {format_duration(round(load_s, 1))} of {format_duration(plan.duration_s)}{why}"
    )
