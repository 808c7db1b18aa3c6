"""Is it better or worse than before? Errors and delivered load are judged first: fast failures are not an
improvement.
"""

from collections.abc import Iterator, Sequence

from k6_mcp.analysis.compare.changes import Estimate, Sides, estimate, judged, tail
from k6_mcp.analysis.compare.cpu_waiting import told
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

# Of an open model's rate: more apart, latencies are those of different loads
_LOAD_APART = 0.10
_LATENCY = frozenset(measure.name for measure in LATENCIES)
_WRONG = (ERROR_RATE.name, FAILED_CHECKS.name)
_DELIVERED = (RATE.name, ITERATIONS.name)


def compare(baseline: Sequence[Side], candidate: Sequence[Side], history: Sequence[Run] = ()) -> Comparison:
    """Hold the runs of two sides against each other; `history` are earlier runs of the same test, oldest
    first.

    Where nothing changed, the chance that any figure is called changed is 5 % at most (see `levels`). Nothing
    is drawn at random.
    """
    sides, notes = _usable(Sides(baseline, candidate, history))
    found = _differences(sides)
    if blocking(found):
        return _comparison(sides, "not_comparable", (), found, notes)
    metrics = tuple(_guarded(_metrics(sides), sides.is_open))
    if apart := _loads_apart(sides, metrics):
        found = (apart, *found)
        metrics = tuple(_refused(metric, "the two sides were under different loads") for metric in metrics)
    return _comparison(sides, _overall(metrics), metrics, found, (*notes, *_notes(sides)))


def _comparison(
    sides: Sides,
    change: Change,
    metrics: tuple[MetricChange, ...],
    found: tuple[Difference, ...],
    notes: tuple[str, ...],
) -> Comparison:
    return Comparison(
        baseline=tuple(side.run.run_id for side in sides.baseline),
        candidate=tuple(side.run.run_id for side in sides.candidate),
        change=change,
        sentence=sentence(change, metrics, found, len(sides.baseline), len(sides.candidate)),
        metrics=metrics,
        differences=found,
        notes=(*_imported(sides), *notes),
    )


def _imported(sides: Sides) -> Iterator[str]:
    """Which runs came in files, and what was found about them."""
    for side in (*sides.baseline, *sides.candidate):
        for notice in side.run.warnings:
            if notice.code in (IMPORTED, CONTRADICTED):
                yield f"{notice.code}: {side.run.run_id}: {notice.message}"


def _usable(sides: Sides) -> tuple[Sides, tuple[str, ...]]:
    """Leave out the runs that stand for no whole test, unless nothing else is left of their side."""
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
    found: list[Difference] = []
    reasons = [unusable(part[0].run) for part in (sides.baseline, sides.candidate)]
    if any(reasons):
        before, after = (reason or "usable" for reason in reasons)
        found.append(Difference(what="status", baseline=before, candidate=after, blocking=True))
    for side in (*sides.candidate, *sides.baseline[1:]):
        found += [
            item for item in differences(first, side.run) if item.what not in {known.what for known in found}
        ]
    return tuple(found)


def _metrics(sides: Sides) -> list[MetricChange]:
    runs = [side.run for side in (*sides.baseline, *sides.candidate)]
    http = any(figures_of(run).requests for run in runs)
    wanted: list[Measure | Share] = [ERROR_RATE] if http else []
    if any(figures_of(run).checks_passed + figures_of(run).checks_failed for run in runs):
        wanted.append(FAILED_CHECKS)
    wanted += [RATE, *LATENCIES] if http else [ITERATIONS]
    found = [estimate(measure, sides) for measure in wanted]
    tested = levels({item.measure.name: tail(item) for item in found if isinstance(item, Estimate)})
    return [judged(item, tested[item.measure.name]) if isinstance(item, Estimate) else item for item in found]


def _guarded(metrics: Sequence[MetricChange], is_open: bool) -> Iterator[MetricChange]:
    """Withdraw a change of latency that errors or missing load explain: answers that fail are often the fast
    ones.
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
            yield _withdrawn(metric, f"the baseline's latency was flattered: {why}")
        else:
            yield metric


def _withdrawn(metric: MetricChange, reason: str) -> MetricChange:
    return metric.changed(change="not_comparable", reason=reason)


def _refused(metric: MetricChange, reason: str) -> MetricChange:
    return _withdrawn(metric, reason) if metric.metric in _LATENCY else metric


def _loads_apart(sides: Sides, metrics: Sequence[MetricChange]) -> Difference | None:
    """The difference between achieved loads that were asked for alike; a closed model's rate is no condition
    but a result.
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
            f"one run a side: noise between runs is not measured{floor}; execute_k6_test with repeat=3 shows"
            " smaller changes"
        )
    if sides.held_up:
        yield (
            f"{told(sides.baseline, sides.candidate)}, so latency is less sure: other work held it up;"
            " compare runs of a machine left alone"
        )
    if any(
        side.run.metrics is not None and side.run.metrics.browser is not None
        for side in (*sides.baseline, *sides.candidate)
    ):
        yield "requests of browsers and web vitals are not compared: the answers of the runs have both"
    if any(side.timeline is None for side in (*sides.baseline, *sides.candidate)):
        yield "a run has no timeline: noise inside it is estimated from its summary"
