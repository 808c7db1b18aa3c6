"""From what a runner left of a run to the run as it is kept and told, and its timeline. Pure.

The driver imports this while k6 runs: the rules are many, and a process for one test waits for each import.
"""

import logging
from typing import NamedTuple

from k6_mcp.analysis.condense import ever_smaller
from k6_mcp.analysis.findings import find, worst
from k6_mcp.analysis.load import load_start_s
from k6_mcp.analysis.record import Record
from k6_mcp.analysis.refusal import read_refusal, slow_load, with_place
from k6_mcp.analysis.summary import read as read_metrics
from k6_mcp.analysis.verdict import judge
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.metrics import Figures, Latency, MetricRow, Metrics, StatusCount
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Notice, Run
from k6_mcp.models.script import Script
from k6_mcp.models.timeline import Series, Timeline

__all__ = ["Judged", "ever_smaller", "judged", "lost", "prepare", "timeline_of"]

_OWNER_DIED = Notice(
    code="owner_died", message="the server that ran this test died; k6 was stopped and the figures reach up to then"
)

log = logging.getLogger(__name__)


class Judged(NamedTuple):
    """A run that is over, and its timeline if anything was recorded."""

    run: Run
    timeline: Timeline | None


def prepare() -> None:
    """Let pydantic build now what a run's end needs; otherwise it does so when the first of each is made."""
    for model in (MetricRow, StatusCount, Latency, Figures, Metrics, Series, Timeline):
        model.model_rebuild()


def judged(run: Run, script: Script, outcome: Outcome, record: Record, limits: FindingLimits) -> Judged:
    """Return `run` with its metrics, verdict and worst finding."""
    ran = outcome.phase == "run" and outcome.exit_code is not None
    metrics = read_metrics(outcome, record, run.plan) if ran else None
    redirects = any(status.startswith("3") for status in run.asked.expected_statuses or ())
    verdict = judge(outcome, metrics, run.plan, expects_redirects=redirects)
    failure = verdict.failure
    if failure and outcome.phase == "plan" and outcome.stop_reason == "deadline":
        message, hint = slow_load(outcome, script)
        failure = failure.model_copy(update={"message": message, "hint": hint})
    elif failure and outcome.phase == "plan":
        failure = with_place(failure, read_refusal(outcome, script))
    final = run.model_copy(
        update={
            "status": verdict.status,
            "failure": failure,
            "warnings": verdict.warnings,
            "metrics": metrics,
            "exit_code": outcome.exit_code,
            "started_at": outcome.started_at if ran else None,
            "ended_at": outcome.ended_at,
        }
    )
    return _with_worst(final, timeline_of(record, run.plan, metrics), limits)


def lost(run: Run, outcome: Outcome, record: Record, limits: FindingLimits) -> Judged:
    """Return a dead server's `run` with the figures it left behind."""
    metrics = read_metrics(outcome, record, run.plan)
    found = run.model_copy(
        update={
            "status": "lost",
            "metrics": metrics if metrics.source != "none" else None,
            "warnings": (*run.warnings, _OWNER_DIED),
            "ended_at": outcome.ended_at,
        }
    )
    return _with_worst(found, timeline_of(record, run.plan, found.metrics), limits)


def timeline_of(record: Record, plan: Plan | None, metrics: Metrics | None = None) -> Timeline | None:
    """The run over time; failed requests add up to the run's figure, where both count the same requests."""
    figures = metrics.figures if metrics else None
    same = figures is not None and figures.error_rate is not None and figures.requests == record.count("http_reqs")
    return record.timeline(load_start_s=load_start_s(record, plan), failed=figures.failed_requests if figures and same else None)


def _with_worst(run: Run, timeline: Timeline | None, limits: FindingLimits) -> Judged:
    """Add the severity of the worst finding; what goes wrong in finding it must not cost the run."""
    try:
        run = run.model_copy(update={"worst": worst(find(run, timeline, limits))})
    except Exception:
        log.exception("findings of run %s", run.run_id)
    return Judged(run, timeline)
