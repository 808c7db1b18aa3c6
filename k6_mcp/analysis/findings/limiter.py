"""Whether requests failed because a rate limiter rejected them, and what to do about it."""

from statistics import median

from k6_mcp.analysis.findings.case import Case
from k6_mcp.models.wording import number

# k6's error_code of HTTP 429
_TOO_MANY_REQUESTS = 1429
# Share of the failed requests; the other failures are few enough to be examined later
_MOST = 0.9


def limited(case: Case) -> bool:
    """Return whether nearly all failed requests were answered with HTTP 429."""
    turned_away = sum(error.count for error in case.metrics.errors if error.code == _TOO_MANY_REQUESTS)
    return turned_away > 0 and turned_away >= _MOST * case.figures.failed_requests


def advice(case: Case) -> str:
    """Return what to do about a rate limiter.

    It includes the rate that the limiter let through if the intervals show it.
    """
    through = [
        (interval.requests - interval.failed) / interval.seconds
        for interval in case.intervals
        if interval.failed
    ]
    rate = f" (about {number(median(through), 2)} requests/s here)" if through and median(through) > 0 else ""
    return (
        f"a limiter turned requests away (HTTP 429): stay below what it lets through{rate} with rate_per_s of"
        " execute_k6_test, or exempt this load generator from it to see what the target itself can sustain"
    )
