"""What is no failure but changes how far a run's figures can be trusted; every notice has a stable code."""

import re
from collections.abc import Iterator
from math import inf

from k6_mcp.analysis.measure.cpu_contention import held_up, waiting_share
from k6_mcp.analysis.measure.error_codes import TOO_MANY_FILES, is_unanswered
from k6_mcp.analysis.measure.figures import generator
from k6_mcp.analysis.verdict.browser import browser_notices
from k6_mcp.analysis.verdict.case import Case, said
from k6_mcp.analysis.verdict.crossed import RATE_CAP_REACHED
from k6_mcp.analysis.verdict.doubts import only_redirects, paused, redirects
from k6_mcp.analysis.verdict.failing import OPENED, asks_about_failures, handshakes, worst_checks
from k6_mcp.analysis.verdict.grpc import some_failed
from k6_mcp.analysis.verdict.iterations import MOST_DROPPED
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.outcome import LogMessage
from k6_mcp.models.run import Notice
from k6_mcp.models.wording import count, few, number, percent

# Of the average latency
_DISTURBED = 0.1
_MOST_K6_WARNINGS = 3
_HANDLER_CHARS = 400
# The wrapper's words
_IGNORED = "handleSummary: ignored"
_THROWN_BY_HANDLER = "at handleSummary ("
# k6/browser at the end of a test, told by what it means
_KNOWN_INSIDE = ("events were processed",)
# k6's words for a file of handleSummary that it could not write, as in a folder that is not there.
_UNSAVED = ("Could not save some summary information", "could not open '", "error saving summary to '")
_UNSAVED_FILE = re.compile(r"(?:could not open|error saving summary to) '([^']*)'")
_OWN_FILE = re.compile(r"(?:/.*/)?(?:k6-mcp-summary|summary-export)\.json")
_KNOWN = ("Request Failed", "Stopped after ", "Insufficient VUs", "No script iterations fully finished")


def notices(case: Case) -> Iterator[Notice]:
    """Yield every notice, the weightiest first."""
    yield from _measured(case)
    if case.figures is not None:
        yield from _iterations(case)
        yield from _requests(case)
        yield from _websockets(case)
        yield from some_failed(case)
        yield from browser_notices(case)
        yield from _assertions(case)
        yield from _paused(case)
        yield from _generator(case)
    yield from _plan(case)
    yield from _summary_handler(case)


def _measured(case: Case) -> Iterator[Notice]:
    for warning in case.metrics.warnings if case.metrics else ():
        code, _, message = warning.partition(": ")
        yield Notice(code=code, message=message)


def _iterations(case: Case) -> Iterator[Notice]:
    figures = case.figures
    if figures is None:
        return
    if 0 < figures.iterations_thrown < figures.iterations:
        example = f", e.g. {said(case.exceptions[0].text, 160)}" if case.exceptions else ""
        yield Notice(
            code="iterations_threw",
            message=(
                f"{figures.iterations_thrown} of {figures.iterations} iterations ended in an"
                f" exception{example}"
            ),
        )
    if figures.iterations_interrupted:
        message = (
            f"{count(figures.iterations_interrupted, 'iteration')} interrupted before the end; their last"
            " requests are not counted"
        )
        yield Notice(code="iterations_interrupted", message=message)
    dropped = figures.iterations_dropped
    if 0 < dropped <= MOST_DROPPED * (dropped + figures.iterations + figures.iterations_interrupted):
        yield Notice(
            code="iterations_dropped",
            message=f"{count(dropped, 'planned iteration')} could not be started (no VU was free)",
        )


def _requests(case: Case) -> Iterator[Notice]:
    figures = case.figures
    if figures is None:
        return
    if 0 < figures.unanswered_requests < figures.requests:
        share = percent(figures.unanswered_requests / figures.requests)
        codes = [e for e in case.metrics.errors if is_unanswered(e.code)] if case.metrics else []
        errors = few(f"{e.count}x {e.code} {e.meaning}" for e in codes)
        message = (
            f"{figures.unanswered_requests} of {figures.requests} requests ({share}) got no answer: {errors}"
        )
        yield Notice(code="requests_unanswered", message=message)
    if case.metrics and (expected := [*_expected_errors(case.metrics)]):
        message = (
            "the script or expected_statuses declares answers from HTTP 500 on as expected, so they count as"
            f" successful: {few(expected)}"
        )
        yield Notice(code="errors_expected", message=message)
    if given_up := redirects(case):
        yield Notice(
            code="redirects_not_followed",
            message=f"{given_up}; their last answer, a redirect, counts as successful",
        )
    elif only := only_redirects(case):
        yield Notice(code="redirects_not_followed", message=f"{only}; k6 counts them as successful")
    if figures.latency is not None and figures.latency.of == "successful_requests":
        yield Notice(
            code="latency_of_successes_only",
            message=(
                "latency is that of the successful requests: k6 counts requests that never connected as 0 ms,"
                " also where thresholds on http_req_duration are judged"
            ),
        )


def _expected_errors(metrics: Metrics) -> Iterator[str]:
    failed = {error.code - 1000: error.count for error in metrics.errors}
    for status in metrics.statuses:
        if status.status >= 500 and (expected := status.count - failed.get(status.status, 0)) > 0:
            yield f"{expected}x HTTP {status.status}"


def _websockets(case: Case) -> Iterator[Notice]:
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None:
        return
    total = sum(session.count for session in metrics.websockets)
    opened = sum(session.count for session in metrics.websockets if session.status == OPENED)
    if opened < total and (opened or figures.requests):
        message = (
            f"{total - opened} of {count(total, 'WebSocket session')} could not be opened:"
            f" {handshakes(metrics)}"
        )
        yield Notice(code="websockets_not_opened", message=message)


def _assertions(case: Case) -> Iterator[Notice]:
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None:
        return
    planned = case.plan.thresholds if case.plan else ()
    asked = {threshold.metric for threshold in (*metrics.thresholds, *planned)}
    judged = {metric.partition("{")[0] for metric in asked}
    if figures.unanswered_requests < figures.failed_requests < figures.requests and not any(
        map(asks_about_failures, asked)
    ):
        share = percent(figures.failed_requests / figures.requests)
        yield Notice(
            code="requests_failed",
            message=(
                f"{figures.failed_requests} of {figures.requests} requests ({share}) failed and no threshold"
                " asks about that: "
            )
            + few(f"{e.count}x {e.meaning}" for e in metrics.errors),
        )
    if figures.checks_failed > _failed_checks_judged(metrics, asked):
        total = figures.checks_passed + figures.checks_failed
        them = "all of them" if "checks" in judged else "checks"
        yield Notice(
            code="checks_failed",
            message=(
                f"{figures.checks_failed} of {total} checks failed and no threshold asks about {them}:"
                f" {worst_checks(metrics)}"
            ),
        )
    if not judged:
        yield Notice(
            code="nothing_asserted",
            message="no threshold was given, so nothing was asserted about the figures; use thresholds"
            + (
                " on browser_http_req_failed and browser_web_vital_lcp"
                if metrics.of_browsers_alone
                else " or slo"
            ),
        )


def _failed_checks_judged(metrics: Metrics, asked: set[str]) -> float:
    """How many of the failed checks a threshold looks at: all, or those that carry the tags it names; without
    k6's counts no more is known.
    """
    if "checks" in asked:
        return inf
    counted = {row.name: row.values.get("fails", inf) for row in metrics.rows}
    return sum(counted.get(name, inf) for name in asked if name.startswith("checks{"))


def _summary_handler(case: Case) -> Iterator[Notice]:
    """What the script's own report lacks: k6 ends with 0 all the same."""
    # That is a failure of its own
    if case.summary_timed_out and case.load_was_over:
        return
    lacking = [message.text for message in case.outcome.log.messages if _is_of_handler(message)]
    if lacking:
        message = (
            "the script's own handleSummary did not work as written:"
            f" {few((said(text) for text in lacking), 2, _HANDLER_CHARS)}"
        )
        yield Notice(code="handle_summary", message=message)


def _is_of_handler(message: LogMessage) -> bool:
    if message.source == "console" and message.text.startswith(_IGNORED):
        return True
    if message.level != "error" or (
        (files := _UNSAVED_FILE.findall(message.text)) and all(map(_OWN_FILE.fullmatch, files))
    ):
        # A disk without room, of which the figures tell
        return False
    return _THROWN_BY_HANDLER in message.text or any(words in message.text for words in _UNSAVED)


def _paused(case: Case) -> Iterator[Notice]:
    stood_s = case.outcome.paused_s
    if stood_s and paused(case) is None:
        message = (
            f"k6 was stopped from outside for about {number(stood_s, 2)} s and went on; requests that were"
            " under way seem slow"
        )
        yield Notice(code="generator_paused", message=message)


def _generator(case: Case) -> Iterator[Notice]:
    k6 = generator(case.outcome)
    if k6 is not None and k6.cpu_share > case.busy_cpu_share:
        message = (
            f"k6 used {percent(k6.cpu_share)} of all {k6.cores} cores, so latency and rate may be the load"
            " generator's own limit"
        )
        yield Notice(code="generator_limited", message=message)
    elif case.metrics:
        yield from _disturbed(
            case.metrics, "its browsers or other work" if case.plan and case.plan.browser else "other work"
        )
    exhausted = (
        [error.count for error in case.metrics.errors if error.code == TOO_MANY_FILES] if case.metrics else []
    )
    if exhausted:
        message = (
            f"{exhausted[0]} connections could not be opened: the load generator is out of file descriptors"
            " or ports (ulimit -n)"
        )
        yield Notice(code="generator_limited", message=message)


def _disturbed(metrics: Metrics, by: str) -> Iterator[Notice]:
    share = waiting_share(metrics)
    if share is not None and held_up(metrics) > _DISTURBED:
        message = (
            f"k6 waited for a CPU {percent(share)} of the time in which it wanted one: {by} held it up, "
            "so that latency may look higher than it is"
        )
        yield Notice(code="generator_disturbed", message=message)


def _plan(case: Case) -> Iterator[Notice]:
    plan, figures = case.plan, case.figures
    if plan is not None and plan.replaced:
        yield Notice(
            code="load_replaced", message=f"the load arguments replaced the script's own {few(plan.replaced)}"
        )
    if plan is not None and plan.rps and figures and figures.requests_per_s >= plan.rps * RATE_CAP_REACHED:
        yield Notice(
            code="rate_capped",
            message=(
                f"the load was held at {number(plan.rps)} requests per second, by the script's rps option or"
                " this server's limit K6_MCP_MAX_RPS"
            ),
        )
    for note in plan.notes if plan else ():
        code, _, message = note.partition(": ")
        yield Notice(code=code, message=message)
    warned = list(plan.warnings) if plan else []
    warned += [m.text for m in case.outcome.log.messages if m.level == "warning" and m.source is None]
    others = 0
    for text in dict.fromkeys(warned):
        if text.startswith(_KNOWN) or any(words in text for words in _KNOWN_INSIDE):
            continue
        if "unknown fields in the options" in text:
            yield Notice(code="unknown_options", message=f"k6 ignored options it does not know: {said(text)}")
        elif "overrode scenarios" in text or "overrides scenarios" in text:
            if not (plan and plan.replaced):
                yield Notice(
                    code="load_replaced", message=f"the script's scenarios were replaced: {said(text)}"
                )
        elif others < _MOST_K6_WARNINGS:
            others += 1
            yield Notice(code="k6_warning", message=f"k6 warned: {said(text)}")
