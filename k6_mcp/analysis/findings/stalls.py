"""Rules about stalls: regular ones, and those that a closed model hides."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from k6_mcp.analysis.findings.case import Case, Interval
from k6_mcp.analysis.findings.distribution import Histogram
from k6_mcp.analysis.numbers.confidence import above, unlike_chance
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import number

# Times the usual maximum latency
_SPIKE_TIMES = 4.0
# And at least this much longer
_SPIKE_MS = 100.0
# More levels at which to look for spikes, as shares of the highest one
_OF_HIGHEST = (0.3, 0.5)
_FEWEST_SPIKES = 4
# In intervals; a shorter period cannot be distinguished from noise
_SHORTEST_PERIOD = 3
# Share of the period, at least one interval
_TOLERANCE = 0.15
_CHANCE = 0.05
_HALF_SURE_AT = 5
_OMITTED_TIMES = 2.0
# Smaller omissions do not matter to anybody
_OMITTED_MS = 100.0
_HIDDEN_SHARE = (0.95, 0.99)
# Share of the usual requests. If fewer are missing in a stall, most VUs were answered during it.
_LOST = 0.5


@dataclass(frozen=True)
class _Regular:
    """Spikes at regular intervals, and the probability that this is chance."""

    spikes: list[Interval]
    period_s: float
    by_chance: float


def periodic_stalls(case: Case) -> Iterator[Finding]:
    """Find latency spikes at regular times."""
    known = [interval for interval in case.intervals if interval.max_ms is not None]
    if len(known) < _FEWEST_SPIKES * _SHORTEST_PERIOD:
        return
    usual_ms = median(interval.max_ms or 0.0 for interval in known)
    spike_ms = max(_SPIKE_TIMES * usual_ms, usual_ms + _SPIKE_MS)
    highest_ms = max(interval.max_ms or 0.0 for interval in known)
    if highest_ms < spike_ms:
        return
    levels = [spike_ms, *(share * highest_ms for share in _OF_HIGHEST if share * highest_ms > spike_ms)]
    # Smaller spikes in between can have another cause, so higher levels are tried as well
    candidates = (_regular(known, level, len(levels)) for level in levels)
    if (regular := next(filter(None, candidates), None)) is None:
        return
    spikes, period_s = regular.spikes, regular.period_s
    height_ms = median(spike.max_ms or 0.0 for spike in spikes)
    yield Finding(
        id="periodic_stalls",
        severity="warning",
        confidence=unlike_chance(regular.by_chance),
        message=(
            f"every {number(period_s, 2)} s latency jumps to about {number(height_ms, 3)} ms ({len(spikes)}"
            f" times; the usual maximum of an interval is {number(usual_ms, 2)} ms)"
        ),
        evidence=(
            Evidence(metric="period_s", observed=period_s, from_s=spikes[0].from_s, to_s=spikes[-1].to_s),
            Evidence(metric="http_req_duration", observed=height_ms, limit=spike_ms, note="maximum"),
        ),
        recommendation=(
            "look for what the target does at that interval (garbage collection, checkpoints, cron, cache"
            " expiry); repeat execute_k6_test with another rate_per_s: if the period stays, it is a timer's"
        ),
    )


def _regular(intervals: Sequence[Interval], level_ms: float, tries: int) -> _Regular | None:
    """Return the spikes of at least `level_ms` if their regularity is beyond chance.

    `tries` is the number of levels that are tried, which makes a chance hit more likely.
    """
    spikes = _onsets(intervals, level_ms)
    if len(spikes) < _FEWEST_SPIKES:
        return None
    gaps = [after.to_s - before.to_s for before, after in pairwise(spikes)]
    interval_s = median(interval.seconds for interval in intervals)
    if median(gaps) < _SHORTEST_PERIOD * interval_s:
        return None
    period_s = (spikes[-1].to_s - spikes[0].to_s) / len(gaps)
    # Intervals end a few ms early or late
    tolerance_s = max(interval_s, _TOLERANCE * period_s) * 1.05
    by_chance = tries * _probability(period_s / interval_s, tolerance_s / interval_s) ** len(gaps)
    if by_chance > _CHANCE or any(abs(gap - period_s) > tolerance_s for gap in gaps):
        return None
    return _Regular(spikes, period_s, by_chance)


def _onsets(intervals: Sequence[Interval], from_ms: float) -> list[Interval]:
    """Return the first interval of each spike."""
    high = [(interval.max_ms or 0.0) >= from_ms for interval in intervals]
    return [interval for i, interval in enumerate(intervals) if high[i] and not (i and high[i - 1])]


def _probability(period: float, tolerance: float) -> float:
    """Return the probability that the next spike comes within the tolerance by chance.

    Spikes are then random, once per period on average.
    """
    stay = 1 - 1 / max(period, 1.0)
    shortest = max(1, round(period - tolerance))
    return stay ** (shortest - 1) - stay ** round(period + tolerance)


def coordinated_omission(case: Case) -> Iterator[Finding]:
    """Find requests that a closed model did not send because its VUs were stalled.

    They would have waited, so the percentiles lack them.
    """
    expected_ms = case.iteration_ms
    # Iterations of several scenarios differ in length
    one = case.plan is not None and len(case.plan.scenarios) == 1
    if not case.load.closed or not one or expected_ms <= 0 or not case.intervals:
        return
    longest = max(case.intervals, key=lambda interval: interval.max_ms or 0.0)
    if (longest.max_ms or 0.0) < _OMITTED_TIMES * expected_ms + _OMITTED_MS:
        return
    measured = Histogram.of(case.intervals)
    filled = measured.filled_in(expected_ms)
    open_ = [filled.quantile(share) for share in _HIDDEN_SHARE]
    seen = _measured_ms(case) or [measured.quantile(share) for share in _HIDDEN_SHARE]
    hidden = [
        (o / max(s, 1.0), s, o)
        for s, o in zip(seen, open_, strict=True)
        if o >= max(_OMITTED_TIMES * s, s + _OMITTED_MS)
    ]
    if not hidden:
        return
    _, usual, worst = max(hidden)
    stalled = [
        interval for interval in case.intervals if (interval.max_ms or 0.0) >= (longest.max_ms or 0.0) / 2
    ]
    if _lost(case, stalled) <= _LOST:
        return
    missing = filled.count - measured.count
    yield Finding(
        id="coordinated_omission",
        severity="warning",
        confidence=above(worst, usual, missing, _HALF_SURE_AT),
        message=(
            f"VUs that waited up to {number(longest.max_ms or 0.0, 3)} ms sent nothing meanwhile; an open"
            f" model would have sent about {number(missing, 2)} more requests, and p95 would be about"
            f" {number(open_[0], 2)} instead of {number(seen[0], 2)} ms and p99 about {number(open_[1], 2)}"
            f" instead of {number(seen[1], 2)} ms (corrected as in HdrHistogram)"
        ),
        evidence=(
            Evidence(
                metric="http_req_duration",
                observed=seen[0],
                limit=open_[0],
                note="p95 measured; limit: with the missing requests",
            ),
            Evidence(
                metric="http_req_duration",
                observed=seen[1],
                limit=open_[1],
                note="p99 measured; limit: with the missing requests",
            ),
            Evidence(
                metric="http_req_duration",
                observed=longest.max_ms,
                from_s=stalled[0].from_s,
                to_s=stalled[-1].to_s,
                note="longest stall",
            ),
        ),
        recommendation=(
            f"repeat as an open model: execute_k6_test with rate_per_s {number(_usual_rate(case), 2)} and the"
            " same duration"
        ),
    )


def _measured_ms(case: Case) -> list[float] | None:
    """Return k6's own p95 and p99, which the histogram only approximates."""
    latency = case.figures.latency
    if latency is None or latency.p95_ms is None or latency.p99_ms is None:
        return None
    return [latency.p95_ms, latency.p99_ms]


def _lost(case: Case, stalled: Sequence[Interval]) -> float:
    """Return which share of the usual requests is missing in a stall; the median over the stalls.

    It is near 1 if the target answered nobody. A single slow request of one of n VUs costs only 1/n: an open
    model's requests of that time would have been answered as fast as those of the other VUs.
    """
    per_vu = median(interval.requests_per_s / (interval.load or 1.0) for interval in case.intervals)
    shares: list[float] = []
    for last in stalled:
        stall_s = (last.max_ms or 0.0) / 1000
        first = bisect_right(case.intervals, last.from_s - stall_s, key=lambda interval: interval.to_s)
        within = case.intervals[
            first : bisect_right(case.intervals, last.to_s, key=lambda interval: interval.to_s)
        ]
        missing = sum(
            per_vu * (interval.load or 1.0) * interval.seconds - interval.requests for interval in within
        )
        usual = per_vu * (last.load or 1.0) * stall_s
        shares.append(missing / usual if usual else 1.0)
    return median(shares)


def _usual_rate(case: Case) -> float:
    return max(median(interval.iterations_per_s for interval in case.intervals), 0.1)
