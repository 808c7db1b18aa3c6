"""A run or a comparison as one self-contained HTML file: no network, no server, no other file."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from k6_mcp.models.base import Model
from k6_mcp.models.comparison import Comparison
from k6_mcp.models.run import Status
from k6_mcp.reports.chart_texts import ChartText, chart_texts
from k6_mcp.reports.checklist import checklists, percent_signed
from k6_mcp.reports.drawing import Bar, headroom_bar, whiskers
from k6_mcp.reports.pages import render_page
from k6_mcp.reports.run_view import Charts, RunView, ThresholdRow, page_data, safe_json, threshold_row

Side = Literal["baseline", "candidate"]

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
_OVERLAID_KINDS = (("latency", "Latency"), ("rate", "Rate"), ("errors", "Errors"))
_TIMES = frozenset({"http_req_duration", "http_req_waiting", "http_req_connecting", "iteration_duration"})


@dataclass(frozen=True)
class Caps:
    """How much a page shows of a run's lists and texts.

    Rows per table, and characters of a name, of a quotation and of the script.
    """

    rows: int = 60
    name: int = 160
    quotation: int = 600
    script: int = 40_000


_TIGHT = Caps(rows=20, name=80, quotation=200, script=2_000)


@dataclass(frozen=True)
class ThresholdLine:
    """A threshold as a page shows it; `time` if its figure is in ms."""

    row: ThresholdRow
    time: bool
    left: str
    bar: Bar | None


class OverlaidSet(Model):
    """The charts of one run among several."""

    name: str
    side: Side
    charts: Charts


@dataclass(frozen=True)
class OverlaidChart:
    """A chart that overlays all runs: its name, and each run's own chart in words."""

    kind: str
    title: str
    texts: tuple[tuple[str, ChartText], ...]


class ComparisonData(Model):
    """The data that a comparison's JavaScript draws."""

    sets: tuple[OverlaidSet, ...]


def render_html(view: RunView) -> str:
    """Return a run as a self-contained page of at most `LARGEST_BYTES`.

    The page says what was left out to stay below that size.
    """
    page = _run_page(view, Caps())
    return (
        page
        if len(page) < LARGEST_BYTES // 4 or len(page.encode()) <= LARGEST_BYTES
        else _run_page(view, _TIGHT)
    )


def render_comparison_html(comparison: Comparison, views: Sequence[RunView]) -> str:
    """Return a comparison as a self-contained page; `views` are its runs' views, in any order."""
    sides = list(_sides(comparison, views))
    return render_page(
        "comparison.html.j2",
        comparison=comparison,
        whiskers=whiskers(comparison.metrics),
        views=views,
        tones=TONES,
        generated_at=max((view.generated_at for view in views), default=None),
        charts=list(_charts(sides)),
        view_json=safe_json(ComparisonData(sets=tuple(_overlaid(sides)))),
        caps=Caps(),
    )


def render_fragment(view: RunView) -> str:
    """Return a run's page without its header and footer, with long lists and texts cut.

    The page around it must draw its charts.
    """
    return _run_page(view, _TIGHT, layout="fragment.html.j2")


def _run_page(view: RunView, caps: Caps, layout: str = "base.html.j2") -> str:
    data = page_data(view)
    times = _TIMES | {
        row.name.partition("{")[0]
        for row in (view.run.metrics.rows if view.run.metrics else ())
        if row.contains == "time"
    }
    return render_page(
        "run.html.j2",
        layout=layout,
        view=view,
        run=view.run,
        metrics=view.run.metrics,
        data=data,
        tone=TONES[view.run.status],
        thresholds=[
            _threshold_line(threshold_row(threshold), times) for threshold in view.thresholds[: caps.rows]
        ],
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


def _sides(comparison: Comparison, views: Sequence[RunView]) -> Iterator[tuple[Side, str, RunView]]:
    """Yield the runs to draw, each with its side and a name."""
    sides: tuple[tuple[Side, tuple[str, ...]], ...] = (
        ("baseline", comparison.baseline),
        ("candidate", comparison.candidate),
    )
    for side, ids in sides:
        shown = [view for view in views if view.run.run_id in ids and view.drawn][:_MOST_RUNS_A_SIDE]
        for number, view in enumerate(shown, start=1):
            yield side, side if len(shown) == 1 else f"{side} {number}", view


def _overlaid(sides: Sequence[tuple[Side, str, RunView]]) -> Iterator[OverlaidSet]:
    for side, name, view in sides:
        if charts := page_data(view).charts:
            yield OverlaidSet(name=name, side=side, charts=charts)


def _charts(sides: Sequence[tuple[Side, str, RunView]]) -> Iterator[OverlaidChart]:
    """Yield the charts that have something to draw."""
    texts = [(name, chart_texts(view)) for _, name, view in sides]
    for kind, title in _OVERLAID_KINDS:
        overlaid = tuple((name, text) for name, of_run in texts for text in of_run if text.kind == kind)
        if any(text.drawn for _, text in overlaid):
            yield OverlaidChart(kind, title, overlaid)
