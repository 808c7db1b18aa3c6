"""A run over time in a terminal: a line of bars per figure, and a table of the load's stages."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from k6_mcp.analysis.measure.phases import phases_of_run
from k6_mcp.analysis.measure.shorter_timelines import condense
from k6_mcp.frontends.cli.console import below, grid, indented, printable
from k6_mcp.frontends.cli.verdict import count, counted, ms, share
from k6_mcp.models.duration import format_duration
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Phase, Timeline

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60
_LEAST_WIDTH = 10
_WIDTH_OF_TEXTS = 32


def timeline_view(run: Run, timeline: Timeline | None, width: int) -> RenderableType | None:
    """Return `timeline` drawn in a terminal of `width`, None if there is nothing to draw."""
    if timeline is None or len(timeline.ends_s) < 2:
        return None
    shown = condense(timeline.changed(scenarios=()), max(min(_WIDEST, width - _WIDTH_OF_TEXTS), _LEAST_WIDTH))
    table = grid("left", "left", "left")
    for name, values, most in _lines(shown):
        table.add_row(Text(name, style="bold"), Text(sparkline(values), style="cyan"), most)
    seconds = format_duration(round(timeline.seconds, 1 if timeline.seconds >= 1 else 3))
    parts: list[RenderableType] = [below(f"over {seconds}", style="bold"), indented(table)]
    phases = phases_of_run(run, timeline)
    if len(phases) > 1:
        parts += [below("stages", style="bold"), indented(_phases(phases))]
    return Group(*parts)


def sparkline(values: Sequence[float | None]) -> str:
    """Return a bar per value, as high as its share of the largest, and a blank for each None."""
    largest = max((value for value in values if value is not None), default=0.0)
    return "".join(
        " " if value is None else _bar(value / largest if largest > 0 else 0.0) for value in values
    )


def _bar(height: float) -> str:
    return _BARS[min(int(max(height, 0.0) * len(_BARS)), len(_BARS) - 1)]


def _lines(shown: Timeline) -> Iterator[tuple[str, Sequence[float | None], str]]:
    total, spans = shown.total, shown.spans_s
    what, counts = (
        ("requests/s", total.requests) if any(total.requests) else ("iterations/s", total.iterations)
    )
    rates = [n / span if span else None for n, span in zip(counts, spans, strict=True)]
    yield what, rates, f"up to {_rate(_largest(rates))}"
    if any(value is not None for value in total.p95_ms):
        name = "p95 of answers" if any(shown.unanswered) else "p95"
        yield name, total.p95_ms, f"up to {ms(_largest(total.p95_ms))}"
    if any(total.failed):
        shares = zip(total.failed, total.requests, spans, strict=True)
        errors = [n / requests if requests and span else None for n, requests, span in shares]
        yield "errors", errors, f"up to {share(_largest(errors))}"
    if any(shown.dropped):
        yield "dropped", shown.dropped, counted(sum(shown.dropped), "iteration")


def _largest(values: Iterable[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _phases(phases: Sequence[Phase]) -> RenderableType:
    several = len({phase.scenario for phase in phases}) > 1
    table = grid(*(("left",) if several else ()), "left", "right", "right", "right", "right", "right")
    heading = ("stage", "iterations/s", "requests/s", "p95", "errors", "dropped")
    table.add_row(*(Text(name, style="dim") for name in (*(("scenario",) if several else ()), *heading)))
    for phase in phases:
        scenario = (printable(phase.scenario),) if several else ()
        table.add_row(
            *scenario,
            phase.label,
            _achieved(phase),
            _rate(phase.requests_per_s),
            ms(phase.p95_ms),
            share(phase.error_rate),
            count(phase.dropped),
        )
    return table


def _achieved(phase: Phase) -> str:
    achieved = _rate(phase.iterations_per_s)
    return achieved if phase.asked_rate_per_s is None else f"{achieved} of {_rate(phase.asked_rate_per_s)}"


def _rate(per_s: float | None) -> str:
    """Return a rate with one decimal, or two below 1, so that 0.25 does not look like 0.2."""
    return "-" if per_s is None else f"{per_s:.2f}" if 0 < per_s < 1 else f"{per_s:.1f}"
