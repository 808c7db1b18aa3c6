"""The rule about an open model that asks for more than the target answers, so that iterations pile up."""

from collections.abc import Iterator, Sequence

from k6_mcp.analysis.findings.case import Case, Interval, together
from k6_mcp.analysis.findings.outage import in_outage, outages
from k6_mcp.analysis.numbers.confidence import above_share
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import number

# A stall fills VUs too, and empties them again
_SHORTEST_S = 5.0
_FEWEST_WAITING = 20
# Of the iterations that were started
_BEHIND = 0.05
# Of the most that fell behind, at most a second of load: when load began is known to half an interval
_NOISE = 0.1
# Of the growth of latency that a line before one counter would show
_OF_WHAT_QUEUES = 0.3
# Of the iterations that did not end
_AS_VUS = 0.5
_ROOM = 0.9


def load_piling_up(case: Case) -> Iterator[Finding]:
    """An arrival rate that the target does not answer: iterations start faster than they end, and latency
    grows with the test.

    By Little's law the VUs in use are the rate times how long an iteration takes. A target that is slow but
    keeps up holds both; here iterations that end fall behind those that started, and both latency and VUs in
    use have grown by what that makes.
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
    asked_per_s = started / (last.to_s - first.from_s)
    held_per_s = together(stretch[len(stretch) // 2 :]).iterations_per_s
    from_ms, to_ms = _latencies(stretch)
    until = "" if last is case.intervals[-1] else f" to {number(last.to_s, 3)} s"
    from_vus, to_vus = _vus(stretch)
    yield Finding(
        id="load_piling_up",
        severity="warning",
        confidence=above_share(waiting, round(started), _BEHIND),
        message=(
            f"from {number(first.from_s, 3)} s on{until} iterations piled up: {number(asked_per_s, 3)} per s"
            f" were started and about {number(held_per_s, 3)} ended; VUs in use grew from {from_vus} to"
            f" {to_vus}, the median latency from {number(from_ms, 3)} to {number(to_ms, 3)} ms"
        ),
        evidence=(
            _evidence(
                "iterations",
                stretch,
                held_per_s,
                asked_per_s,
                "ended per s in its second half; limit: started per s",
            ),
            _evidence("vus", stretch, to_vus, from_vus, "in use at its end; limit: at its beginning"),
            _evidence(
                "http_req_duration", stretch, to_ms, from_ms, "median at its end; limit: at its beginning"
            ),
        ),
        recommendation=(
            "latency here tells how long the test went on: execute_k6_test with rate_per_s"
            f" {number(_ROOM * held_per_s, 2)} should hold, and tells the latency of a load that the target"
            " can bear"
        ),
    )


def _stretch(case: Case) -> Sequence[Interval]:
    """Return the intervals in which iterations piled up, none if that was short, or an outage."""
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
    """Return the neighbours with the largest sum of iterations that did not end, less what may (the segment
    of the greatest sum).
    """
    # From where it was nought last
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
    """Whether latency and VUs in use grew as they must when the share `behind` of the iterations did not
    end.
    """
    from_ms, to_ms = _latencies(stretch)
    per_iteration = case.figures.requests / max(1, case.figures.iterations)
    grew_s, seconds = per_iteration * (to_ms - from_ms) / 1000, stretch[-1].to_s - stretch[0].from_s
    (from_vus, to_vus), waiting = _vus(stretch), behind * _started(stretch)
    return to_vus - from_vus >= _AS_VUS * waiting and grew_s >= _OF_WHAT_QUEUES * behind * seconds


def _vus(stretch: Sequence[Interval]) -> tuple[int, int]:
    """The VUs in use where the stretch begins and where it ends; 0 where k6 told none."""
    known = [interval.vus for interval in stretch if interval.vus is not None]
    return (known[0], known[-1]) if known else (0, 0)


def _latencies(stretch: Sequence[Interval]) -> tuple[float, float]:
    """The median latency where the stretch begins and where it ends, in ms; 0 where nothing was answered."""
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
