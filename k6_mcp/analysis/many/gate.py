"""May it pass? Whatever leaves a doubt is no pass."""

from collections.abc import Iterator, Sequence

from k6_mcp.analysis.many.series import worst
from k6_mcp.models.archive import CONTRADICTED, IMPORTED
from k6_mcp.models.comparison import Comparison
from k6_mcp.models.failures import FAILURES
from k6_mcp.models.gate import GateOutcome, GatePolicy, GateResult
from k6_mcp.models.headline import headline
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.wording import count, few

_ORDER: tuple[GateOutcome, ...] = ("errored", "breached", "not_comparable", "regressed", "passed")
# Warnings that leave a part of the test, or a threshold, unseen
_UNJUDGED = (
    "figures_incomplete",
    "thresholds_not_judged",
)
_COMPARED = ("regressed", "improved", "no_evidence")
# A comparison that could miss a doubling of every latency is none
_UNSEEN = 1.0
_BELIEVE = "; run the gate where the test runs, or believe the file with --allow-imported"
Doubt = tuple[GateOutcome, str]


def judge_gate(
    runs: Sequence[Run], comparison: Comparison | None, policy: GatePolicy, trouble: Sequence[str] = ()
) -> GateResult:
    """Return whether `runs` (one, or the repeats of one request) pass; `trouble` tells why there is no
    comparison that was wanted.
    """
    of_runs = [doubt for run in runs for doubt in (*_of_run(run), *_of_origin(run, policy))]
    others: list[Doubt] = [
        *(("errored", reason) for reason in trouble),
        *_of_count(len(runs), policy),
        *_of_comparison(comparison, policy, trouble),
        *_of_nothing_asserted(runs, comparison, policy),
    ]
    # A run that failed is a definite answer; that it could not be compared then, or not be repeated, is none.
    doubts = [*_worst_first(of_runs), *_worst_first(others)]
    outcome = doubts[0][0] if doubts else "passed"
    shown = worst(runs)
    return GateResult(
        outcome=outcome,
        reasons=tuple(dict.fromkeys(reason for _, reason in doubts)) or tuple(_why_passed(runs, comparison)),
        notes=tuple(
            dict.fromkeys(
                (*(notice.message for run in runs for notice in run.warnings), *_of_baseline(comparison))
            )
        ),
        run_id=shown.run_id,
        run_ids=tuple(run.run_id for run in runs),
        name=shown.name,
        baseline=comparison.baseline[0] if comparison and comparison.baseline else None,
        comparison=comparison,
    )


def _worst_first(doubts: Sequence[Doubt]) -> list[Doubt]:
    return sorted(doubts, key=lambda doubt: _ORDER.index(doubt[0]))


def _of_run(run: Run) -> Iterator[Doubt]:
    if run.status not in FINAL:
        yield "errored", f"{run.run_id} is {run.status}: wait until it has ended"
    elif run.status in ("cancelled", "lost"):
        yield "errored", f"{run.run_id} was {run.status}: its figures are not those of a whole test"
    elif run.failure is not None:
        yield "breached" if FAILURES[run.failure.kind].of_target else "errored", headline(run)
    elif run.status == "failed" or run.metrics is None or run.metrics.source == "none":
        yield "errored", f"{run.run_id} is {run.status}, but there are no figures to judge"
    else:
        yield from _of_thresholds(run)
        for notice in run.warnings:
            if notice.code in _UNJUDGED:
                yield "errored", f"{notice.code}: {notice.message}"


def _of_origin(run: Run, policy: GatePolicy) -> Iterator[Doubt]:
    """A run from a file may be the baseline; to pass itself it has to be believed by whoever asks."""
    for notice in run.warnings:
        if notice.code == CONTRADICTED or (notice.code == IMPORTED and not policy.allow_imported):
            yield (
                "errored",
                f"{notice.code}: {notice.message}" + (_BELIEVE if notice.code == IMPORTED else ""),
            )


def _of_thresholds(run: Run) -> Iterator[Doubt]:
    """A completed run has none that did not hold; looked at again, since a pass rests on it."""
    for threshold in run.metrics.thresholds if run.metrics else ():
        if not threshold.has_samples:
            yield "errored", f"{threshold.metric} {threshold.expression} had nothing to judge"
        elif not threshold.ok:
            yield "breached", f"{threshold.metric} {threshold.expression} was crossed"


def _of_count(runs: int, policy: GatePolicy) -> Iterator[Doubt]:
    if runs < policy.runs:
        yield "errored", f"only {runs} of {policy.runs} repeats ran"


def _of_comparison(
    comparison: Comparison | None, policy: GatePolicy, trouble: Sequence[str]
) -> Iterator[Doubt]:
    if comparison is None:
        if policy.require_baseline and not trouble:
            yield "errored", "there is no baseline to compare with, and one is required"
    elif comparison.change == "not_comparable" or not any(
        metric.change in _COMPARED for metric in comparison.metrics
    ):
        yield "not_comparable", comparison.sentence
    elif comparison.change == "regressed":
        yield "regressed", comparison.sentence
    elif untold := _untold(comparison):
        yield "not_comparable", untold


def _of_baseline(comparison: Comparison | None) -> Iterator[str]:
    yield from (
        (note for note in comparison.notes if note.startswith((IMPORTED, CONTRADICTED))) if comparison else ()
    )


def _untold(comparison: Comparison) -> str | None:
    """Return why finding no regression of latency says nothing: it was not looked at, or one could not have
    been seen.
    """
    latencies = [metric for metric in comparison.metrics if metric.unit == "ms"]
    seen = [metric for metric in latencies if metric.change in _COMPARED]
    if latencies and not seen:
        return (
            f"latency could not be compared: {latencies[0].reason or 'no figures'}; run it longer, or at a"
            " higher rate"
        )
    highs = [metric.effect_high for metric in seen if metric.effect_high is not None]
    if highs and min(highs) > _UNSEEN:
        return (
            f"too noisy to compare: latency might be {1 + min(highs):.1f} times that of the baseline unseen;"
            " repeat it more often, or run it longer"
        )
    return None


def _of_nothing_asserted(
    runs: Sequence[Run], comparison: Comparison | None, policy: GatePolicy
) -> Iterator[Doubt]:
    if comparison is not None or any(run.metrics and run.metrics.thresholds for run in runs):
        return
    if not all(run.status in FINAL and run.metrics and run.metrics.source != "none" for run in runs):
        # It is not known yet, or will never be, what they would have asserted
        return
    if not policy.allow_nothing_asserted:
        what = (
            "nothing was asserted: give thresholds or slo, compare with a baseline, or allow it with"
            " --allow-nothing-asserted"
        )
        yield "errored", what
    elif silent := [run.run_id for run in runs if not _received(run)]:
        yield (
            "errored",
            (
                f"nothing was asserted, and nothing was received from a target in {few(silent)}: no requests,"
                " or none answered"
            ),
        )


def _received(run: Run) -> bool:
    figures = run.metrics.figures if run.metrics else None
    return figures is not None and (
        figures.data_received_bytes > 0 or figures.requests > figures.unanswered_requests
    )


def _why_passed(runs: Sequence[Run], comparison: Comparison | None) -> Iterator[str]:
    counts = {len(run.metrics.thresholds) for run in runs if run.metrics}
    many = f" in each of {len(runs)} runs" if len(runs) > 1 else ""
    if any(counts):
        yield f"{count(max(counts), 'threshold')} held{many}"
    elif comparison is None:
        yield f"the target answered{many}; nothing was asserted, as allowed"
    if comparison is not None:
        yield comparison.sentence
