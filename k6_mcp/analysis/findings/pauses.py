"""The rule about pauses of the target that have no period."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median

from k6_mcp.analysis.findings.case import Case, Interval
from k6_mcp.analysis.findings.outage import in_outage, outages
from k6_mcp.analysis.numbers.confidence import above
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import count, few, number

# The usual p90
_TIMES = 6.0
# At least so much longer
_LEAST_MS = 150.0
_FEWEST_PAUSES = 3
# Intervals of one pause; a longer one is a change of level
_LONGEST = 3
# Of the intervals; more are no pauses
_SHARE_OF_ALL = 0.25
# Requests of an interval: a tenth of them are three or more
_MANY = 30
# With fewer than _MANY, half of the requests have to be slow, and they have to be so many
_FEW = 3
_FEWEST_USUAL = 10
# Intervals
_HALF_SURE_AT = 2.5
_MOST_SHOWN = 6


def irregular_stalls(case: Case) -> Iterator[Finding]:
    """At constant load, short pauses now and then that hit many requests at once.

    Many are slow where the p90 of an interval is. A target with slow requests now and then has some interval
    in which several of them meet, and far more in which there is one: where those are as many, nothing is
    told.
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
            f"{count(len(pauses), 'time')} at irregular distance many requests at once took up to about"
            f" {number(height_ms, 3)} ms (the p90 of other intervals is usually {number(usual_ms, 2)} ms): at"
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
            "look in the target's log and its machine's for those times (garbage collection, other jobs,"
            " locks, a pool that is used up; the load generator's too); repeat it with a longer duration of"
            " execute_k6_test to see whether they come again"
        ),
    )


def _comparable(case: Case) -> Sequence[Interval]:
    """Return the intervals of the longest stretch of constant load that have a latency, without outages."""
    windows = outages(case)
    stretches = (
        [i for i in case.intervals if i.from_s >= from_s - 0.01 and i.to_s <= to_s + i.seconds / 2]
        for from_s, to_s in case.load.steady
    )
    longest = max(stretches, key=len, default=list[Interval]())
    return [i for i in longest if i.p50_ms is not None and i.p90_ms is not None and not in_outage(i, windows)]


def _pauses(intervals: Sequence[Interval], from_ms: float) -> list[list[Interval]]:
    """Return the runs of neighbours in which several requests took at least `from_ms`."""

    def many(interval: Interval) -> bool:
        half = interval.requests >= _FEW and (interval.p50_ms or 0.0) >= from_ms
        return half or (interval.requests >= _MANY and (interval.p90_ms or 0.0) >= from_ms)

    return [[*run] for high, run in groupby(intervals, key=many) if high]
