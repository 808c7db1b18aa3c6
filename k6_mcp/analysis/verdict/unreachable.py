"""Evidence that nothing of the target could be reached."""

import re

from k6_mcp.analysis.measure.error_codes import TOO_MANY_FILES
from k6_mcp.analysis.verdict.browser import pages_unreachable
from k6_mcp.analysis.verdict.case import Case, Cause, log_lines, said
from k6_mcp.models.metrics import ErrorCount, Metrics
from k6_mcp.models.wording import count

_NOT_CONNECTED = re.compile(r"\bdial(?:ing)?:? (?:tcp|udp|unix)\b|connection refused|no such host")
_START_TARGET = (
    "start the target, or correct host and port in the URL, as seen from the machine of this server"
)


def target_unreachable(case: Case) -> Cause | None:
    """Return the cause if no request got an answer.

    Without requests it applies if no WebSocket session, browser or gRPC connection got one.
    """
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None:
        return None
    if not figures.requests:
        return _no_session(metrics) or pages_unreachable(case) or _no_connection(case)
    # If all failures are requests without an answer, then those of the load are, too
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
    if of_load:
        unanswered = (
            f"none of {count(figures.requests_of_load, 'request')} of the load got an answer, only some of"
            " setup() and teardown()"
        )
    elif figures.requests == 1:
        unanswered = "the only request got no answer"
    else:
        unanswered = f"none of {figures.requests} requests got an answer"
    return Cause(
        "target_unreachable",
        f"{unanswered}: {why}",
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
            "check whether the target is up and not behind a firewall; it accepted no request in time (the"
            " request's timeout option)"
        )
    if 1300 <= code < 1400:
        return (
            "the target's certificate is not trusted: correct it, or set insecureSkipTLSVerify: true in the"
            " script's options"
        )
    if code in (1000, 1220, 1201):
        return "check why the target closes connections without an answer: its log, the port, http or https"
    return _START_TARGET


def _no_session(metrics: Metrics) -> Cause | None:
    if [session.status for session in metrics.websockets] != [0]:
        return None
    message = f"none of {count(metrics.websockets[0].count, 'WebSocket session')} got an answer"
    return Cause("target_unreachable", message, f"{_START_TARGET}; then run it again")


def _no_connection(case: Case) -> Cause | None:
    """Return the cause if no connection was opened, which k6/net/grpc shows only by throwing."""
    figures, exceptions = case.figures, [m.text for m in case.exceptions] or [case.outcome.log.cause or ""]
    if figures is None or figures.data_received_bytes or figures.iterations > figures.iterations_thrown:
        return None
    if not all(map(_NOT_CONNECTED.search, exceptions)):
        return None
    message = f"no connection to the target could be opened: {said(exceptions[0], 160)}"
    return Cause("target_unreachable", message, f"{_START_TARGET}; then run it again")
