"""Which thresholds were crossed, and what helps against it."""

from collections.abc import Sequence

from k6_mcp.analysis.verdict.browser import LOOK_AT_PAGE, pages_without_success
from k6_mcp.analysis.verdict.case import Case, Cause
from k6_mcp.analysis.verdict.failing import LOOK_AT_ANSWER, requests_without_success
from k6_mcp.analysis.verdict.grpc import LOOK_AT_CALL, without_success
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.thresholds import parse
from k6_mcp.models.wording import count, cut, few, number

RATE_CAP_REACHED = 0.95
_MOST_LINES = 5
_TRAFFIC = ("http_reqs", "iterations", "data_received", "data_sent", "ws_msgs_sent", "ws_msgs_received")


def thresholds_exceeded(case: Case) -> Cause | None:
    """A threshold was crossed."""
    crossed = [threshold for threshold in case.thresholds if not threshold.ok]
    if not crossed:
        return None
    early = "; k6 stopped the test early (abortOnFail)" if case.aborted_by_threshold else ""
    of_requests = requests_without_success(case)
    of_pages = pages_without_success(case)
    useless = of_requests or of_pages or without_success(case)
    return Cause(
        "thresholds_exceeded",
        f"{len(crossed)} of {count(len(case.thresholds), 'threshold')} crossed:"
        f" {few(map(crossing, crossed))}{early}" + (f"; {useless}" if useless else ""),
        (
            (LOOK_AT_ANSWER if of_requests else LOOK_AT_PAGE if of_pages else LOOK_AT_CALL)
            if useless
            else f'{_crossed_hint(case, crossed)}; get_run with detail="full" has every figure'
        ),
        tuple(crossing(threshold) for threshold in crossed[3 : 3 + _MOST_LINES]),
    )


def _crossed_hint(case: Case, crossed: Sequence[ThresholdResult]) -> str:
    """Return what to do about thresholds: less load would be no help where more was asked for than came."""
    more = [threshold for threshold in crossed if _asks_for_more(threshold)]
    if not more:
        return "improve the target or lower the load, or change thresholds/slo if they ask for too much"
    if len(more) < len(crossed):
        return (
            "improve the target, or change thresholds/slo if they ask for too much: less load brings no more"
            " of what was asked for"
        )
    cap = case.plan.rps if case.plan else None
    if cap and case.figures and case.figures.requests_per_s >= cap * RATE_CAP_REACHED:
        load = (
            "raise the cap on requests per second that held the load back (the script's rps, K6_MCP_MAX_RPS)"
        )
    else:
        load = "give it more load (vus, rate_per_s or stages), or a faster target if the target holds it back"
    return f"{load}, or change thresholds/slo if they ask for too much"


def _asks_for_more(threshold: ThresholdResult) -> bool:
    """Return whether a threshold wants a counter of traffic to reach something."""
    parsed = parse(threshold.expression)
    return parsed is not None and parsed.op in (">", ">=") and threshold.metric.partition("{")[0] in _TRAFFIC


def crossing(threshold: ThresholdResult) -> str:
    """Return a threshold with what was observed, in one phrase."""
    if not threshold.has_samples:
        observed = "no samples"
    else:
        observed = (
            "observed value unknown"
            if threshold.observed is None
            else f"observed {number(threshold.observed)}"
        )
    return f"{cut(threshold.metric, 80)} {cut(threshold.expression, 40)} ({observed})"
