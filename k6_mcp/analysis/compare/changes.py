"""One figure on both sides: its change, how far that may be chance, and what may be said of it."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from k6_mcp.analysis.compare import cpu_waiting, intervals, sampling
from k6_mcp.analysis.compare.measures import Measure, Share, figures_of
from k6_mcp.analysis.compare.noise import ENOUGH_HISTORY, Noise, Part, combined, contradicts
from k6_mcp.analysis.compare.side import Side
from k6_mcp.analysis.numbers.student import t_quantile, two_sided_tail
from k6_mcp.models.comparison import Change, MetricChange
from k6_mcp.models.run import Run
from k6_mcp.models.wording import percent

# What the clock of a busy machine adds to any latency
_LEAST_MS = 0.5
_UNSEEN = "no intervals"
# A difference has the noise of two
_SQRT2 = math.sqrt(2)
# A count knows its own noise
_COUNTED_DF = 60.0


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: the runs of both sides, and earlier runs of the same test, oldest first."""

    baseline: Sequence[Side]
    candidate: Sequence[Side]
    history: Sequence[Run] = ()

    @property
    def spread_is_known(self) -> bool:
        """Whether repeats or earlier runs tell how much the test varies from run to run."""
        return len(self.baseline) + len(self.candidate) > 2 or len(self.history) >= ENOUGH_HISTORY

    @property
    def is_open(self) -> bool:
        """Whether the plan asks for a rate, so that the rate is no result."""
        plan = self.baseline[0].run.plan
        return (
            plan is not None
            and bool(plan.scenarios)
            and all("arrival-rate" in item.executor for item in plan.scenarios)
        )

    @property
    def held_up(self) -> bool:
        """Whether other work on the machine held k6 up so far that latencies are less sure."""
        return cpu_waiting.matters(self.baseline, self.candidate)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The difference `effect` (of logarithms, or of shares) with its noise; `held_up` where that is other
    work on the machine, too.
    """

    measure: Measure | Share
    baseline: float
    candidate: float
    effect: float
    noise: Noise
    held_up: bool = False


def estimate(measure: Measure | Share, sides: Sides) -> Estimate | MetricChange:
    """Return what the two sides say about one figure, or the row that says why they say nothing."""
    return _of_share(measure, sides) if isinstance(measure, Share) else _of_measure(measure, sides)


def tail(found: Estimate) -> float:
    """Return how likely chance alone makes a difference as large as this, in either direction (a P value)."""
    if not found.noise.error:
        return 0.0 if found.effect else 1.0
    return two_sided_tail(abs(found.effect) / found.noise.error, found.noise.df)


def judged(found: Estimate, alpha: float) -> MetricChange:
    """Return the row of a figure whose interval is at level 1 - `alpha`; it is evident when 0 is outside and
    it matters.
    """
    reach = t_quantile(alpha, found.noise.df) * found.noise.error
    low, high = found.effect - reach, found.effect + reach
    absolute = isinstance(found.measure, Share)
    effect, low, high = (
        (value if absolute else math.expm1(min(value, 50.0)))
        for value in (found.effect, max(low, -50.0), min(high, 50.0))
    )
    if absolute:
        effect, low, high = found.candidate - found.baseline, max(low, -1.0), min(high, 1.0)
    change = _change(found, effect, low, high)
    return MetricChange(
        metric=found.measure.name,
        unit="share" if isinstance(found.measure, Share) else found.measure.unit,
        change=change,
        baseline=_short(found.baseline),
        candidate=_short(found.candidate),
        effect=_short(effect),
        effect_low=_short(low),
        effect_high=_short(high),
        method=found.noise.method,
        reason=None if change != "no_evidence" else _why_not(found, effect, low, high),
    )


def _of_measure(measure: Measure, sides: Sides) -> Estimate | MetricChange:
    values = [
        [measure.of(figures_of(side.run)) for side in part] for part in (sides.baseline, sides.candidate)
    ]
    fewest = min(figures_of(side.run).requests for side in (*sides.baseline, *sides.candidate))
    first, second = ([math.log(value) for value in part if value is not None] for part in values)
    if len(first) < len(sides.baseline) or len(second) < len(sides.candidate):
        return _nothing(measure, "a run has no such figure")
    if measure.unit == "ms" and fewest < measure.needs:
        return _nothing(measure, f"a run has {fewest} requests, {measure.needs} are needed")
    within, lowest, seen = _within(measure, sides)
    if measure.unit == "per_s" and seen == _UNSEEN and not sides.is_open and not sides.spread_is_known:
        return _nothing(
            measure, "a run is too short to tell how steady its rate is: run it longer, or with repeat=3"
        )
    history = [
        math.log(value) for run in sides.history if run.metrics and (value := measure.of(figures_of(run)))
    ]
    assumed = f"{percent(measure.run_to_run)} between runs assumed"
    held_up = sides.held_up and (measure.unit == "ms" or not sides.is_open)
    waited = measure.held_up * cpu_waiting.deviation(sides.baseline, sides.candidate) if held_up else 0.0
    noise = combined(
        first,
        second,
        within,
        lowest=lowest,
        run_to_run=measure.run_to_run,
        time_to_time=math.hypot(waited, _SQRT2 * measure.time_to_time),
        history=history,
        seen=f"{seen}, waits for a CPU" if held_up else seen,
        assumed=assumed,
    )
    before, after = statistics.fmean(first), statistics.fmean(second)
    return Estimate(measure, math.exp(before), math.exp(after), after - before, noise, held_up)


def _within(measure: Measure, sides: Sides) -> tuple[Part, float, str]:
    """Noise inside the runs, what it is at least, and what told it."""
    if measure.column is None:
        read = intervals.rates("requests" if measure.name == "requests_per_s" else "iterations")
        differences = intervals.batch_differences(sides.baseline, sides.candidate, read)
        mean = statistics.fmean([measure.of(figures_of(side.run)) or 1.0 for side in sides.baseline])
        one_more = sum(
            sampling.of_one_more([side.run for side in part]) for part in (sides.baseline, sides.candidate)
        )
        if not differences:
            return Part(one_more, sampling.SAMPLING_DF), one_more, _UNSEEN
        return (
            Part(intervals.variance_of_mean(differences) / mean**2, len(differences) - 1),
            one_more,
            "intervals",
        )
    runs = [[side.run for side in part] for part in (sides.baseline, sides.candidate)]
    alone = sum(sampling.of_latency(measure, part) for part in runs)
    differences = intervals.batch_differences(
        sides.baseline, sides.candidate, intervals.latencies(measure.column)
    )
    outer = (measure.quantile or 0) >= 0.95
    if not differences:
        return Part(alone, sampling.SAMPLING_DF), alone, "summaries"
    seen = Part(intervals.variance_of_mean(differences), len(differences) - 1)
    if outer and alone > seen.variance:
        return Part(alone, sampling.SAMPLING_DF), alone, "intervals"
    return seen, alone if outer else 0.0, "intervals"


def _of_share(share: Share, sides: Sides) -> Estimate | MetricChange:
    counts = [[share.of(figures_of(side.run)) for side in part] for part in (sides.baseline, sides.candidate)]
    if any(not of for part in counts for _, of in part):
        return _nothing(share, "a run counted none")
    (wrong1, of1), (wrong2, of2) = ((sum(w for w, _ in part), sum(n for _, n in part)) for part in counts)
    (before, variance1), (after, variance2) = sampling.of_share(wrong1, of1), sampling.of_share(wrong2, of2)
    counted = variance1 + variance2
    differences = (
        intervals.batch_differences(sides.baseline, sides.candidate, intervals.failures)
        if share.by_interval
        else []
    )
    within = _with_bursts(Part(counted, _COUNTED_DF), differences)
    level = (wrong1 + wrong2) / (of1 + of2)
    first, second = ([wrong / of for wrong, of in part] for part in counts)
    noise = combined(
        first,
        second,
        within,
        lowest=max(counted, within.variance),
        run_to_run=share.run_to_run * level,
        time_to_time=0.0,
        history=(),
        seen="counts",
        assumed=f"{percent(share.run_to_run)} of the share between runs assumed",
    )
    return Estimate(share, wrong1 / of1, wrong2 / of2, after - before, noise)


def _with_bursts(counted: Part, differences: Sequence[float]) -> Part:
    """Failures that come in bursts vary more than independent ones; believed when the batches show it."""
    if not differences:
        return counted
    seen = Part(intervals.variance_of_mean(differences), len(differences) - 1)
    return seen if contradicts(seen, counted.variance) else counted


def _change(found: Estimate, effect: float, low: float, high: float) -> Change:
    if low <= 0 <= high or abs(effect) < found.measure.margin:
        return "no_evidence"
    measure = found.measure
    if (
        isinstance(measure, Measure)
        and measure.unit == "ms"
        and abs(found.candidate - found.baseline) < _LEAST_MS
    ):
        return "no_evidence"
    worse = isinstance(measure, Share) or measure.higher_is_worse
    return "regressed" if (effect > 0) == worse else "improved"


def _why_not(found: Estimate, effect: float, low: float, high: float) -> str:
    measure = found.measure
    if not low <= 0 <= high:
        return (
            "too small to matter (below"
            f" {percent(measure.margin)}{'' if isinstance(measure, Measure) else ' of all'})"
        )
    if max(abs(low), abs(high)) <= 2 * measure.margin:
        return "the same within narrow bounds"
    return (
        "within what other work on the machine may do" if found.held_up else "within what chance alone may do"
    )


def _nothing(measure: Measure | Share, reason: str) -> MetricChange:
    unit = "share" if isinstance(measure, Share) else measure.unit
    return MetricChange(metric=measure.name, unit=unit, change="not_comparable", reason=reason)


def _short(value: float) -> float:
    """Five significant digits."""
    return float(f"{value:.5g}")
