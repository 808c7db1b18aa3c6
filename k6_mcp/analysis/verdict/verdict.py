"""The verdict on an ended run: how it ended and what its data say are two facts, judged apart and put in
order here.
"""

from collections.abc import Iterator

from k6_mcp.analysis.verdict.case import Case, Cause
from k6_mcp.analysis.verdict.crossed import thresholds_exceeded
from k6_mcp.analysis.verdict.doubts import endless_redirects, ends_early, not_believed, paused
from k6_mcp.analysis.verdict.endings import ending
from k6_mcp.analysis.verdict.failing import switched_protocols, target_failing
from k6_mcp.analysis.verdict.grpc import grpc_failing
from k6_mcp.analysis.verdict.iterations import every_iteration_threw, load_not_delivered, no_samples
from k6_mcp.analysis.verdict.notices import notices
from k6_mcp.analysis.verdict.unreachable import target_unreachable
from k6_mcp.models.failures import FAILURES, FailureKind
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Failure, Notice, Verdict
from k6_mcp.models.wording import cut

_MOST_EVIDENCE = 8
_EVIDENCE_CHARS = 300


def judge(
    outcome: Outcome,
    metrics: Metrics | None,
    plan: Plan | None,
    *,
    expects_redirects: bool = False,
    busy_cpu_share: float = FindingLimits().cpu_share,
) -> Verdict:
    """Return the verdict: status, the root cause with the others behind it, and what limits the figures'
    worth.

    `expects_redirects` says that the caller named redirects among the expected statuses. `busy_cpu_share` is
    the share of its cores above which k6 itself may be the limit, the same as for findings.
    """
    case = Case(outcome, metrics, plan, expects_redirects, busy_cpu_share)
    warnings = tuple(notices(case))
    if outcome.stop_reason in ("caller", "shutdown") and not case.ended_by_itself:
        found = (Notice(code=cause.kind, message=cause.message) for cause in _so_far(case))
        return Verdict(status="cancelled", warnings=(*found, *warnings))
    causes = list(_in_order(case))
    if not causes:
        return Verdict(status="completed", warnings=warnings)
    return Verdict(status="failed", failure=_failure(causes), warnings=warnings)


def _so_far(case: Case) -> Iterator[Cause]:
    """What a run that was stopped by its caller had already shown."""
    yield from filter(None, (target_unreachable(case), *_by_data(case)))


def _in_order(case: Case) -> Iterator[Cause]:
    """Causes before their effects: how k6 ended comes first, but what the script did (throw, abort, fail) is
    often its answer to a target that does not answer, and unanswered requests are why thresholds are crossed
    and iterations throw.
    """
    ended = ending(case)
    unreachable = target_unreachable(case)
    if ended is not None and FAILURES[ended.kind].of_script and unreachable is not None:
        ended, unreachable = unreachable, ended
    yield from filter(None, (ended, unreachable, *_by_data(case), ends_early(case), paused(case)))
    # A run cut short delivered less by definition
    if case.load_was_over and not case.aborted_by_threshold:
        undelivered, unmeasured = load_not_delivered(case), no_samples(case)
        # So that no VU became free for the next one
        nothing_finished = case.figures is not None and not case.figures.iterations
        yield from filter(None, (unmeasured, undelivered) if nothing_finished else (undelivered, unmeasured))


def _by_data(case: Case) -> tuple[Cause | None, ...]:
    return (
        not_believed(case),
        *(switched_protocols(case) or every_iteration_threw(case), thresholds_exceeded(case)),
        *(target_failing(case), endless_redirects(case), grpc_failing(case)),
    )


def _failure(causes: list[Cause]) -> Failure:
    root, others = causes[0], causes[1:]
    also: dict[FailureKind, None] = {cause.kind: None for cause in others if cause.kind != root.kind}
    evidence = [
        *root.evidence,
        *(cut(f"also {cause.kind}: {cause.message}", _EVIDENCE_CHARS) for cause in others),
    ]
    return Failure(
        kind=root.kind,
        message=root.message,
        hint=root.hint,
        evidence=tuple(evidence[:_MOST_EVIDENCE]),
        also=tuple(also),
    )
