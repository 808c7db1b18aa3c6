"""What browser requests (k6/browser) show about the target if no protocol traffic shows it.

k6 counts a browser's request when its answer has arrived. A request without an answer leaves only the bytes
that were sent. If Chromium is newer than k6 1.x knows, `page.goto` of a dead target does not even throw.
Chromium's own error page has web vitals too, so web vitals count only if something was answered.
"""

import re
from collections.abc import Iterator

from k6_mcp.analysis.measure.browser import FAILED
from k6_mcp.analysis.verdict.case import Case, Cause, log_lines
from k6_mcp.models.metrics import BrowserFigures, Figures, Metrics
from k6_mcp.models.run import Notice
from k6_mcp.models.wording import count, few, percent

LOOK_AT_PAGE = (
    "open such a page in a browser, or check what the target answers to one such request (URL, cookies,"
    f" credentials); if these statuses are correct, declare it with a threshold on checks or on {FAILED}"
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
        "check whether the target is up and not behind a firewall; it accepted no connection in time",
    ),
    (
        r"EMPTY_RESPONSE|CONNECTION_(?:RESET|CLOSED|ABORTED)|HTTP2|QUIC|INVALID",
        "check why the target closes connections without an answer: its log, the port, http or https",
    ),
    (
        r"UNSAFE_PORT",
        (
            "Chromium does not open pages at that port: use another port, or --explicitly-allowed-ports in"
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
_AWAIT = "; a script must await page.goto(), or its page is closed before an answer arrives"


def pages_unreachable(case: Case) -> Cause | None:
    """Return the cause if browsers sent requests and no ended iteration got an answer."""
    browser, figures = _browser(case), case.figures
    if (
        browser is None
        or browser.answered
        or figures is None
        or not figures.iterations
        or _other_traffic(case.metrics, figures)
    ):
        return None
    errors = _net_errors(case)
    why = few(f"net::{error}" for error in errors)
    if browser.error_pages:
        why = ", ".join(
            filter(None, (why, f"{count(browser.error_pages, 'page load')} showed Chromium's own error page"))
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
    """Return the cause if no page, or no browser request, was answered with success.

    It applies only if no threshold covers that.
    """
    message = pages_without_success(case)
    if message is None or any(t.has_samples and asks_about_pages(t.metric) for t in case.thresholds):
        return None
    return Cause("target_failing", message, LOOK_AT_PAGE)


def pages_without_success(case: Case) -> str | None:
    """Return that no page was loaded with success, and what came instead.

    None if some pages were, or if protocol traffic shows more.
    """
    browser, figures = _browser(case), case.figures
    if browser is None or figures is None or _other_traffic(case.metrics, figures):
        return None
    return _all_failed(browser)


def _all_failed(browser: BrowserFigures) -> str | None:
    pages = sum(row.count for row in browser.documents)
    if (
        pages
        and not any(_loaded(row.status) for row in browser.documents)
        and any(row.status >= 400 for row in browser.documents)
    ):
        which = "the only page was not" if pages == 1 else f"not one of {pages} pages was"
        return f"{which} loaded with success: {_statuses(browser)}"
    if browser.error_rate == 1.0:
        what = f": {_statuses(browser)}" if browser.documents else ""
        requests = count(browser.requests, "browser request") if browser.requests else "the browser requests"
        return (
            f"the only browser request failed{what}"
            if browser.requests == 1
            else f"not one of {requests} was successful{what}"
        )
    return None


def pages_not_requested(case: Case) -> str | None:
    """Return that the script's browsers requested nothing; None in every other case.

    That includes cases in which something else was measured.
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
    browser = _browser(case)
    return browser is not None and not browser.answered


def browser_notices(case: Case) -> Iterator[Notice]:
    """Yield problems with browser requests that aren't failures.

    Some requests failed, or all of them did while protocol traffic did not.
    """
    browser, figures = _browser(case), case.figures
    if browser is None or figures is None:
        return
    planned = case.plan.thresholds if case.plan else ()
    covered = any(asks_about_pages(threshold.metric) for threshold in (*case.thresholds, *planned))
    mixed = _other_traffic(case.metrics, figures)
    if mixed and not browser.answered:
        errors = few(f"net::{error}" for error in _net_errors(case))
        yield Notice(
            code="pages_unanswered",
            message=f"no request of a browser got an answer{f': {errors}' if errors else ''}",
        )
    if browser.answered and browser.error_pages:
        message = (
            f"{browser.error_pages} of {count(browser.page_loads or 0, 'page load')} showed Chromium's own"
            " error page because nothing answered; the web vitals include these loads"
        )
        yield Notice(code="pages_unanswered", message=message)
    if not browser.answered:
        return
    if mixed and not covered and (message := _all_failed(browser)):
        yield Notice(code="pages_failed", message=message)
    elif browser.error_rate and browser.error_rate < 1 and not covered and not pages_without_success(case):
        of = (
            f"{browser.failed_requests} of {browser.requests} browser requests"
            if browser.requests
            else "some browser requests"
        )
        pages = f": pages {_statuses(browser)}" if any(row.status >= 400 for row in browser.documents) else ""
        yield Notice(
            code="pages_failed",
            message=f"{of} ({percent(browser.error_rate)}) failed and no threshold covers that{pages}",
        )


def asks_about_pages(metric: str) -> bool:
    """Return whether a threshold on `metric` judges how many browser requests fail."""
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


def _statuses(browser: BrowserFigures) -> str:
    return few((f"{row.count}x HTTP {row.status}" for row in browser.documents), _TOLD)
