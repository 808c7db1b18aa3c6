"""`k6-mcp stats`: how the tests did over the last days."""

import argparse
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from k6_mcp.answers.statistics import StatisticsAnswer, TestAnswer, statistics_overview
from k6_mcp.frontends.cli.console import below, grid, indented, printable, stdout, write_json
from k6_mcp.frontends.cli.exit_codes import COMPLETED
from k6_mcp.frontends.cli.verdict import count, counted, ms, share
from k6_mcp.frontends.cli.words import in_commands
from k6_mcp.frontends.use_cases.comparing import STATISTICS
from k6_mcp.frontends.use_cases.declaration import TERMINAL, Caller
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

_MARKS = {
    "worse": ("✗", "bold red"),
    "better": ("✓", "bold green"),
    "steady": ("=", "bold"),
    "too_few": ("·", "dim"),
}


async def stats(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Show how tests did over days; return the exit code."""
    statistics = await STATISTICS.run(Caller(service, TERMINAL), {"days": options.days})
    if options.json:
        write_json(statistics)
    else:
        stdout().print(statistics_view(statistics_overview(statistics)))
    return COMPLETED


def statistics_view(answer: StatisticsAnswer) -> RenderableType:
    """Return counts, then a line per test, the worst first."""
    return Group(
        *_counts(answer), *_tests(answer), below(f"next step: {in_commands(answer.next)}", style="cyan")
    )


def _counts(answer: StatisticsAnswer) -> Iterator[RenderableType]:
    yield Text(
        f"{counted(answer.runs, 'run')} in {answer.days:g} {'day' if answer.days == 1 else 'days'}"
        f"{_listed(answer.by_status.items())}",
        style="bold",
    )
    if answer.by_failure_kind:
        yield below(f"failed{_listed(answer.by_failure_kind.items())}")
    if answer.anomaly_rate is not None:
        yield below(
            f"{share(answer.anomaly_rate)} with a warning or critical"
            f" finding{_listed(answer.by_severity.items())}"
        )


def _listed(numbers: Iterable[tuple[str, int]]) -> str:
    listed = ", ".join(f"{count(number)} {name}" for name, number in numbers)
    return f": {listed}" if listed else ""


def _tests(answer: StatisticsAnswer) -> Iterator[RenderableType]:
    if answer.degraded:
        yield below(answer.degraded, style="yellow")
    if not answer.tests:
        return
    table = grid("left", "left", "right", "right", "right", "left")
    table.add_row(
        "", *(Text(title, style="dim") for title in ("test", "runs", "p95", "errors", "least headroom"))
    )
    for test in answer.tests:
        mark, style = _MARKS[test.direction]
        last_ms, last_errors = (test.p95_ms or (None,))[-1], (test.error_rate or (None,))[-1]
        table.add_row(
            Text(mark, style=style),
            printable(test.name),
            count(test.runs),
            ms(last_ms),
            share(last_errors),
            _room(test),
        )
    yield indented(table)
    if answer.omitted_tests:
        yield below(f"{answer.omitted_tests} more tests with fewer runs", style="dim")


def _room(test: TestAnswer) -> str:
    known = [room for room in test.headroom if room.headroom is not None]
    return (
        printable(f"{share(known[0].headroom)} of {known[0].metric} {known[0].expression}") if known else "-"
    )
