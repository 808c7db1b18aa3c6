"""One figure on both sides: its change, how much of that could be chance, and the conclusion."""

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

# The clock of a busy machine can add this much to any latency
_LEAST_MS = 0.5
_UNSEEN = "no intervals"
# A difference has the noise of two values
_SQRT2 = math.sqrt(2)
# The noise of a count follows from the count itself
_COUNTED_DF = 60.0


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: the runs of both sides, and earlier runs of the same test, oldest first."""

    baseline: Sequence[Side]
    candidate: Sequence[Side]
    history: Sequence[Run] = ()

    @property
    def spread_is_known(self) -> bool:
        """Whether repeats or earlier runs show how much the test varies from run to run."""
        return len(self.baseline) + len(self.candidate) > 2 or len(self.history) >= ENOUGH_HISTORY

    @property
    def is_open(self) -> bool:
        """Whether the plan sets a rate, so that the rate isn't a result."""
        plan = self.baseline[0].run.plan
        return (
            plan is not None
            and bool(plan.scenarios)
            and all("arrival-rate" in item.executor for item in plan.scenarios)
        )

    @property
    def held_up(self) -> bool:
        """Whether other work on the machine held k6 up so much that latencies are less certain."""
        return cpu_waiting.matters(self.baseline, self.candidate)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The difference `effect` (of logarithms, or of shares) with its noise.

    `held_up` is true if the noise includes other work on the machine.
    """

    measure: Measure | Share
    baseline: float
    candidate: float
    effect: float
    noise: Noise
    held_up: bool = False


def estimate(measure: Measure | Share, sides: Sides) -> Estimate | MetricChange:
    """Return the estimate of one figure's change, or the row that says why there is none."""
    return _of_share(measure, sides) if isinstance(measure, Share) else _of_measure(measure, sides)


def tail(estimated: Estimate) -> float:
    """Return how likely chance alone makes a difference this large, in either direction (a P value)."""
    if not estimated.noise.error:
        return 0.0 if estimated.effect else 1.0
    return two_sided_tail(abs(estimated.effect) / estimated.noise.error, estimated.noise.df)


def judged(estimated: Estimate, alpha: float) -> MetricChange:
    """Return the row of a figure, with its interval at level 1 - `alpha`.

    A change is evident if 0 is outside the interval and the change matters.
    """
    reach = t_quantile(alpha, estimated.noise.df) * estimated.noise.error
    low, high = estimated.effect - reach, estimated.effect + reach
    absolute = isinstance(estimated.measure, Share)
    effect, low, high = (
        (value if absolute else math.expm1(min(value, 50.0)))
        for value in (estimated.effect, max(low, -50.0), min(high, 50.0))
    )
    if absolute:
        effect, low, high = estimated.candidate - estimated.baseline, max(low, -1.0), min(high, 1.0)
    change = _change(estimated, effect, low, high)
    return MetricChange(
        metric=estimated.measure.name,
        unit="share" if isinstance(estimated.measure, Share) else estimated.measure.unit,
        change=change,
        baseline=_short(estimated.baseline),
        candidate=_short(estimated.candidate),
        effect=_short(effect),
        effect_low=_short(low),
        effect_high=_short(high),
        method=estimated.noise.method,
        reason=None if change != "no_evidence" else _why_not(estimated, effect, low, high),
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
            measure, "a run is too short to show how steady its rate is: run it longer, or with repeat=3"
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
    """Return the noise inside the runs, its lower bound, and where it comes from."""
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
        return _nothing(share, "a run has no such events")
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
    """Return the noise of failures that come in bursts, if the batches show it.

    Such failures vary more than independent ones.
    """
    if not differences:
        return counted
    seen = Part(intervals.variance_of_mean(differences), len(differences) - 1)
    return seen if contradicts(seen, counted.variance) else counted


def _change(estimated: Estimate, effect: float, low: float, high: float) -> Change:
    if low <= 0 <= high or abs(effect) < estimated.measure.margin:
        return "no_evidence"
    measure = estimated.measure
    if (
        isinstance(measure, Measure)
        and measure.unit == "ms"
        and abs(estimated.candidate - estimated.baseline) < _LEAST_MS
    ):
        return "no_evidence"
    worse = isinstance(measure, Share) or measure.higher_is_worse
    return "regressed" if (effect > 0) == worse else "improved"


def _why_not(estimated: Estimate, effect: float, low: float, high: float) -> str:
    measure = estimated.measure
    if not low <= 0 <= high:
        return (
            "too small to matter (below"
            f" {percent(measure.margin)}{'' if isinstance(measure, Measure) else ' of all'})"
        )
    if max(abs(low), abs(high)) <= 2 * measure.margin:
        return "the same within narrow bounds"
    return "could be other work on the machine" if estimated.held_up else "could be chance alone"


def _nothing(measure: Measure | Share, reason: str) -> MetricChange:
    unit = "share" if isinstance(measure, Share) else measure.unit
    return MetricChange(metric=measure.name, unit=unit, change="not_comparable", reason=reason)


def _short(value: float) -> float:
    """Return the value with five significant digits."""
    return float(f"{value:.5g}")
