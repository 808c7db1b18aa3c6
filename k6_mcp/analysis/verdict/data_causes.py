"""What the data of a run say is wrong with it, whatever its exit code."""

import re
from collections.abc import Iterator, Sequence

from k6_mcp.analysis.measure.error_codes import TOO_MANY_FILES
from k6_mcp.analysis.verdict.browser import (
    LOOK_AT_PAGE,
    pages_failing,
    pages_not_requested,
    pages_unreachable,
    pages_without_success,
    sent_without_answer,
)
from k6_mcp.analysis.verdict.browser_start import browser_not_started, browser_still_starting
from k6_mcp.analysis.verdict.case import Case, Cause, log_lines, said
from k6_mcp.analysis.verdict.grpc import LOOK_AT_CALL, not_counted, without_success
from k6_mcp.models.metrics import ErrorCount, Metrics, ThresholdResult
from k6_mcp.models.thresholds import parse
from k6_mcp.models.wording import count, cut, few, number, percent

# The status of a WebSocket handshake that succeeded
OPENED = 101
# Below, the figures still answer the question that was asked
MOST_DROPPED = 0.01
# Iterations of a scenario, at its begin, its end and where its rate changes
_BY_TIMING = 3
RATE_CAP_REACHED = 0.95
_MOST_LINES = 5
# k6 counts no request then
_SWITCHED = "unsupported response status: 101"
_TRAFFIC = ("http_reqs", "iterations", "data_received", "data_sent", "ws_msgs_sent", "ws_msgs_received")
_NOT_CONNECTED = re.compile(r"\bdial(?:ing)?:? (?:tcp|udp|unix)\b|connection refused|no such host")
_LOOK_AT_ANSWER = (
    "see what the target answers to one such request (URL, method, body, credentials); if these statuses are"
    " right, say so with expected_statuses"
)
_START_TARGET = (
    "start the target, or correct host and port in the URL, as seen from the machine of this server"
)


def target_unreachable(case: Case) -> Cause | None:
    """No request got an answer, nor did a WebSocket session or gRPC connection where there was no request."""
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None:
        return None
    if not figures.requests:
        return _no_session(metrics) or pages_unreachable(case) or _no_connection(case)
    # Where every failure is one without an answer, those of the load are.
    of_load = (
        figures.load_failed and figures.unanswered_requests == figures.failed_requests < figures.requests
    )
    if figures.unanswered_requests < figures.requests and not of_load:
        return None
    main = metrics.errors[0] if metrics.errors else None
    why = f"mostly error_code {main.code}, {main.meaning}" if len(metrics.errors) > 1 and main else ""
    why = why or (f"error_code {main.code}, {main.meaning}" if main else "k6 gave no error code")
    failures = (
        m for m in case.outcome.log.messages if m.level == "warning" and m.text.startswith("Request Failed")
    )
    return Cause(
        "target_unreachable",
        (
            f"none of {count(figures.requests_of_load, 'request')} of the load got an answer, only some of"
            f" setup() and teardown(): {why}"
            if of_load
            else (
                f"{'the only request got no' if figures.requests == 1 else f'none of {figures.requests} requests got an'}"
                f" answer: {why}"
            )
        ),
        f"{_unreachable_hint(main)}; then run it again",
        (*(f"{e.count}x error_code {e.code}: {e.meaning}" for e in metrics.errors[:3]), *log_lines(failures)),
    )


def _unreachable_hint(error: ErrorCount | None) -> str:
    code = error.code if error else 0
    if code == TOO_MANY_FILES:
        return "the load generator ran out of file descriptors: raise its limit (ulimit -n) or use fewer VUs"
    if code in (1110, 1111):
        return "this server does not allow that address or host name; test an allowed one"
    if 1100 <= code < 1200:
        return "correct the host name in the URL; the machine of this server must be able to resolve it"
    if code in (1050, 1211):
        return (
            "see whether the target is up and not behind a firewall; it accepted no request in time (the"
            " request's timeout option)"
        )
    if 1300 <= code < 1400:
        return (
            "the target's certificate is not trusted: correct it, or set insecureSkipTLSVerify: true in the"
            " script's options"
        )
    if code in (1000, 1220, 1201):
        return (
            "see why the target closes connections without an answer: its log, the port, http against https"
        )
    return _START_TARGET


def _no_session(metrics: Metrics) -> Cause | None:
    if [session.status for session in metrics.websockets] != [0]:
        return None
    message = f"none of {count(metrics.websockets[0].count, 'WebSocket session')} got an answer"
    return Cause("target_unreachable", message, f"{_START_TARGET}; then run it again")


def _no_connection(case: Case) -> Cause | None:
    """What k6/net/grpc says by throwing alone: not one connection was opened."""
    figures, exceptions = case.figures, [m.text for m in case.exceptions] or [case.outcome.log.cause or ""]
    if figures is None or figures.data_received_bytes or figures.iterations > figures.iterations_thrown:
        return None
    if not all(map(_NOT_CONNECTED.search, exceptions)):
        return None
    message = f"no connection to the target could be opened: {said(exceptions[0], 160)}"
    return Cause("target_unreachable", message, f"{_START_TARGET}; then run it again")


def every_iteration_threw(case: Case) -> Cause | None:
    """Every iteration ended in an exception, so none did its work."""
    figures = case.figures
    if figures is None or not figures.iterations or figures.iterations_thrown < figures.iterations:
        return None
    if no_browser := browser_not_started(case):
        return no_browser
    return Cause(
        "script_error",
        (
            "the only iteration ended in an exception"
            if figures.iterations == 1
            else f"every one of {figures.iterations} iterations ended in an exception"
        ),
        "correct the script where the exception says, and try it with iterations=1 before the whole load",
        log_lines(case.exceptions),
    )


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
        f"{_LOOK_AT_ANSWER.partition(';')[0]}; for a WebSocket use k6/websockets or k6/ws",
        log_lines(case.exceptions, 1),
    )


def thresholds_exceeded(case: Case) -> Cause | None:
    """A threshold was crossed."""
    crossed = [threshold for threshold in case.thresholds if not threshold.ok]
    if not crossed:
        return None
    early = "; k6 stopped the test early (abortOnFail)" if case.aborted_by_threshold else ""
    of_requests = _without_success(case)
    of_pages = pages_without_success(case)
    useless = of_requests or of_pages or without_success(case)
    return Cause(
        "thresholds_exceeded",
        f"{len(crossed)} of {count(len(case.thresholds), 'threshold')} crossed:"
        f" {few(map(crossing, crossed))}{early}" + (f"; {useless}" if useless else ""),
        (
            (_LOOK_AT_ANSWER if of_requests else LOOK_AT_PAGE if of_pages else LOOK_AT_CALL)
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


def _without_success(case: Case) -> str | None:
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


def target_failing(case: Case) -> Cause | None:
    """Answers came, not one was successful, and no threshold asked about it."""
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None:
        return None
    if not figures.requests:
        return _sessions_refused(case, metrics) or pages_failing(case)
    message = _without_success(case)
    if message is None or any(t.has_samples and _accepts_failures(t) for t in case.thresholds):
        return None
    return Cause("target_failing", message, _LOOK_AT_ANSWER, tuple(_statuses(metrics)[4 : 4 + _MOST_LINES]))


def _accepts_failures(threshold: ThresholdResult) -> bool:
    """Return whether a threshold judges how many requests fail, and would have all of them fail if it is on
    that share itself.
    """
    if not asks_about_failures(threshold.metric):
        return False
    parsed = parse(threshold.expression)
    return threshold.metric != "http_req_failed" or parsed is None or not threshold.ok or parsed.holds(1.0)


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


def asks_about_failures(metric: str) -> bool:
    """Return whether a threshold on `metric` judges how many requests fail."""
    base, _, tags = metric.partition("{")
    return base in ("http_req_failed", "checks") or (
        base == "http_reqs" and ("status:" in tags or "expected_response:" in tags)
    )


def load_not_delivered(case: Case) -> Cause | None:
    """k6 could not start a part of the planned iterations, so the target saw less load than was asked for."""
    figures = case.figures
    if figures is None:
        return None
    if never_started(case):
        return _not_started(case)
    if figures.iterations_dropped <= 0:
        return None
    dropped, due = figures.iterations_dropped, figures.iterations_due
    share = dropped / due
    if share <= MOST_DROPPED:
        return None
    open_model = case.plan is None or any(s.rate_per_s is not None for s in case.plan.scenarios)
    made = figures.vus_allocated
    late = open_model and case.plan is not None and made is not None and made < case.plan.max_vus
    busy = f"all {count(case.plan.max_vus, 'VU')} were busy" if case.plan else "all VUs were busy"
    why = f"{busy} waiting for the target" if open_model else "the scenario's maxDuration was over"
    if late:
        why = (
            f"it had to make VUs during the test, {count(made or 0, 'VU')} in the end, and drops an iteration"
            " that finds none free"
        )
    hint = (
        "preallocate more VUs (preAllocatedVUs in the script's scenario, vus beside rate_per_s), or ask for a"
        " lower rate"
        if late
        else (
            "the target is too slow for this rate: ask for a lower rate_per_s, or allow more VUs (vus beside"
            " rate_per_s, maxVUs in a script's scenario)"
            if open_model
            else "raise maxDuration of the scenario, or ask for fewer iterations"
        )
    )
    return Cause(
        "load_not_delivered",
        f"k6 dropped {dropped} of {due} planned iterations ({percent(share)}), since {why}; "
        "the figures are those of a smaller load",
        hint,
    )


def never_started(case: Case) -> int:
    """Return how many planned iterations k6 neither started nor dropped, 0 for the few that timing
    explains.
    """
    figures, plan, exact = case.figures, case.plan, case.outcome.completed is not None
    if figures is None or plan is None or plan.expected_iterations is None or not exact:
        return 0
    missing = plan.expected_iterations - figures.iterations_due
    return (
        missing
        if missing > max(_BY_TIMING * len(plan.scenarios), MOST_DROPPED * plan.expected_iterations)
        else 0
    )


def _not_started(case: Case) -> Cause:
    figures, planned = case.figures, case.plan.expected_iterations if case.plan else None
    due = figures.iterations_due if figures else 0
    return Cause(
        "load_not_delivered",
        f"k6 started or dropped only {due} of {planned} planned iterations: it stood still or could not keep"
        " up, or its counts are not true; the figures are those of a smaller load",
        "give k6 a machine that does nothing else, or ask for a lower rate; then run it again",
    )


def no_samples(case: Case) -> Cause | None:
    """A threshold had nothing to judge, or not one iteration finished; k6 calls both a success."""
    empty = [threshold for threshold in case.thresholds if threshold.ok and not threshold.has_samples]
    unfinished = list(_no_iterations(case))
    reasons = [*unfinished]
    if empty:
        names = few(f"{cut(t.metric, 80)} {cut(t.expression, 40)}" for t in empty)
        reasons.append(f"nothing was measured for {count(len(empty), 'threshold')}: {names}")
    if uncounted := not_counted(case):
        reasons.append(uncounted)
    if unfinished and (starting := browser_still_starting(case)):
        return Cause("no_samples", "; ".join([*reasons, starting[0]]), starting[1])
    if unrequested := pages_not_requested(case):
        reasons.append(unrequested)
    if not reasons:
        return None
    hint = (
        "see whether the target answers at all; make an iteration shorter than the test, or the test longer"
        if unfinished
        else (
            "see whether the target answers one such call in time; a script that only connects measures"
            " nothing, so let it make a call"
            if uncounted
            else (
                "let the script open a page (await page.goto(url)), or make checks on what it does instead"
                if unrequested
                else (
                    _OF_BROWSERS
                    if _all_of_protocol(case, empty)
                    else (
                        "correct the metric or tag names, or make the script produce these samples (checks,"
                        " custom metrics, tags)"
                    )
                )
            )
        )
    )
    return Cause("no_samples", "; ".join(reasons), hint)


_OF_BROWSERS = (
    "requests of browsers are measured by browser_http_req_duration and browser_http_req_failed, and pages by"
    " browser_web_vital_lcp and the other web vitals: put the thresholds on these"
)


def _all_of_protocol(case: Case, empty: Sequence[ThresholdResult]) -> bool:
    """Whether thresholds without samples ask about http_req_* where only browsers made requests."""
    figures = case.figures
    browsers = (
        case.metrics is not None
        and case.metrics.browser is not None
        and figures is not None
        and not figures.requests
    )
    return browsers and bool(empty) and all(threshold.metric.startswith("http_req") for threshold in empty)


def _no_iterations(case: Case) -> Iterator[str]:
    figures = case.figures
    if figures is not None and not figures.iterations:
        interrupted = figures.iterations_interrupted
        silent = (figures.data_sent_bytes and not figures.data_received_bytes) or sent_without_answer(case)
        yield (
            "not one iteration finished"
            + (f" ({interrupted} were interrupted)" if interrupted else "")
            + ("; the target was sent requests and answered nothing" if silent else "")
        )


def worst_checks(metrics: Metrics, most: int = 3) -> str:
    """Return the checks that failed most often, with their counts."""
    failed = sorted((check for check in metrics.checks if check.fails), key=lambda check: -check.fails)
    return few((f'"{cut(c.name, 60)}" {c.fails} of {c.passes + c.fails}' for c in failed), most)
