"""What iterations did not do: some threw, were not started, or measured nothing."""

from collections.abc import Iterator, Sequence

from k6_mcp.analysis.verdict.browser import pages_not_requested, sent_without_answer
from k6_mcp.analysis.verdict.browser_start import browser_not_started, browser_still_starting
from k6_mcp.analysis.verdict.case import Case, Cause, log_lines
from k6_mcp.analysis.verdict.grpc import not_counted
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.wording import count, cut, few, percent

# Below, the figures still answer the question that was asked
MOST_DROPPED = 0.01
# Iterations of a scenario at its start, at its end and where its rate changes
_BY_TIMING = 3
_OF_BROWSERS = (
    "browser requests are measured by browser_http_req_duration and browser_http_req_failed, and pages by"
    " browser_web_vital_lcp and the other web vitals: put the thresholds on these"
)


def every_iteration_threw(case: Case) -> Cause | None:
    """Return the cause if every iteration ended in an exception, so none did its work."""
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
        "correct the script where the exception points, and try it with iterations=1 before the whole load",
        log_lines(case.exceptions),
    )


def load_not_delivered(case: Case) -> Cause | None:
    """Return the cause if k6 could not start part of the planned iterations.

    The target then saw less load than planned.
    """
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
            f"it had to allocate VUs during the test, {count(made or 0, 'VU')} in the end, and drops an"
            " iteration that finds none free"
        )
    hint = (
        "preallocate more VUs (preAllocatedVUs in the script's scenario, vus along with rate_per_s), or use a"
        " lower rate"
        if late
        else (
            "the target is too slow for this rate: use a lower rate_per_s, or allow more VUs (vus along with"
            " rate_per_s, maxVUs in a script's scenario)"
            if open_model
            else "raise maxDuration of the scenario, or use fewer iterations"
        )
    )
    return Cause(
        "load_not_delivered",
        f"k6 dropped {dropped} of {due} planned iterations ({percent(share)}), because {why}; "
        "the figures are those of a smaller load",
        hint,
    )


def never_started(case: Case) -> int:
    """Return how many planned iterations k6 neither started nor dropped.

    0 if there are only the few that timing explains.
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
        " up, or its counts are wrong; the figures are those of a smaller load",
        "run k6 on a machine that does nothing else, or use a lower rate; then run it again",
    )


def no_samples(case: Case) -> Cause | None:
    """Return the cause if a threshold had nothing to judge, or no iteration finished.

    k6 treats both as a success.
    """
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
        "check whether the target answers at all; make an iteration shorter than the test, or the test longer"
        if unfinished
        else (
            "check whether the target answers one such call in time; a script that only connects measures"
            " nothing, so make it call something"
            if uncounted
            else (
                "make the script open a page (await page.goto(url)), or add checks on what it does instead"
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


def _all_of_protocol(case: Case, empty: Sequence[ThresholdResult]) -> bool:
    """Whether thresholds without samples are on http_req_* although only browsers made requests."""
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
            + ("; requests were sent to the target, but it answered nothing" if silent else "")
        )
