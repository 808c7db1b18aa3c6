"""What says that the target answered, and not one answer was a success."""

from k6_mcp.analysis.verdict.browser import pages_failing
from k6_mcp.analysis.verdict.case import Case, Cause, log_lines
from k6_mcp.models.metrics import Metrics, ThresholdResult
from k6_mcp.models.thresholds import parse
from k6_mcp.models.wording import count, cut, few

# The status of a WebSocket handshake that succeeded
OPENED = 101
LOOK_AT_ANSWER = (
    "see what the target answers to one such request (URL, method, body, credentials); if these statuses are"
    " right, say so with expected_statuses"
)
_MOST_LINES = 5
# k6 counts no request then
_SWITCHED = "unsupported response status: 101"


def target_failing(case: Case) -> Cause | None:
    """Answers came, not one was successful, and no threshold asked about it."""
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None:
        return None
    if not figures.requests:
        return _sessions_refused(case, metrics) or pages_failing(case)
    message = requests_without_success(case)
    if message is None or any(t.has_samples and _accepts_failures(t) for t in case.thresholds):
        return None
    return Cause("target_failing", message, LOOK_AT_ANSWER, tuple(_statuses(metrics)[4 : 4 + _MOST_LINES]))


def switched_protocols(case: Case) -> Cause | None:
    """Every iteration ended since the target answered an ordinary request with status 101, which k6 refuses
    by throwing.
    """
    figures, threw = case.figures, sum(m.times for m in case.exceptions if _SWITCHED in m.text)
    if figures is None or not threw or threw < figures.iterations:
        return None
    return Cause(
        "target_failing",
        f"the target answered {count(threw, 'request')} with HTTP 101 (Switching Protocols), which no HTTP"
        " request asks for",
        f"{LOOK_AT_ANSWER.partition(';')[0]}; for a WebSocket use k6/websockets or k6/ws",
        log_lines(case.exceptions, 1),
    )


def requests_without_success(case: Case) -> str | None:
    """Return that not one request was successful and what came instead, None where some were or no answer
    came.
    """
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None or not figures.requests:
        return None
    what = few(_statuses(metrics), 4) or "their statuses are not known"
    if figures.failed_requests < figures.requests:
        if not figures.load_failed or figures.failed_requests == figures.unanswered_requests:
            return None
        of_load = count(figures.requests_of_load, "request")
        return (
            f"not one of {of_load} of the load was successful, only some of setup() and teardown(); of all"
            f" requests: {what}"
        )
    if figures.unanswered_requests >= figures.requests:
        return None
    return f"not one of {count(figures.requests, 'request')} was successful: {what}"


def _statuses(metrics: Metrics) -> list[str]:
    return [f"{s.count}x {f'HTTP {s.status}' if s.status else 'no answer'}" for s in metrics.statuses]


def _accepts_failures(threshold: ThresholdResult) -> bool:
    """Return whether a threshold judges how many requests fail, and would have all of them fail if it is on
    that share itself.
    """
    if not asks_about_failures(threshold.metric):
        return False
    parsed = parse(threshold.expression)
    return threshold.metric != "http_req_failed" or parsed is None or not threshold.ok or parsed.holds(1.0)


def asks_about_failures(metric: str) -> bool:
    """Return whether a threshold on `metric` judges how many requests fail."""
    base, _, tags = metric.partition("{")
    return base in ("http_req_failed", "checks") or (
        base == "http_reqs" and ("status:" in tags or "expected_response:" in tags)
    )


def _sessions_refused(case: Case, metrics: Metrics) -> Cause | None:
    statuses = {session.status for session in metrics.websockets}
    if (
        not statuses - {0}
        or OPENED in statuses
        or any(t.has_samples and asks_about_failures(t.metric) for t in case.thresholds)
    ):
        return None
    return Cause(
        "target_failing",
        f"not one of {count(sum(s.count for s in metrics.websockets), 'WebSocket session')} was opened:"
        f" {handshakes(metrics)}",
        "see what the target answers to one such handshake (URL, headers, credentials, origin)",
    )


def handshakes(metrics: Metrics) -> str:
    """Return the WebSocket handshakes that opened no session, by what the target answered."""
    failed = (s for s in metrics.websockets if s.status != OPENED)
    return few((f"{s.count}x {f'HTTP {s.status}' if s.status else 'no answer'}" for s in failed), 4)


def worst_checks(metrics: Metrics, most: int = 3) -> str:
    """Return the checks that failed most often, with their counts."""
    failed = sorted((check for check in metrics.checks if check.fails), key=lambda check: -check.fails)
    return few((f'"{cut(c.name, 60)}" {c.fails} of {c.passes + c.fails}' for c in failed), most)
