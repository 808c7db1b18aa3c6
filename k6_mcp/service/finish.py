"""Turn a runner's outcome into the final run and its timeline; pure functions.

The queue imports this while k6 runs: importing the rules takes a while, and a process for one test would
wait.
"""

import logging
from typing import NamedTuple

from k6_mcp.analysis.findings import find, worst
from k6_mcp.analysis.measure.agreement import against_timeline, disagreement
from k6_mcp.analysis.measure.load import load_start_s
from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.shorter_timelines import ever_smaller
from k6_mcp.analysis.measure.summary import read as read_metrics
from k6_mcp.analysis.verdict.refusal import read_refusal, slow_load, with_place
from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.archive import CONTRADICTED, IMPORTED, ArchivedFiles
from k6_mcp.models.failures import FAILURES
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.headline import headline
from k6_mcp.models.metrics import Figures, Latency, MetricRow, Metrics, StatusCount
from k6_mcp.models.outcome import LogDigest, Outcome
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Notice, Run
from k6_mcp.models.script import Script
from k6_mcp.models.timeline import Series, Timeline

__all__ = ["Judged", "ever_smaller", "judged", "judged_again", "lost", "prepare", "timeline_of"]

_UNSIGNED = "this run was imported from an unsigned file, which anyone could have edited"
_AGREES = "its verdict was computed again here and agrees with the figures in the file"
_OWNER_DIED = Notice(
    code="owner_died",
    message="the server that ran this test died; k6 was stopped, and the figures end there",
)

log = logging.getLogger(__name__)


class Judged(NamedTuple):
    """A run that is over, and its timeline if anything was recorded."""

    run: Run
    timeline: Timeline | None


def prepare() -> None:
    """Let pydantic build the models of a run's end now, and not when the first one is made."""
    for model in (MetricRow, StatusCount, Latency, Figures, Metrics, Series, Timeline):
        model.model_rebuild()


def judged(run: Run, script: Script, outcome: Outcome, record: Record, limits: FindingLimits) -> Judged:
    """Return `run` with its metrics, verdict and worst finding."""
    ran = outcome.phase == "run" and outcome.exit_code is not None
    metrics = read_metrics(outcome, record, run.plan) if ran else None
    redirects = any(status.startswith("3") for status in run.asked.expected_statuses or ())
    verdict = judge(outcome, metrics, run.plan, expects_redirects=redirects, busy_cpu_share=limits.cpu_share)
    failure = verdict.failure
    if failure and outcome.phase == "plan" and outcome.stop_reason == "deadline":
        message, hint = slow_load(outcome, script)
        failure = failure.changed(message=message, hint=hint)
    elif failure and outcome.phase == "plan":
        failure = with_place(failure, read_refusal(outcome, script))
    final = run.ended(
        verdict.changed(failure=failure),
        metrics,
        exit_code=outcome.exit_code,
        started_at=outcome.started_at if ran else None,
        ended_at=outcome.ended_at,
    )
    return _with_worst(final, timeline_of(record, run.plan, metrics), limits)


def lost(run: Run, outcome: Outcome, record: Record, limits: FindingLimits) -> Judged:
    """Return a dead server's `run` with the figures it left behind."""
    metrics = read_metrics(outcome, record, run.plan)
    final = run.lost(metrics if metrics.source != "none" else None, _OWNER_DIED, outcome.ended_at)
    return _with_worst(final, timeline_of(record, run.plan, final.metrics), limits)


def judged_again(run: Run, files: ArchivedFiles, limits: FindingLimits) -> Run:
    """Judge an imported `run` again from the files that came with it, and mark it as unsigned.

    Where `run` and the files disagree, the figures of the files and the worse of the two verdicts count. A
    notice reports both.
    """
    try:
        again, why = _again(run, files)
    except Exception:
        # A hostile file must not end the import of the others.
        log.exception("judging the imported run %s again", run.run_id)
        again, why = run, "its files could not be read"
    notices = [Notice(code=IMPORTED, message=f"{_UNSIGNED}; {why or _AGREES}")]
    if again is not run:
        notices.insert(
            0,
            Notice(
                code=CONTRADICTED,
                message=f"its run.json claims {headline(run)}, but its files contradict it: {why}",
            ),
        )
        again = _with_worst(again, files.timeline, limits).run
    return again.with_warnings((*notices, *run.warnings))


def _again(run: Run, files: ArchivedFiles) -> tuple[Run, str]:
    """Return the run, corrected where its files contradict it, and the reason, empty if they agree."""
    if run.status not in ("completed", "failed") or run.metrics is None:
        return run, "" if run.status != "completed" else "it has no figures"
    at = run.started_at or run.created_at
    figures = run.metrics.figures
    outcome = Outcome(
        exit_code=run.exit_code,
        started_at=at,
        ended_at=run.ended_at or at,
        summary=files.summary,
        export=files.export,
        log=LogDigest(
            thrown=figures.iterations_thrown, request_failures=figures.unanswered_requests, went_running=True
        ),
        interrupted=figures.iterations_interrupted,
    )
    read = read_metrics(outcome, Record(), run.plan)
    comparable = run.metrics.source in ("summary", "export") and read.source == run.metrics.source
    differs = disagreement(run.metrics, read) if comparable else None
    differs = differs or (against_timeline(run.metrics, files.timeline) if files.timeline else None)
    metrics = read if differs and comparable else run.metrics
    verdict = judge(outcome, metrics, run.plan)
    if (
        run.status == "completed"
        and verdict.failure
        and (comparable or not FAILURES[verdict.failure.kind].needs_all_figures)
    ):
        why = differs or f"{verdict.failure.kind}: {verdict.failure.message}"
        return run.contradicted(verdict.failure, metrics), why
    if differs:
        return run.with_metrics(metrics), differs
    supported = comparable or (files.timeline is not None and run.metrics.source == "record")
    return run, "" if supported else "the file has no data to check its figures with"


def timeline_of(record: Record, plan: Plan | None, metrics: Metrics | None = None) -> Timeline | None:
    """Return the run over time; failed requests match the run's figure if both count the same requests."""
    figures = metrics.figures if metrics else None
    same = (
        figures is not None
        and figures.error_rate is not None
        and figures.requests == record.count("http_reqs")
    )
    return record.timeline(
        load_start_s=load_start_s(record, plan), failed=figures.failed_requests if figures and same else None
    )


def _with_worst(run: Run, timeline: Timeline | None, limits: FindingLimits) -> Judged:
    """Add the severity of the worst finding; an error in the findings must not lose the run."""
    try:
        run = run.with_worst(worst(find(run, timeline, limits)))
    except Exception:
        log.exception("findings of run %s", run.run_id)
    return Judged(run, timeline)
