"""The rule about an open model whose rate exceeds what the target answers, so iterations pile up."""

from collections.abc import Iterator, Sequence

from k6_mcp.analysis.findings.case import Case, Interval, together
from k6_mcp.analysis.findings.outage import in_outage, outages
from k6_mcp.analysis.numbers.confidence import above_share
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import number

# In a shorter time a stall, too, fills VUs and empties them again
_SHORTEST_S = 5.0
_FEWEST_WAITING = 20
# Share of the started iterations
_BEHIND = 0.05
# Share of the largest backlog, at most a second of load: the start of the load is known only to half an
# interval
_NOISE = 0.1
# Share of the growth of latency that a single queue would show
_OF_WHAT_QUEUES = 0.3
# Share of the iterations that did not end
_AS_VUS = 0.5
_ROOM = 0.9


def load_piling_up(case: Case) -> Iterator[Finding]:
    """Find an arrival rate that the target cannot keep up with.

    Iterations start faster than they end, and latency grows as the test goes on. By Little's law the VUs in
    use are the rate times the duration of an iteration. A target that is slow but keeps up holds both
    constant. Here the iterations that end fall behind those that started, and both latency and VUs in use
    have grown accordingly.
    """
    stretch = _stretch(case)
    started, ended = _started(stretch), sum(interval.iterations for interval in stretch)
    waiting = round(started - ended)
    if (
        not stretch
        or waiting < max(_FEWEST_WAITING, _BEHIND * started)
        or not _shows(case, stretch, waiting / started)
    ):
        return
    first, last = stretch[0], stretch[-1]
    started_per_s = started / (last.to_s - first.from_s)
    held_per_s = together(stretch[len(stretch) // 2 :]).iterations_per_s
    from_ms, to_ms = _latencies(stretch)
    until = " on" if last is case.intervals[-1] else f" to {number(last.to_s, 3)} s"
    from_vus, to_vus = _vus(stretch)
    yield Finding(
        id="load_piling_up",
        severity="warning",
        confidence=above_share(waiting, round(started), _BEHIND),
        message=(
            f"iterations piled up from {number(first.from_s, 3)} s{until}: {number(started_per_s, 3)} per s"
            f" were started and about {number(held_per_s, 3)} ended; VUs in use grew from {from_vus} to"
            f" {to_vus}, the median latency from {number(from_ms, 3)} to {number(to_ms, 3)} ms"
        ),
        evidence=(
            _evidence(
                "iterations",
                stretch,
                held_per_s,
                started_per_s,
                "ended per s in the second half of that time; limit: started per s",
            ),
            _evidence(
                "vus", stretch, to_vus, from_vus, "in use at the end of that time; limit: at its start"
            ),
            _evidence(
                "http_req_duration",
                stretch,
                to_ms,
                from_ms,
                "median at the end of that time; limit: at its start",
            ),
        ),
        recommendation=(
            "latency here depends on how long the test ran: execute_k6_test with rate_per_s"
            f" {number(_ROOM * held_per_s, 2)} should hold, and shows the latency at a load that the target"
            " can sustain"
        ),
    )


def _stretch(case: Case) -> Sequence[Interval]:
    """Return the intervals in which iterations piled up; none if that was short, or an outage."""
    intervals = (
        [interval for interval in case.intervals if interval.load] if case.load.unit == "iterations/s" else []
    )
    stretch, windows = _most_behind(intervals), outages(case)
    if (
        not stretch
        or stretch[-1].to_s - stretch[0].from_s < _SHORTEST_S
        or any(in_outage(interval, windows) for interval in stretch)
    ):
        return ()
    return stretch


def _most_behind(intervals: Sequence[Interval]) -> Sequence[Interval]:
    """Return the neighbors that together fell behind the most.

    That is the segment with the greatest sum of iterations that did not end, less the tolerated share of
    them.
    """
    # How far iterations are behind after each interval, since they last were not
    sums: list[float] = []
    best: tuple[int, int] = (0, 0)
    start, most = 0, 0.0
    for i, interval in enumerate(intervals):
        behind = sums[-1] if sums else 0.0
        start, behind = (i, 0.0) if behind <= 0 else (start, behind)
        sums.append(behind + (1 - _BEHIND) * _started([interval]) - interval.iterations)
        if sums[-1] > most:
            best, most = (start, i + 1), sums[-1]
    first, end = best
    noise = min(_NOISE * most, max((interval.load or 0.0 for interval in intervals[first:end]), default=0.0))
    return intervals[max((i + 1 for i in range(first, end) if sums[i] <= noise), default=first) : end]


def _started(intervals: Sequence[Interval]) -> float:
    return sum((interval.load or 0.0) * interval.seconds - interval.dropped for interval in intervals)


def _shows(case: Case, stretch: Sequence[Interval], behind: float) -> bool:
    """Whether latency and VUs in use grew as they must if the share `behind` did not end."""
    from_ms, to_ms = _latencies(stretch)
    per_iteration = case.figures.requests / max(1, case.figures.iterations)
    grew_s, seconds = per_iteration * (to_ms - from_ms) / 1000, stretch[-1].to_s - stretch[0].from_s
    (from_vus, to_vus), waiting = _vus(stretch), behind * _started(stretch)
    return to_vus - from_vus >= _AS_VUS * waiting and grew_s >= _OF_WHAT_QUEUES * behind * seconds


def _vus(stretch: Sequence[Interval]) -> tuple[int, int]:
    """Return the VUs in use at the start and the end of the stretch; 0 if k6 reported none."""
    known = [interval.vus for interval in stretch if interval.vus is not None]
    return (known[0], known[-1]) if known else (0, 0)


def _latencies(stretch: Sequence[Interval]) -> tuple[float, float]:
    """Return the median latency at the start and the end of the stretch, in ms; 0 without answers."""
    known = [interval.p50_ms for interval in stretch if interval.p50_ms is not None]
    return (known[0], known[-1]) if known else (0.0, 0.0)


def _evidence(
    metric: str, stretch: Sequence[Interval], observed: float | None, limit: float | None, note: str
) -> Evidence:
    return Evidence(
        metric=metric,
        observed=observed,
        limit=limit,
        from_s=stretch[0].from_s,
        to_s=stretch[-1].to_s,
        note=note,
    )
