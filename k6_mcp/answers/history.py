"""A page of the history as get_history answers it: one short row per run."""

from k6_mcp.answers.run import headline
from k6_mcp.models.archive import IMPORTED
from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.history import HistoryPage
from k6_mcp.models.run import Run, Status

_LONGEST_URL = 100
_LONGEST_NAME = 60
_LONGEST_HEADLINE = 120


class HistoryRow(Model):
    """One run in short; get_run has the rest."""

    run_id: str
    status: Status
    failure: FailureKind | None = None
    name: str | None = None
    baseline: bool | None = None
    imported: bool | None = None
    repeat: str | None = None
    url: str | None = None
    script_file: str | None = None
    created_at: str
    requests: int | None = None
    requests_per_s: float | None = None
    p95_ms: float | None = None
    error_rate: float | None = None
    headline: str


class HistoryAnswer(Model):
    """One page of runs, newest first; `next_cursor` is missing on the last page."""

    runs: tuple[HistoryRow, ...]
    next_cursor: str | None = None
    total: int | None = None
    degraded: str | None = None


def history_answer(page: HistoryPage) -> HistoryAnswer:
    """Return `page` with one short row per run."""
    return HistoryAnswer(
        runs=tuple(_row(run, run.run_id in page.baselines) for run in page.runs),
        next_cursor=page.next_cursor,
        total=page.total,
        degraded=page.degraded,
    )


def _row(run: Run, is_baseline: bool) -> HistoryRow:
    figures = run.metrics.figures if run.metrics else None
    p95_ms = figures.latency.p95_ms if figures and figures.latency else None
    return HistoryRow(
        run_id=run.run_id,
        status=run.status,
        failure=run.failure.kind if run.failure else None,
        name=_short(run.name, _LONGEST_NAME),
        baseline=is_baseline or None,
        imported=any(notice.code == IMPORTED for notice in run.warnings) or None,
        repeat=f"{run.repeat} of {run.asked.repeat or '?'}, of {run.repeat_of}"
        if run.repeat and run.repeat > 1
        else None,
        url=_short(run.asked.url, _LONGEST_URL),
        script_file=_short(run.asked.script_file, _LONGEST_URL),
        created_at=run.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        requests=figures.requests if figures else None,
        requests_per_s=round(figures.requests_per_s, 1) if figures else None,
        p95_ms=round(p95_ms, 2) if p95_ms is not None else None,
        error_rate=round(figures.error_rate, 4) if figures and figures.error_rate is not None else None,
        headline=_short(headline(run), _LONGEST_HEADLINE) or "",
    )


def _short(text: str | None, longest: int) -> str | None:
    return text if text is None or len(text) <= longest else text[: longest - 1] + "…"
