"""The rule about pauses of the target that have no period."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median

from k6_mcp.analysis.findings.case import Case, Interval
from k6_mcp.analysis.findings.outage import in_outage, outages
from k6_mcp.analysis.numbers.confidence import above
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import count, few, number

# Times the usual p90
_TIMES = 6.0
# And at least this much longer
_LEAST_MS = 150.0
_FEWEST_PAUSES = 3
# Intervals of one pause; anything longer is a change of level
_LONGEST = 3
# Share of all intervals; more of them aren't pauses
_SHARE_OF_ALL = 0.25
# Requests of an interval, so that a tenth of them is at least three
_MANY = 30
# With fewer requests than _MANY, half of them must be slow, and there must be at least this many
_FEW = 3
_FEWEST_USUAL = 10
# Intervals
_HALF_SURE_AT = 2.5
_MOST_SHOWN = 6


def irregular_stalls(case: Case) -> Iterator[Finding]:
    """Find occasional short pauses at constant load that hit many requests at once.

    Many requests are slow if the p90 of an interval is. A target with an occasional slow request has some
    intervals in which several of them meet, and far more with a single one. If there are that many single
    ones, nothing is reported.
    """
    known = _comparable(case)
    if not known or median(interval.requests for interval in known) < _FEWEST_USUAL:
        return
    usual_ms = median(interval.p90_ms or 0.0 for interval in known)
    limit_ms = max(_TIMES * usual_ms, usual_ms + _LEAST_MS)
    pauses = _pauses(known, limit_ms)
    hit = [interval for pause in pauses for interval in pause]
    slow = sum((interval.max_ms or 0.0) >= limit_ms for interval in known)
    if len(pauses) < _FEWEST_PAUSES or len(hit) > _SHARE_OF_ALL * len(known) or slow > 2 * len(hit):
        return
    if any(len(pause) > _LONGEST for pause in pauses):
        return
    height_ms = median(max(interval.max_ms or 0.0 for interval in pause) for pause in pauses)
    times = few((f"{number(pause[0].from_s, 3)} s" for pause in pauses), _MOST_SHOWN)
    yield Finding(
        id="irregular_stalls",
        severity="warning",
        confidence=above(
            median(interval.p90_ms or 0.0 for interval in hit), usual_ms, len(hit), _HALF_SURE_AT
        ),
        message=(
            f"{count(len(pauses), 'time')} at irregular intervals many requests at once took up to about"
            f" {number(height_ms, 3)} ms (the usual p90 of an interval is {number(usual_ms, 2)} ms): at"
            f" {times}"
        ),
        evidence=tuple(
            Evidence(
                metric="http_req_duration",
                observed=max(interval.p90_ms or 0.0 for interval in pause),
                limit=limit_ms,
                from_s=pause[0].from_s,
                to_s=pause[-1].to_s,
                note="p90 of an interval",
            )
            for pause in pauses[:_MOST_SHOWN]
        ),
        recommendation=(
            "check the logs of the target and of its machine for those times (garbage collection, other jobs,"
            " locks, an exhausted pool), and those of the load generator; repeat with a longer duration of"
            " execute_k6_test to see whether they happen again"
        ),
    )


def _comparable(case: Case) -> Sequence[Interval]:
    """Return the intervals with a latency in the longest stretch of constant load, without outages."""
    windows = outages(case)
    stretches = (
        [i for i in case.intervals if i.from_s >= from_s - 0.01 and i.to_s <= to_s + i.seconds / 2]
        for from_s, to_s in case.load.steady
    )
    longest = max(stretches, key=len, default=list[Interval]())
    return [i for i in longest if i.p50_ms is not None and i.p90_ms is not None and not in_outage(i, windows)]


def _pauses(intervals: Sequence[Interval], from_ms: float) -> list[list[Interval]]:
    """Return the runs of neighbors in which several requests took at least `from_ms`."""

    def many(interval: Interval) -> bool:
        half = interval.requests >= _FEW and (interval.p50_ms or 0.0) >= from_ms
        return half or (interval.requests >= _MANY and (interval.p90_ms or 0.0) >= from_ms)

    return [[*run] for high, run in groupby(intervals, key=many) if high]
