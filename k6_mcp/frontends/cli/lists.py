"""Plans, lists of runs, metrics and the state of this machine as a person reads them."""

from collections.abc import Iterable, Iterator
from itertools import islice

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from k6_mcp import __version__
from k6_mcp.frontends.cli.console import below, grid, indented, printable
from k6_mcp.frontends.cli.timeline import sparkline
from k6_mcp.frontends.cli.verdict import count, counted, ms, share, status_text
from k6_mcp.frontends.cli.words import in_commands
from k6_mcp.models.duration import format_duration
from k6_mcp.models.history import HistoryPage
from k6_mcp.models.metrics import MetricRow, Metrics
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import Health, PlanReport, Refusal
from k6_mcp.models.wording import cut
from k6_mcp.settings import Settings

_VALUE_ORDER = ("count", "rate", "value", "passes", "fails", "avg", "min", "med", "max")
_WIDE = 105
# A trend needs at least this many runs of a test.
_TREND = 3
_TRENDS = 5
_STATES = {"ok": ("✓", "green"), "degraded": ("!", "yellow"), "broken": ("✗", "red")}


def runs_view(page: HistoryPage, width: int) -> RenderableType:
    """Return one page of runs as a table; a small `width` drops columns but keeps ids whole."""
    if not page.runs:
        return Text("no runs match")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=width >= _WIDE)
    for name in ("run", "created (UTC)", "status") if width >= _WIDE else ("run", "status"):
        table.add_column(name, no_wrap=True)
    if width >= _WIDE:
        table.add_column("what", overflow="ellipsis", no_wrap=True, ratio=1)
    for name in ("requests", "p95", "errors"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in page.runs:
        created_and_what = (f"{run.created_at:%Y-%m-%d %H:%M}", what(run)) if width >= _WIDE else ()
        table.add_row(
            run.run_id, *created_and_what[:1], _status(run), *created_and_what[1:], *_key_figures(run)
        )
    notes = [*_trends(page.runs)]
    notes += [Text(f"next page: --cursor {page.next_cursor}", style="dim")] if page.next_cursor else []
    notes += [Text(f"! {page.degraded}", style="yellow")] if page.degraded else []
    return Group(table, *notes)


def _trends(runs: Iterable[Run]) -> Iterator[Text]:
    """Yield a line per test that ran several times: its p95 from the oldest run to the newest."""
    p95: dict[str, list[float]] = {}
    for run in runs:
        latency = run.metrics.figures.latency if run.metrics else None
        if latency and latency.p95_ms is not None:
            p95.setdefault(what(run), []).insert(0, latency.p95_ms)
    for name, values in islice(
        ((name, values) for name, values in p95.items() if len(values) >= _TREND), _TRENDS
    ):
        line = Text("p95 ", style="dim").append(sparkline(values), style="cyan")
        yield line.append(f" {ms(values[0])} → {ms(values[-1])}  {cut(name, 60)}", style="dim")


def _status(run: Run) -> Text:
    whole = status_text(run.status)
    return Text(f"{whole.plain[0]} {run.failure.kind if run.failure else run.status}", style=whole.style)


def what(run: Run) -> str:
    """Return what `run` tested, in one line: its name, URL or script."""
    request = run.asked
    source = request.url or request.script_file or "script text"
    return printable(" ".join((f"{run.name} ({source})" if run.name else source).split()))


def _key_figures(run: Run) -> tuple[str, str, str]:
    if run.metrics is None:
        return "-", "-", "-"
    figures = run.metrics.figures
    return (
        count(figures.requests),
        ms(figures.latency.p95_ms if figures.latency else None),
        share(figures.error_rate),
    )


def metrics_view(metrics: Metrics) -> RenderableType:
    """Return every metric with k6's own value names."""
    table = grid("left", "left", "left")
    for row in metrics.rows:
        table.add_row(printable(row.name), row.type, _values(row))
    return Group(below("metrics", style="bold"), indented(table))


def _values(row: MetricRow) -> str:
    return "  ".join(f"{name}={row.values[name]:.6g}" for name in sorted(row.values, key=_reading_order))


def _reading_order(name: str) -> tuple[int, float]:
    if name.startswith("p("):
        return len(_VALUE_ORDER), float(name[2:-1])
    return _VALUE_ORDER.index(name) if name in _VALUE_ORDER else len(_VALUE_ORDER) + 1, 0


def plan_view(report: PlanReport, line: str = "") -> RenderableType:
    """Return the plan and the reasons against it; `line` is the line of the script that k6 refuses."""
    parts: list[RenderableType] = []
    if report.refusal:
        parts += _refusal(report.refusal, line)
    if report.plan:
        parts.append(_plan(report.plan))
    parts += [below(f"✗ {violation}", style="red") for violation in report.violations]
    if report.plan and not report.violations:
        parts.append(Text(f"✓ k6 {report.k6_version} would run this", style="bold green"))
    return Group(*parts)


def _refusal(refusal: Refusal, line: str) -> Iterator[RenderableType]:
    yield Text(printable(f"✗ {refusal.kind}: {refusal.message}"), style="bold red")
    if refusal.line is not None:
        column = f", column {refusal.column}" if refusal.column is not None else ""
        yield below(f"line {refusal.line}{column}{f': {line}' if line else ''}")


def _plan(plan: Plan) -> RenderableType:
    table = grid("left", "left")
    for scenario in plan.scenarios:
        table.add_row(Text(printable(scenario.name), style="bold"), _scenario(scenario))
    for threshold in plan.thresholds:
        abort = ", aborts the test" if threshold.abort_on_fail else ""
        table.add_row("threshold", printable(f"{threshold.metric} {threshold.expression}{abort}"))
    table.add_row(
        "at most", f"{counted(plan.max_vus, 'VU')}, {format_duration(plan.longest_s)} with graceful stops"
    )
    if plan.expected_iterations is not None:
        table.add_row("expected", f"about {counted(plan.expected_iterations, 'iteration')}")
    for text in (*(note.partition(": ")[2] for note in plan.notes), *plan.warnings):
        table.add_row("!", Text(printable(text), style="yellow"))
    return indented(table)


def _scenario(scenario: ScenarioPlan) -> str:
    peak = scenario.peak_rate_per_s or scenario.rate_per_s
    parts = [
        scenario.executor,
        counted(scenario.vus, "VU") if scenario.vus is not None else "",
        (
            f"up to {counted(scenario.max_vus, 'VU')}"
            if scenario.max_vus is not None and scenario.max_vus != scenario.vus
            else ""
        ),
        counted(scenario.iterations, "iteration") if scenario.iterations is not None else "",
        f"{peak:g} iterations per s" if peak is not None else "",
        "a browser for each VU" if scenario.browser else "",
        format_duration(scenario.duration_s) if scenario.duration_s is not None else "",
        f"starts after {format_duration(scenario.start_s)}" if scenario.start_s else "",
    ]
    return ", ".join(part for part in parts if part)


def health_view(health: Health, settings: Settings) -> RenderableType:
    """Return the state of everything that a test needs, with the next step for each problem."""
    table = grid("left", "left", "left")
    for component in health.components:
        mark, style = _STATES[component.state]
        table.add_row(Text(mark, style=style), Text(component.name, style="bold"), component.detail)
        if component.hint and component.state != "ok":
            table.add_row("", "", Text(in_commands(component.hint), style="cyan"))
    limits = health.limits
    caps = (
        f"{counted(limits.max_concurrent_runs, 'test')} at once, {counted(limits.max_vus, 'VU')},"
        f" {format_duration(limits.max_duration_s)}, {count(limits.max_rps)} requests per s, scripts up to"
        f" {count(limits.max_script_bytes)} bytes"
    )
    if limits.script_dirs:
        caps += f", script files only from {', '.join(limits.script_dirs)}"
    table.add_row("", Text("limits", style="bold"), caps)
    table.add_row("", Text("results", style="bold"), str(settings.results_dir))
    text = "load tests can run here" if health.ok else _trouble(health)
    return Group(
        Text(f"k6-mcp {__version__}: {text}", style="bold green" if health.ok else "bold red"),
        indented(table),
    )


def _trouble(health: Health) -> str:
    broken = {component.name for component in health.components if component.state == "broken"}
    return (
        "load tests can run here, but their results cannot be kept"
        if broken == {"disk"}
        else "load tests cannot run here yet"
    )
