"""What makes the figures of a run unfit to call it completed, although neither k6 nor a threshold objects."""

from k6_mcp.analysis.verdict.case import Case, Cause
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.wording import count, few, number, percent

# Of the run: above, the load was not the one that was planned
PAUSED = 0.1
# Two looks at k6 and more
_SHORTEST_PAUSE_S = 1.0
_REDIRECTS = (301, 302, 303, 307, 308)


def warned(metrics: Metrics | None, code: str) -> list[str]:
    """Return the messages of the warnings about the figures that have this code."""
    parts = (warning.partition(": ") for warning in metrics.warnings) if metrics else ()
    return [message for found, _, message in parts if found == code]


def not_believed(case: Case) -> Cause | None:
    """The figures contradict each other, or both of k6's end-of-test files contradict its time series."""
    reasons = warned(case.metrics, "figures_contradicted")
    if case.metrics and case.metrics.source in ("record", "none"):
        reasons += warned(case.metrics, "summary_contradicted")
    if not reasons or not case.ended_by_itself:
        return None
    return Cause(
        "script_error",
        f"the figures contradict each other, so they are not trusted: {few(reasons, 2)}",
        "look for what in the script, or in a module that it imports, adds to metrics of k6 itself or changes"
        " its summary",
        tuple(reasons[2:5]),
    )


def ends_early(case: Case) -> Cause | None:
    """k6 went on after the last figures that are known."""
    reasons = warned(case.metrics, "figures_incomplete")
    if not reasons or not case.ended_by_itself:
        return None
    return Cause(
        "internal",
        f"{reasons[0]}; what happened later is not known",
        "see whether the disk was full or somebody removed or changed the run's folder (check_health tells"
        " free space and the state of the results folder); then run it again",
    )


def paused(case: Case) -> Cause | None:
    """Somebody stopped k6 for a considerable part of the run, and let it go on."""
    stood_s, wall_s = case.outcome.paused_s, wall_s_of(case.outcome)
    if not case.ended_by_itself or stood_s < _SHORTEST_PAUSE_S or stood_s < PAUSED * wall_s:
        return None
    return Cause(
        "stopped_externally",
        f"k6 was stopped from outside (SIGSTOP, a debugger) for about {number(stood_s, 2)} of"
        f" {number(wall_s, 3)} s and went on later; in that time there was no load, and requests that were"
        " under way seem slow",
        "find out what stopped it; then run it again",
    )


def wall_s_of(outcome: Outcome) -> float:
    """Return how long k6 ran."""
    return (outcome.ended_at - outcome.started_at).total_seconds()


def endless_redirects(case: Case) -> Cause | None:
    """Not one request came to an answer that is no redirect, though k6 was to follow them."""
    figures, log = case.figures, case.outcome.log
    if figures is None or case.expects_redirects or not log.redirects_given_up:
        return None
    if log.requests_given_up + figures.failed_requests < figures.requests:
        return None
    others = (
        f"; the other {count(figures.failed_requests, 'request')} failed" if figures.failed_requests else ""
    )
    return Cause(
        "target_failing",
        f"the target only redirects: {redirects(case)}{others}",
        "see where the target redirects to (curl -IL URL): a loop, a login page, http against https; a script"
        " that means to get the redirect itself says so with redirects: 0",
    )


def redirects(case: Case) -> str:
    """Return how many redirects k6 gave up to follow, empty where there were none; one that a script has it
    not follow is none.
    """
    log, figures = case.outcome.log, case.figures
    if not log.redirects_given_up:
        return ""
    steps = round(log.requests_given_up / log.redirects_given_up)
    share = (
        f" ({percent(log.requests_given_up / figures.requests)} of all requests)"
        if figures and figures.requests
        else ""
    )
    return f"k6 gave up {count(log.redirects_given_up, 'redirect chain')} after {steps} steps{share}"


def only_redirects(case: Case) -> str:
    """Return that every answer was a redirect that the script has k6 not follow any further, empty where it
    is not so.
    """
    statuses = case.metrics.statuses if case.metrics else ()
    told = case.expects_redirects or redirects(case) or not statuses
    if told or any(status.status not in _REDIRECTS for status in statuses):
        return ""
    return (
        "every answer was a redirect that k6 was not to follow:"
        f" {few(f'{s.count}x HTTP {s.status}' for s in statuses)}"
    )
