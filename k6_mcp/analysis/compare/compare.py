"""Is it better or worse than before?

Errors and delivered load are judged first, because fast failures are not an improvement.
"""

from collections.abc import Iterator, Sequence

from k6_mcp.analysis.compare.changes import Estimate, Sides, estimate, judged, tail
from k6_mcp.analysis.compare.cpu_waiting import described
from k6_mcp.analysis.compare.differences import blocking, differences
from k6_mcp.analysis.compare.measures import (
    ERROR_RATE,
    FAILED_CHECKS,
    ITERATIONS,
    LATENCIES,
    RATE,
    Measure,
    Share,
    figures_of,
)
from k6_mcp.analysis.compare.noise import ENOUGH_HISTORY
from k6_mcp.analysis.compare.sentence import sentence
from k6_mcp.analysis.compare.side import Side, unusable
from k6_mcp.analysis.compare.significance import levels
from k6_mcp.models.archive import CONTRADICTED, IMPORTED
from k6_mcp.models.comparison import Change, Comparison, Difference, MetricChange
from k6_mcp.models.run import Run
from k6_mcp.models.wording import number, percent

# Share of an open model's rate. If the rates differ by more, latencies were measured under different loads.
_LOAD_APART = 0.10
_LATENCY = frozenset(measure.name for measure in LATENCIES)
_WRONG = (ERROR_RATE.name, FAILED_CHECKS.name)
_DELIVERED = (RATE.name, ITERATIONS.name)


def compare(baseline: Sequence[Side], candidate: Sequence[Side], history: Sequence[Run] = ()) -> Comparison:
    """Compare the runs of two sides; `history` are earlier runs of the same test, oldest first.

    If nothing changed, the chance that any figure is reported as changed is at most 5 % (see `levels`). The
    result is deterministic: nothing is drawn at random.
    """
    sides, notes = _usable(Sides(baseline, candidate, history))
    differing = _differences(sides)
    if blocking(differing):
        return _comparison(sides, "not_comparable", (), differing, notes)
    metrics = tuple(_guarded(_metrics(sides), sides.is_open))
    if apart := _loads_apart(sides, metrics):
        differing = (apart, *differing)
        metrics = tuple(_refused(metric, "the two sides were under different loads") for metric in metrics)
    return _comparison(sides, _overall(metrics), metrics, differing, (*notes, *_notes(sides)))


def _comparison(
    sides: Sides,
    change: Change,
    metrics: tuple[MetricChange, ...],
    differing: tuple[Difference, ...],
    notes: tuple[str, ...],
) -> Comparison:
    return Comparison(
        baseline=tuple(side.run.run_id for side in sides.baseline),
        candidate=tuple(side.run.run_id for side in sides.candidate),
        change=change,
        sentence=sentence(change, metrics, differing, len(sides.baseline), len(sides.candidate)),
        metrics=metrics,
        differences=differing,
        notes=(*_imported(sides), *notes),
    )


def _imported(sides: Sides) -> Iterator[str]:
    """Yield which runs were imported from files, and what was found about them."""
    for side in (*sides.baseline, *sides.candidate):
        for notice in side.run.warnings:
            if notice.code in (IMPORTED, CONTRADICTED):
                yield f"{notice.code}: {side.run.run_id}: {notice.message}"


def _usable(sides: Sides) -> tuple[Sides, tuple[str, ...]]:
    """Leave out the runs that do not represent a whole test, unless a side has no other runs."""
    notes: list[str] = []
    kept: list[Sequence[Side]] = []
    for part in (sides.baseline, sides.candidate):
        good = [side for side in part if unusable(side.run) is None]
        notes += [
            f"{side.run.run_id} is left out: {unusable(side.run)}"
            for side in part
            if good and side not in good
        ]
        kept.append(good or part)
    return Sides(kept[0], kept[1], sides.history), tuple(notes)


def _differences(sides: Sides) -> tuple[Difference, ...]:
    first = sides.baseline[0].run
    differing: list[Difference] = []
    reasons = [unusable(part[0].run) for part in (sides.baseline, sides.candidate)]
    if any(reasons):
        before, after = (reason or "usable" for reason in reasons)
        differing.append(Difference(what="status", baseline=before, candidate=after, blocking=True))
    for side in (*sides.candidate, *sides.baseline[1:]):
        known = {item.what for item in differing}
        differing += [item for item in differences(first, side.run) if item.what not in known]
    return tuple(differing)


def _metrics(sides: Sides) -> list[MetricChange]:
    runs = [side.run for side in (*sides.baseline, *sides.candidate)]
    http = any(figures_of(run).requests for run in runs)
    measures: list[Measure | Share] = [ERROR_RATE] if http else []
    if any(figures_of(run).checks_passed + figures_of(run).checks_failed for run in runs):
        measures.append(FAILED_CHECKS)
    measures += [RATE, *LATENCIES] if http else [ITERATIONS]
    results = [estimate(measure, sides) for measure in measures]
    alphas = levels({item.measure.name: tail(item) for item in results if isinstance(item, Estimate)})
    return [
        judged(item, alphas[item.measure.name]) if isinstance(item, Estimate) else item for item in results
    ]


def _guarded(metrics: Sequence[MetricChange], is_open: bool) -> Iterator[MetricChange]:
    """Withdraw a change of latency that errors or missing load explain.

    Failed answers are often the fast ones.
    """
    changed = {metric.metric: metric.change for metric in metrics}
    fails_more = any(changed.get(name) == "regressed" for name in _WRONG)
    failed_more = any(changed.get(name) == "improved" for name in _WRONG)
    does_less = any(changed.get(name) == "regressed" for name in _DELIVERED)
    did_less = is_open and any(changed.get(name) == "improved" for name in _DELIVERED)
    for metric in metrics:
        if metric.metric not in _LATENCY:
            yield metric
        elif metric.change == "improved" and (fails_more or does_less):
            why = (
                "more requests fail, and fast failures are not an improvement"
                if fails_more
                else "less load was delivered"
            )
            yield _withdrawn(metric, f"lower latency is not an improvement here: {why}")
        elif metric.change == "regressed" and (failed_more or did_less):
            why = (
                "more requests failed in the baseline" if failed_more else "the baseline delivered less load"
            )
            yield _withdrawn(metric, f"the baseline's latency looked better than it was: {why}")
        else:
            yield metric


def _withdrawn(metric: MetricChange, reason: str) -> MetricChange:
    return metric.changed(change="not_comparable", reason=reason)


def _refused(metric: MetricChange, reason: str) -> MetricChange:
    return _withdrawn(metric, reason) if metric.metric in _LATENCY else metric


def _loads_apart(sides: Sides, metrics: Sequence[MetricChange]) -> Difference | None:
    """Return the difference between achieved loads that were planned alike, None if there is none.

    The rate of a closed model is a result, not a condition, so it is not checked.
    """
    rate = next((metric for metric in metrics if metric.metric in _DELIVERED), None)
    if (
        not sides.is_open
        or rate is None
        or rate.change == "no_evidence"
        or abs(rate.effect or 0.0) <= _LOAD_APART
    ):
        return None
    before, after = (f"{number(value or 0.0, 3)}/s" for value in (rate.baseline, rate.candidate))
    return Difference(what="achieved load", baseline=before, candidate=after, blocking=True)


def _overall(metrics: Sequence[MetricChange]) -> Change:
    changes = [metric.change for metric in metrics]
    for change in ("regressed", "improved", "no_evidence"):
        if change in changes:
            return change
    return "not_comparable"


def _notes(sides: Sides) -> Iterator[str]:
    if len(sides.baseline) + len(sides.candidate) == 2:
        floor = (
            ""
            if len(sides.history) >= ENOUGH_HISTORY
            else f" (assumed: {percent(LATENCIES[0].run_to_run)} of a latency)"
        )
        yield (
            f"one run per side: noise between runs is not measured{floor}; execute_k6_test with repeat=3"
            " shows smaller changes"
        )
    if sides.held_up:
        yield (
            f"{described(sides.baseline, sides.candidate)}, so latency is less certain: other work on the"
            " machine held k6 up; compare runs from an otherwise idle machine"
        )
    if any(
        side.run.metrics is not None and side.run.metrics.browser is not None
        for side in (*sides.baseline, *sides.candidate)
    ):
        yield "browser requests and web vitals are not compared; the answers of the runs have both"
    if any(side.timeline is None for side in (*sides.baseline, *sides.candidate)):
        yield "a run has no timeline, so noise within it is estimated from its summary"
