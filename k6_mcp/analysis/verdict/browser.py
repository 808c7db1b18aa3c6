"""What the requests of browsers (k6/browser) say of the target, where there is no protocol traffic that says
it.

k6 counts a browser's request when its answer has come: one that gets none leaves only the bytes that were
sent. Where Chromium is newer than k6 1.x knows, `page.goto` of a dead target does not even throw there.
Chromium's own error page has web vitals too, so those count only where something was answered.
"""

import re
from collections.abc import Iterator

from k6_mcp.analysis.measure.browser import FAILED
from k6_mcp.analysis.verdict.case import Case, Cause, log_lines
from k6_mcp.models.metrics import BrowserFigures, Figures, Metrics
from k6_mcp.models.run import Notice
from k6_mcp.models.wording import count, few, percent

LOOK_AT_PAGE = (
    "open such a page in a browser, or see what the target answers to one such request (URL, cookies,"
    f" credentials); if these statuses are right, say so with a threshold on checks or on {FAILED}"
)
_NET_ERROR = re.compile(r"\bnet::(ERR_[A-Z0-9_]+)")
_TOLD = 4
_HINTS = (
    (
        r"NAME_NOT_RESOLVED|NAME_RESOLUTION",
        "correct the host name in the URL; the machine of this server must be able to resolve it",
    ),
    (
        r"CERT_|SSL_",
        (
            "the target's certificate is not trusted: correct it, or open pages with browser.newPage({"
            " ignoreHTTPSErrors: true })"
        ),
    ),
    (
        r"TIMED_OUT",
        "see whether the target is up and not behind a firewall; it accepted no connection in time",
    ),
    (
        r"EMPTY_RESPONSE|CONNECTION_(?:RESET|CLOSED|ABORTED)|HTTP2|QUIC|INVALID",
        "see why the target closes connections without an answer: its log, the port, http against https",
    ),
    (
        r"UNSAFE_PORT",
        (
            "Chromium does not open pages at that port: use another one, or --explicitly-allowed-ports in"
            " K6_MCP_BROWSER_ARGS"
        ),
    ),
    (
        r"BLOCKED|ACCESS_DENIED",
        "that address is blocked: by the script (blockHostnames, blacklistIPs, page.route) or by the machine",
    ),
)
_START_TARGET = (
    "start the target, or correct host and port in the URL, as seen from the machine of this server"
)
_AWAIT = "; a script must await page.goto(), else its page is closed before an answer comes"


def pages_unreachable(case: Case) -> Cause | None:
    """Browsers sent requests, and no iteration of those that ended saw an answer."""
    found, figures = _browser(case), case.figures
    if (
        found is None
        or found.answered
        or figures is None
        or not figures.iterations
        or _other_traffic(case.metrics, figures)
    ):
        return None
    errors = _net_errors(case)
    why = few(f"net::{error}" for error in errors)
    if found.error_pages:
        why = ", ".join(
            filter(None, (why, f"{count(found.error_pages, 'page load')} showed Chromium's own error page"))
        )
    hint = next((hint for pattern, hint in _HINTS if errors and re.search(pattern, errors[0])), _START_TARGET)
    return Cause(
        "target_unreachable",
        f"no request of a browser got an answer in {count(figures.iterations, 'iteration')}:"
        f" {why or 'k6 gave no reason'}",
        f"{hint}{'' if why else _AWAIT}; then run it again",
        log_lines(m for m in case.exceptions if _NET_ERROR.search(m.text)),
    )


def pages_failing(case: Case) -> Cause | None:
    """Not one page, or not one request of a browser, was answered with a success, and no threshold asked
    about that.
    """
    message = pages_without_success(case)
    if message is None or any(t.has_samples and asks_about_pages(t.metric) for t in case.thresholds):
        return None
    return Cause("target_failing", message, LOOK_AT_PAGE)


def pages_without_success(case: Case) -> str | None:
    """Return that no page was loaded with success and what came instead, None where some were or protocol
    traffic tells more.
    """
    found, figures = _browser(case), case.figures
    if found is None or figures is None or _other_traffic(case.metrics, figures):
        return None
    return _all_failed(found)


def _all_failed(found: BrowserFigures) -> str | None:
    pages = sum(row.count for row in found.documents)
    if (
        pages
        and not any(_loaded(row.status) for row in found.documents)
        and any(row.status >= 400 for row in found.documents)
    ):
        which = "the only page was not" if pages == 1 else f"not one of {pages} pages was"
        return f"{which} loaded with success: {_statuses(found)}"
    if found.error_rate == 1.0:
        what = f": {_statuses(found)}" if found.documents else ""
        requests = count(found.requests, "browser request") if found.requests else "the browser requests"
        return (
            f"the only browser request failed{what}"
            if found.requests == 1
            else f"not one of {requests} was successful{what}"
        )
    return None


def pages_not_requested(case: Case) -> str | None:
    """Return that browsers were to be used and requested nothing, where nothing else was measured either;
    None in every other case.
    """
    figures, metrics, plan = case.figures, case.metrics, case.plan
    if figures is None or metrics is None or plan is None or not plan.browser or metrics.browser is not None:
        return None
    if (
        _other_traffic(metrics, figures)
        or figures.checks_passed + figures.checks_failed
        or any(t.has_samples for t in case.thresholds)
    ):
        return None
    return (
        "the script's browsers requested nothing" if figures.iterations > figures.iterations_thrown else None
    )


def sent_without_answer(case: Case) -> bool:
    """Whether browsers sent requests and received nothing at all."""
    found = _browser(case)
    return found is not None and not found.answered


def browser_notices(case: Case) -> Iterator[Notice]:
    """Yield what browsers' requests show that is no failure: some failed, or all beside protocol traffic that
    did not.
    """
    found, figures = _browser(case), case.figures
    if found is None or figures is None:
        return
    planned = case.plan.thresholds if case.plan else ()
    asked = any(asks_about_pages(threshold.metric) for threshold in (*case.thresholds, *planned))
    beside = _other_traffic(case.metrics, figures)
    if beside and not found.answered:
        errors = few(f"net::{error}" for error in _net_errors(case))
        yield Notice(
            code="pages_unanswered",
            message=f"no request of a browser got an answer{f': {errors}' if errors else ''}",
        )
    if found.answered and found.error_pages:
        message = (
            f"{found.error_pages} of {count(found.page_loads or 0, 'page load')} showed Chromium's own error"
            " page, since nothing answered; the web vitals count these too"
        )
        yield Notice(code="pages_unanswered", message=message)
    if not found.answered:
        return
    if beside and not asked and (message := _all_failed(found)):
        yield Notice(code="pages_failed", message=message)
    elif found.error_rate and found.error_rate < 1 and not asked and not pages_without_success(case):
        of = (
            f"{found.failed_requests} of {found.requests} browser requests"
            if found.requests
            else "some browser requests"
        )
        pages = f": pages {_statuses(found)}" if any(row.status >= 400 for row in found.documents) else ""
        yield Notice(
            code="pages_failed",
            message=f"{of} ({percent(found.error_rate)}) failed and no threshold asks about that{pages}",
        )


def asks_about_pages(metric: str) -> bool:
    """Return whether a threshold on `metric` judges how many requests of browsers fail."""
    return metric.partition("{")[0] in (FAILED, "checks")


def _browser(case: Case) -> BrowserFigures | None:
    return case.metrics.browser if case.metrics else None


def _other_traffic(metrics: Metrics | None, figures: Figures) -> bool:
    return bool(figures.requests or (metrics and (metrics.websockets or metrics.grpc)))


def _net_errors(case: Case) -> list[str]:
    texts = (message.text for message in (*case.exceptions, *case.outcome.log.messages))
    return list(dict.fromkeys(error for text in texts for error in _NET_ERROR.findall(text)))


def _loaded(status: int) -> bool:
    return 200 <= status < 300 or status == 304


def _statuses(found: BrowserFigures) -> str:
    return few((f"{row.count}x HTTP {row.status}" for row in found.documents), _TOLD)
