"""Rules about failed requests: how many, on which endpoint, and how they distort other figures."""

from collections.abc import Iterator

from k6_mcp.analysis.findings import limiter
from k6_mcp.analysis.findings.case import Case
from k6_mcp.analysis.numbers.confidence import above, above_share
from k6_mcp.analysis.verdict.failing import asks_about_failures
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.metrics import EndpointFigures, Figures
from k6_mcp.models.wording import few, number, percent, quoted

_FEWEST_FAILED = 5
_NAME_CHARS = 80
# Share of a successful answer's time
_MUCH_FASTER = 0.5
# The average over all answers, relative to the average over successful ones
_FLATTERED = 0.8
_FLATTERED_MS = 5.0
_TIMES_SLOWER = 3.0
# The share of errors or time, relative to the share of requests
_TIMES_MORE = 1.5
# Nobody notices a smaller difference
_SLOWER_BY_MS = 20.0


def error_rate_high(case: Case) -> Iterator[Finding]:
    """Find more failed requests than allowed."""
    figures, limits = case.figures, case.limits
    rate = figures.error_rate
    if not rate or rate <= limits.error_rate_warning:
        return
    critical = rate > limits.error_rate_critical
    limit = limits.error_rate_critical if critical else limits.error_rate_warning
    errors = few((f"{error.count}x {error.meaning}" for error in case.metrics.errors), 3)
    yield Finding(
        id="error_rate_high",
        severity="critical" if critical else "warning",
        confidence=above_share(figures.failed_requests, figures.requests, limit),
        message=f"{percent(rate)} of {figures.requests} requests failed, more than {percent(limit)}"
        + (f": {errors}" if errors else ""),
        evidence=(Evidence(metric="http_req_failed", observed=rate, limit=limit),),
        recommendation=(
            limiter.advice(case)
            if limiter.limited(case)
            else f"{_where_to_look(case)}; fix the errors before judging latency"
        )
        + (
            ""
            if _is_asserted(case)
            else '; slo {"error_rate": 0.01} of execute_k6_test makes a test fail on it'
        ),
    )


def _where_to_look(case: Case) -> str:
    """Return where the reason for failures can be found.

    k6 logs why a request got no answer, but logs nothing about an answer, whatever its status.
    """
    if case.figures.unanswered_requests:
        return 'see why with get_run detail="log"'
    if case.metrics.samples:
        return "read what the target answered (samples) and what its own log says"
    return (
        "read the target's own log, or run one such request by its URL with execute_k6_test, whose"
        " result quotes failed answers (k6's log does not)"
    )


def _is_asserted(case: Case) -> bool:
    return any(asks_about_failures(threshold.metric) for threshold in case.metrics.thresholds)


def errors_flatter_latency(case: Case) -> Iterator[Finding]:
    """Find failed answers that are much faster than successful ones.

    Figures over all requests then look better than what users get.
    """
    figures = case.figures
    every, good = case.values("http_req_duration"), case.values("http_req_duration{expected_response:true}")
    failed, succeeded = figures.failed_requests, figures.requests - figures.failed_requests
    if failed < _FEWEST_FAILED or succeeded < _FEWEST_FAILED or "avg" not in every or "avg" not in good:
        return
    all_ms, good_ms = every["avg"], good["avg"]
    failed_ms = max(0.0, (all_ms * figures.requests - good_ms * succeeded) / failed)
    if (
        all_ms > _FLATTERED * good_ms
        or failed_ms > _MUCH_FASTER * good_ms
        or good_ms - all_ms < _FLATTERED_MS
    ):
        return
    tail = (
        f", p95 {number(every['p(95)'])} instead of {number(good['p(95)'])} ms"
        if "p(95)" in every and "p(95)" in good
        else ""
    )
    yield Finding(
        id="errors_flatter_latency",
        severity="warning",
        confidence=above(good_ms, max(failed_ms, all_ms), min(failed, succeeded), _FEWEST_FAILED),
        message=(
            f"{failed} failed answers took {number(failed_ms, 3)} ms on average, successful ones"
            f" {number(good_ms, 3)} ms: over all requests the average is {number(all_ms, 3)} ms{tail}"
        ),
        evidence=(
            Evidence(metric="http_req_duration", observed=all_ms, note="average of all requests"),
            Evidence(
                metric="http_req_duration{expected_response:true}",
                observed=good_ms,
                note="average of the successful ones",
            ),
        ),
        recommendation=(
            "judge latency by the successful answers: thresholds of execute_k6_test on"
            " http_req_duration{expected_response:true}, and one on http_req_failed as well"
        ),
    )


def endpoint_dominates(case: Case) -> Iterator[Finding]:
    """Find one endpoint of several that has most of the errors, or most of the time."""
    named = [
        endpoint for endpoint in case.metrics.endpoints if endpoint.name is not None and endpoint.requests
    ]
    if len(named) < 2:
        return
    if (finding := _most_errors(case, named)) or (finding := _most_time(case, named)):
        yield finding


def _most_errors(case: Case, named: list[EndpointFigures]) -> Finding | None:
    figures, limit = case.figures, case.limits.endpoint_share
    failed = sum(endpoint.failed for endpoint in case.metrics.endpoints)
    worst = max(named, key=lambda endpoint: endpoint.failed)
    if worst.failed < _FEWEST_FAILED:
        return None
    of_errors, of_requests = worst.failed / failed, _share_of_requests(worst, case)
    if of_errors < limit or of_errors < _TIMES_MORE * of_requests:
        return None
    return Finding(
        id="endpoint_dominates",
        severity="critical" if (figures.error_rate or 0.0) > case.limits.error_rate_critical else "warning",
        confidence=above_share(worst.failed, failed, of_requests),
        message=(
            f"{quoted(worst.name or '', _NAME_CHARS)} has {percent(of_errors)} of the {failed} failed"
            f" requests but only {percent(of_requests)} of all requests:"
            f" {percent(worst.failed / worst.requests)} of its own failed"
        ),
        evidence=(
            Evidence(
                metric="http_req_failed",
                observed=of_errors,
                limit=limit,
                note="its share of the failed requests",
            ),
            Evidence(metric="http_reqs", observed=of_requests, note="its share of all requests"),
        ),
        recommendation=(
            f"test it alone: execute_k6_test with its URL and the load it got here ({_rate(worst, figures)}),"
            ' then get_run detail="log"'
        ),
    )


def _most_time(case: Case, named: list[EndpointFigures]) -> Finding | None:
    figures, limit = case.figures, case.limits.endpoint_share
    timed = [
        (endpoint, endpoint.avg_ms * endpoint.requests) for endpoint in named if endpoint.avg_ms is not None
    ]
    total = sum(time for _, time in timed)
    if len(timed) < 2 or total <= 0:
        return None
    slowest, time = max(timed, key=lambda item: item[1])
    others = sum(endpoint.requests for endpoint, _ in timed if endpoint is not slowest)
    others_ms = (total - time) / others if others else 0.0
    avg_ms, of_time, of_requests = slowest.avg_ms or 0.0, time / total, _share_of_requests(slowest, case)
    if of_time < max(limit, _TIMES_MORE * of_requests) or avg_ms < max(
        _TIMES_SLOWER * others_ms, others_ms + _SLOWER_BY_MS
    ):
        return None
    return Finding(
        id="endpoint_dominates",
        severity=(
            "warning" if avg_ms > case.limits.avg_ms or (slowest.p95_ms or 0) > case.limits.p95_ms else "info"
        ),
        confidence=above(avg_ms, others_ms, slowest.requests, _FEWEST_FAILED),
        message=(
            f"{quoted(slowest.name or '', _NAME_CHARS)} takes {percent(of_time)} of the time with"
            f" {percent(of_requests)} of the requests: {number(avg_ms, 3)} ms on average, the others"
            f" {number(others_ms, 3)} ms"
        ),
        evidence=(
            Evidence(metric="http_req_duration", observed=of_time, limit=limit, note="its share of the time"),
            Evidence(metric="http_req_duration", observed=avg_ms, note="its average in ms"),
        ),
        recommendation=(
            f"test it alone: execute_k6_test with its URL, the load it got here ({_rate(slowest, figures)})"
            " and slo p95_ms"
        ),
    )


def _share_of_requests(endpoint: EndpointFigures, case: Case) -> float:
    return endpoint.requests / max(1, sum(each.requests for each in case.metrics.endpoints))


def _rate(endpoint: EndpointFigures, figures: Figures) -> str:
    return f"rate_per_s {number(endpoint.requests / figures.load_s, 2)}" if figures.load_s else "its own rate"
