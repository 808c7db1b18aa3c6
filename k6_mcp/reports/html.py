"""A run, or a comparison, as one HTML file that needs nothing else: no network, no server, no other file."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

from k6_mcp.models.base import Model
from k6_mcp.models.comparison import Comparison
from k6_mcp.models.run import Status
from k6_mcp.reports.checklist import checklists, percent_signed
from k6_mcp.reports.drawing import Bar, headroom_bar, whiskers
from k6_mcp.reports.pages import render_page
from k6_mcp.reports.texts import chart_texts
from k6_mcp.reports.view import Charts, RunView, ThresholdRow, page_data, safe_json, threshold_row

LARGEST_BYTES = 600_000
TONES: dict[Status, str] = {
    "completed": "good",
    "failed": "bad",
    "cancelled": "warning",
    "lost": "warning",
    "running": "info",
    "queued": "info",
}
_MOST_RUNS_A_SIDE = 4
_TIMES = frozenset({"http_req_duration", "http_req_waiting", "http_req_connecting", "iteration_duration"})


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of a run's lists and texts a page holds: rows per table, characters of a name, of a quotation, of the script."""

    rows: int = 60
    name: int = 160
    quotation: int = 600
    script: int = 40_000


_TIGHT = Caps(rows=20, name=80, quotation=200, script=2_000)


@dataclass(frozen=True, slots=True)
class ThresholdLine:
    """A threshold as a page shows it; `time` when its figure is in ms."""

    row: ThresholdRow
    time: bool
    left: str
    bar: Bar | None


class OverlaidSet(Model):
    """The charts of one run among several."""

    name: str
    side: Literal["baseline", "candidate"]
    charts: Charts


class ComparisonData(Model):
    """What a comparison's JavaScript draws from."""

    sets: tuple[OverlaidSet, ...]


def render_html(view: RunView) -> str:
    """Return a run as a self-contained page of at most `LARGEST_BYTES`; what was left out for that is said on it."""
    page = _run_page(view, Caps())
    return page if len(page) < LARGEST_BYTES // 4 or len(page.encode()) <= LARGEST_BYTES else _run_page(view, _TIGHT)


def render_comparison_html(comparison: Comparison, views: Sequence[RunView]) -> str:
    """Return a comparison as a self-contained page; `views` are those of its runs, in any order."""
    sets = _overlaid(comparison, views)
    return render_page(
        "comparison.html.j2",
        comparison=comparison,
        whiskers=whiskers(comparison.metrics),
        views=views,
        tones=TONES,
        generated_at=max((view.generated_at for view in views), default=None),
        kinds=_kinds(sets),
        view_json=safe_json(ComparisonData(sets=sets)),
        caps=Caps(),
    )


def _run_page(view: RunView, caps: Caps) -> str:
    data = page_data(view)
    times = _TIMES | {
        row.name.partition("{")[0] for row in (view.run.metrics.rows if view.run.metrics else ()) if row.contains == "time"
    }
    return render_page(
        "run.html.j2",
        view=view,
        run=view.run,
        metrics=view.run.metrics,
        data=data,
        tone=TONES[view.run.status],
        thresholds=[_threshold_line(threshold_row(threshold), times) for threshold in view.thresholds[: caps.rows]],
        charts=chart_texts(view),
        areas=checklists(view),
        view_json=safe_json(data),
        caps=caps,
    )


def _threshold_line(row: ThresholdRow, times: Set[str]) -> ThresholdLine:
    time = row.metric.partition("{")[0] in times and not row.expression.startswith("count")
    if row.headroom is None:
        return ThresholdLine(row, time, "—", None)
    return ThresholdLine(row, time, percent_signed(row.headroom), headroom_bar(row.headroom))


def _overlaid(comparison: Comparison, views: Sequence[RunView]) -> tuple[OverlaidSet, ...]:
    sets: list[OverlaidSet] = []
    for side, ids in (("baseline", comparison.baseline), ("candidate", comparison.candidate)):
        of_side = [view for view in views if view.run.run_id in ids][:_MOST_RUNS_A_SIDE]
        for number, view in enumerate(of_side, start=1):
            if charts := page_data(view).charts:
                name = side if len(of_side) == 1 else f"{side} {number}"
                sets.append(OverlaidSet(name=name, side="baseline" if side == "baseline" else "candidate", charts=charts))
    return tuple(sets)


def _kinds(sets: Sequence[OverlaidSet]) -> list[tuple[str, str]]:
    """Return the charts that have something to overlay."""
    if not sets:
        return []
    failing = any(any(value for value in one.charts.failed_per_s) for one in sets)
    return [("latency", "Latency"), ("rate", "Rate"), *([("errors", "Errors")] if failing else [])]
