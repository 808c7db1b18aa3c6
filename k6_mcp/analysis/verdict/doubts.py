"""Reasons not to call a run completed even though neither k6 nor a threshold objects."""

from k6_mcp.analysis.verdict.case import Case, Cause
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.wording import count, few, number, percent

# Share of the run; after a longer pause the load was not the planned one
PAUSED = 0.1
# Long enough to be seen in at least two samples of k6's state
_SHORTEST_PAUSE_S = 1.0
_REDIRECTS = (301, 302, 303, 307, 308)


def warned(metrics: Metrics | None, code: str) -> list[str]:
    """Return the messages of the warnings about the figures that have this code."""
    parts = (warning.partition(": ") for warning in metrics.warnings) if metrics else ()
    return [message for name, _, message in parts if name == code]


def not_believed(case: Case) -> Cause | None:
    """Return the cause if the figures contradict each other.

    It also applies if both of k6's end-of-test files contradict its time series.
    """
    reasons = warned(case.metrics, "figures_contradicted")
    if case.metrics and case.metrics.source in ("record", "none"):
        reasons += warned(case.metrics, "summary_contradicted")
    if not reasons or not case.ended_by_itself:
        return None
    return Cause(
        "script_error",
        f"the figures contradict each other, so they are not trusted: {few(reasons, 2)}",
        "look for code in the script, or in a module that it imports, that adds to k6's own metrics or"
        " changes its summary",
        tuple(reasons[2:5]),
    )


def ends_early(case: Case) -> Cause | None:
    """Return the cause if k6 went on after the last known figures."""
    reasons = warned(case.metrics, "figures_incomplete")
    if not reasons or not case.ended_by_itself:
        return None
    return Cause(
        "internal",
        f"{reasons[0]}; what happened later is unknown",
        "check whether the disk was full or somebody removed or changed the run's folder (check_health shows"
        " free space and the state of the results folder); then run it again",
    )


def paused(case: Case) -> Cause | None:
    """Return the cause if somebody stopped k6 for a considerable part of the run and let it go on."""
    paused_s, wall_s = case.outcome.paused_s, wall_s_of(case.outcome)
    if not case.ended_by_itself or paused_s < _SHORTEST_PAUSE_S or paused_s < PAUSED * wall_s:
        return None
    return Cause(
        "stopped_externally",
        f"k6 was stopped from outside (SIGSTOP, a debugger) for about {number(paused_s, 2)} of"
        f" {number(wall_s, 3)} s and resumed later; in that time there was no load, and requests in"
        " flight seem slow",
        "find out what stopped it; then run it again",
    )


def wall_s_of(outcome: Outcome) -> float:
    """Return how long k6 ran."""
    return (outcome.ended_at - outcome.started_at).total_seconds()


def endless_redirects(case: Case) -> Cause | None:
    """Return the cause if k6 followed redirects and no request got an answer other than a redirect."""
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
        "check where the target redirects to (curl -IL URL): a loop, a login page, http or https; a script"
        " that expects the redirect itself declares it with redirects: 0",
    )


def redirects(case: Case) -> str:
    """Return how many redirect chains k6 gave up on, empty if none.

    A redirect that the script tells k6 not to follow does not count.
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
    """Return that every answer was a redirect that k6 was told not to follow, empty otherwise."""
    statuses = case.metrics.statuses if case.metrics else ()
    other = case.expects_redirects or redirects(case) or not statuses
    if other or any(status.status not in _REDIRECTS for status in statuses):
        return ""
    return (
        "every answer was a redirect that k6 was told not to follow:"
        f" {few(f'{s.count}x HTTP {s.status}' for s in statuses)}"
    )
