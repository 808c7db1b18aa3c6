"""Rules about latency as a whole: too high, rising at constant load, slow at the start."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from math import ceil
from statistics import fmean, median

from k6_mcp.analysis.findings.case import Case, Interval
from k6_mcp.analysis.findings.distribution import p95_of, statistics_of
from k6_mcp.analysis.findings.outage import in_outage, outages
from k6_mcp.analysis.numbers.confidence import above, above_mean, above_share, unlike_chance
from k6_mcp.analysis.numbers.quantiles import merged, most_deviation, share_above
from k6_mcp.analysis.numbers.tests import Step, blocks, spread, step, upward_trend
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import number

# Requests
_HALF_SURE_AT = 5
# The share of requests above a p95
_ABOVE_P95 = 0.05
# A trend over fewer intervals could be chance
_FEWEST_BLOCKS = 10
# The trend test takes quadratic time
_MOST_BLOCKS = 100
_BY_CHANCE = 0.001
# Error of two levels relative to that of a straight line. A jump leaves a quarter of the line's error, a
# slope leaves four times as much.
_STEP_ERROR_LEFT = 0.5
# A smaller change of latency is not worth reporting
_VISIBLE_MS = 10.0
# A first interval is slow if its median is at least this many times that of the others
_WARM_TIMES = 3.0
# Share of the run; a longer slow start isn't a warm-up
_LONGEST_WARM_UP = 0.34
# Intervals after the warm-up
_FEWEST_WARM = 5
# The average with the warm-up, relative to the average without it
_DISTORTS = 1.1
_DISTORTS_MUCH = 1.5
# In spreads of the later intervals
_ABOVE_NOISE = 6


def latency_average_high(case: Case) -> Iterator[Finding]:
    """Find an average latency above its limit."""
    latency, limit = case.figures.latency, case.limits.avg_ms
    if latency is None or latency.avg_ms <= limit:
        return
    yield Finding(
        id="latency_average_high",
        severity="warning",
        confidence=above_mean(latency.avg_ms, limit, most_deviation(statistics_of(latency)), latency.count),
        message=(
            f"the average latency was {number(latency.avg_ms)} ms, above {number(limit)} ms (median"
            f" {number(latency.med_ms)} ms)"
        ),
        evidence=(
            Evidence(metric="http_req_duration", observed=latency.avg_ms, limit=limit, note="average"),
        ),
        recommendation=(
            "find the load that it can sustain: execute_k6_test with stages that start at a few VUs; latency"
            " that is as high with 1 VU does not come from load"
        ),
    )


def latency_p95_high(case: Case) -> Iterator[Finding]:
    """Find a p95 latency above its limit, over the whole run or for some time."""
    latency, limit = case.figures.latency, case.limits.p95_ms
    stretch = _longest_above(case.intervals, limit)
    for_s = stretch[-1].to_s - stretch[0].from_s if stretch else 0.0
    lasting = for_s >= case.limits.p95_for_s
    p95_ms = latency.p95_ms if latency else None
    if not lasting and (p95_ms is None or p95_ms <= limit):
        return
    over = latency is not None and p95_ms is not None and p95_ms > limit
    evidence = (
        [Evidence(metric="http_req_duration", observed=p95_ms, limit=limit, note="p95 of the run")]
        if over
        else []
    )
    text = f"was {number(p95_ms)} ms, above {number(limit)} ms" if over and p95_ms is not None else ""
    if stretch:
        from_s, to_s = stretch[0].from_s, stretch[-1].to_s
        highest = max(interval.p95_ms or 0.0 for interval in stretch)
        note = "highest p95 of an interval in that time"
        evidence.append(
            Evidence(
                metric="http_req_duration", observed=highest, limit=limit, from_s=from_s, to_s=to_s, note=note
            )
        )
        text += " and " if text else ""
        text += f"stayed above {number(limit)} ms for {number(for_s, 3)} s, starting at {number(from_s, 3)} s"
    samples = [(latency.count, statistics_of(latency))] if over and latency is not None else []
    samples += (
        [(sum(i.requests for i in stretch), merged((i.requests, statistics_of(i)) for i in stretch))]
        if lasting
        else []
    )
    yield Finding(
        id="latency_p95_high",
        severity="warning",
        confidence=max(
            above_share(ceil(n * share_above(known, limit)), n, _ABOVE_P95) for n, known in samples
        ),
        message=f"the p95 latency {text}",
        evidence=tuple(evidence),
        recommendation=(
            'see when it is slow with get_run detail="timeline"; slo p95_ms of execute_k6_test makes a test'
            " fail on it"
        ),
    )


def latency_drift(case: Case) -> Iterator[Finding]:
    """Find latency that rises over time although the load stays the same."""
    windows = outages(case)
    for from_s, to_s in case.load.steady:
        steady = [
            interval
            for interval in case.intervals
            if interval.from_s >= from_s - 0.01
            and interval.to_s <= to_s + interval.seconds
            and not in_outage(interval, windows)
        ]
        points = blocks(
            [((i.from_s + i.to_s) / 2, i.p50_ms) for i in steady if i.p50_ms is not None], _MOST_BLOCKS
        )
        if len(points) < _FEWEST_BLOCKS:
            continue
        xs, ys = [x for x, _ in points], [y for _, y in points]
        stepped = step(xs, ys)
        if stepped is not None and _is_jump(case, stepped):
            yield _jump(case, stepped, points[-1][0])
            return
        trend = upward_trend(xs, ys)
        seconds = points[-1][0] - points[0][0]
        start_ms = max(trend.start, min(ys))
        growth_ms = trend.slope * seconds
        if trend.by_chance > _BY_CHANCE or growth_ms < max(_VISIBLE_MS, case.limits.drift_share * start_ms):
            continue
        yield _drift(case, trend.slope, trend.by_chance, start_ms, growth_ms, (points[0][0], points[-1][0]))
        return


def _drift(
    case: Case, slope: float, by_chance: float, start_ms: float, growth_ms: float, when: tuple[float, float]
) -> Finding:
    return Finding(
        id="latency_drift",
        severity="warning",
        confidence=unlike_chance(by_chance * 10),
        message=(
            f"at constant load the median latency rose from about {number(start_ms, 3)} to"
            f" {number(start_ms + growth_ms, 3)} ms, {number(slope * 60, 3)} ms per minute"
            f" (Theil-Sen slope; Mann-Kendall p < {number(max(by_chance, 1e-6), 1)})"
        ),
        evidence=(
            Evidence(
                metric="http_req_duration",
                observed=growth_ms / start_ms if start_ms > 0 else None,
                limit=case.limits.drift_share,
                from_s=when[0],
                to_s=when[1],
                note="growth of the median, as a share of its initial value",
            ),
        ),
        recommendation=(
            "repeat it with a longer duration of execute_k6_test to see whether it levels off; look for what"
            " grows in the target: memory, queues, connections, tables"
        ),
    )


def _is_jump(case: Case, stepped: Step) -> bool:
    grew_ms = stepped.after - stepped.before
    sure = stepped.by_chance <= _BY_CHANCE and stepped.error_left < _STEP_ERROR_LEFT
    return sure and grew_ms >= max(_VISIBLE_MS, case.limits.drift_share * stepped.before)


def _jump(case: Case, stepped: Step, until_s: float) -> Finding:
    before, after = stepped.before, stepped.after
    return Finding(
        id="latency_drift",
        severity="warning",
        confidence=unlike_chance(stepped.by_chance * 10),
        message=(
            f"at constant load the median latency jumped about {number(stepped.x, 3)} s into the run from"
            f" {number(before, 3)} to {number(after, 3)} ms and stayed there (two levels fit better than a"
            f" slope; Mann-Whitney p < {number(max(stepped.by_chance, 1e-6), 1)})"
        ),
        evidence=(
            Evidence(
                metric="http_req_duration",
                observed=(after - before) / before if before > 0 else None,
                limit=case.limits.drift_share,
                from_s=stepped.x,
                to_s=until_s,
                note="growth of the median, as a share of its value before the jump",
            ),
        ),
        recommendation=(
            "look for what happened in the target at that time: a failover, a deployment, another job, a"
            " cache or pool that filled up; repeat it with the same duration to see whether it happens again"
        ),
    )


def warm_up(case: Case) -> Iterator[Finding]:
    """Find first intervals so slow that they distort the figures of the whole run."""
    first_scenarios = case.intervals[0].scenarios if case.intervals else None
    known = [
        interval
        for interval in case.intervals
        if interval.p50_ms is not None and interval.scenarios == first_scenarios
    ]
    if len(known) < _FEWEST_WARM + 1:
        return
    later = known[max(1, len(known) // 3) :]
    usual_ms = median(interval.p50_ms or 0.0 for interval in later)
    noise_ms = spread([interval.p50_ms or 0.0 for interval in later])
    slow_from_ms = max(_WARM_TIMES * usual_ms, usual_ms + 2 * _VISIBLE_MS, usual_ms + _ABOVE_NOISE * noise_ms)
    first = [*takewhile(lambda interval: (interval.p50_ms or 0.0) >= slow_from_ms, known)]
    rest = known[len(first) :]
    if not first or len(first) > _LONGEST_WARM_UP * len(known) or len(rest) < _FEWEST_WARM:
        return
    if max(interval.p50_ms or 0.0 for interval in rest) >= slow_from_ms and _slow_again(rest, slow_from_ms):
        return
    with_ms, without_ms = _average(known), _average(rest)
    if with_ms < _DISTORTS * without_ms:
        return
    slow_ms = _average(first)
    p95_ms = p95_of(rest)
    yield Finding(
        id="warm_up",
        severity="warning" if with_ms >= _DISTORTS_MUCH * without_ms else "info",
        confidence=above(slow_ms, usual_ms, sum(interval.requests for interval in first), _HALF_SURE_AT),
        message=(
            f"the first {number(first[-1].to_s, 3)} s were slow ({number(slow_ms, 3)} ms on average); without"
            f" them the average is {number(without_ms, 3)} instead of {number(with_ms, 3)} ms, p95 about"
            f" {number(p95_ms, 2)} ms"
        ),
        evidence=(
            Evidence(
                metric="http_req_duration",
                observed=slow_ms,
                limit=slow_from_ms,
                from_s=first[0].from_s,
                to_s=first[-1].to_s,
                note="average",
            ),
            Evidence(
                metric="http_req_duration",
                observed=without_ms,
                from_s=rest[0].from_s,
                to_s=rest[-1].to_s,
                note="average without the warm-up",
            ),
            Evidence(
                metric="http_req_duration",
                observed=p95_ms,
                from_s=rest[0].from_s,
                to_s=rest[-1].to_s,
                note="p95 without the warm-up",
            ),
        ),
        recommendation=(
            "warm the target up first (a short execute_k6_test), or make the test long enough that the"
            " beginning does not matter"
        ),
    )


def _slow_again(rest: Sequence[Interval], slow_from_ms: float) -> bool:
    """Whether the rest of the run is as slow in places, so that the start is nothing special."""
    slow = sum((interval.p50_ms or 0.0) >= slow_from_ms for interval in rest)
    return slow / len(rest) > 0.1


def _average(intervals: Sequence[Interval]) -> float:
    requests = sum(interval.requests for interval in intervals)
    if not requests:
        return fmean(interval.p50_ms or 0.0 for interval in intervals)
    return sum((interval.avg_ms or 0.0) * interval.requests for interval in intervals) / requests


def _longest_above(intervals: Sequence[Interval], limit: float) -> list[Interval]:
    """Return the longest run of intervals whose p95 is above `limit`.

    Intervals without a figure neither end nor lengthen it.
    """
    known = [interval for interval in intervals if interval.p95_ms is not None]
    best, start = (0, 0), 0
    for i, interval in enumerate(known):
        if (interval.p95_ms or 0.0) <= limit:
            start = i + 1
        elif i + 1 - start > best[1] - best[0]:
            best = (start, i + 1)
    return known[best[0] : best[1]]
