"""`k6-mcp compare` and `k6-mcp baseline`."""

import argparse
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from k6_mcp.frontends.cli.console import below, grid, indented, printable, stdout, write_json
from k6_mcp.frontends.cli.exit_codes import COMPLETED, FAILED, REFUSED
from k6_mcp.frontends.cli.verdict import ms, share
from k6_mcp.frontends.use_cases.comparing import COMPARE, SET_BASELINE
from k6_mcp.frontends.use_cases.declaration import TERMINAL, Caller
from k6_mcp.models.comparison import Change, Comparison, MetricChange
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

_MARKS: Mapping[Change, tuple[str, str]] = {
    "regressed": ("✗", "bold red"),
    "improved": ("✓", "bold green"),
    "no_evidence": ("=", "bold"),
    "not_comparable": ("?", "bold yellow"),
}
_EXIT_CODES: Mapping[Change, int] = {
    "regressed": FAILED,
    "improved": COMPLETED,
    "no_evidence": COMPLETED,
    "not_comparable": REFUSED,
}


async def compare(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Show how two runs compare; return the exit code."""
    arguments = {"baseline": options.baseline, "candidate": options.candidate}
    comparison = await COMPARE.run(Caller(service, TERMINAL), arguments)
    if options.json:
        write_json(comparison)
    else:
        stdout().print(comparison_view(comparison))
    return _EXIT_CODES[comparison.change]


async def set_baseline(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Keep a baseline and report it; return the exit code."""
    arguments = {"run_id": options.run_id, "name": options.name}
    baseline = await SET_BASELINE.run(Caller(service, TERMINAL), arguments)
    if options.json:
        write_json(baseline)
    else:
        stdout().print(printable(f"{baseline.run_id} is the baseline of {baseline.name!r}"))
    return COMPLETED


def comparison_view(comparison: Comparison) -> RenderableType:
    """Return a comparison as a person reads it: the sentence, then a row per figure."""
    mark, style = _MARKS[comparison.change]
    return Group(
        Text(printable(f"{mark} {comparison.sentence}"), style=style),
        *_rows(comparison),
        *_context(comparison),
    )


def _rows(comparison: Comparison) -> Iterator[RenderableType]:
    if not comparison.metrics:
        return
    table = grid("left", "left", "right", "right", "right", "left")
    table.add_row("", "", "baseline", "candidate", "change", "interval or reason", style="dim")
    for metric in comparison.metrics:
        mark, style = _MARKS[metric.change]
        values = (
            _value(metric, metric.baseline),
            _value(metric, metric.candidate),
            _change(metric, metric.effect),
        )
        table.add_row(Text(mark, style=style), metric.metric, *values, _interval(metric))
    yield indented(table)


def _context(comparison: Comparison) -> Iterator[RenderableType]:
    for item in comparison.differences:
        style = "red" if item.blocking else "yellow"
        yield below(f"{item.what} differs: {item.baseline} / {item.candidate}", style=style)
    yield from (below(note, style="dim") for note in comparison.notes)
    yield below(f"baseline {', '.join(comparison.baseline)}", style="dim")
    yield below(f"candidate {', '.join(comparison.candidate)}", style="dim")


def _value(metric: MetricChange, value: float | None) -> str:
    if metric.unit == "share":
        return share(value)
    return ms(value) if metric.unit == "ms" else "-" if value is None else f"{value:.4g}"


def _change(metric: MetricChange, effect: float | None) -> str:
    if effect is None:
        return "-"
    return f"{effect * 100:+.2f} points" if metric.unit == "share" else f"{effect:+.1%}"


def _interval(metric: MetricChange) -> str:
    if metric.effect_low is None or metric.effect_high is None:
        return metric.reason or ""
    interval = f"{_change(metric, metric.effect_low)} to {_change(metric, metric.effect_high)}"
    return f"{interval}; {metric.reason}" if metric.change == "not_comparable" else interval
