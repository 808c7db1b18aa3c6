"""`k6-mcp run`: one test from start to verdict, with its progress.

Ctrl-C ends the test gracefully and keeps its figures.
"""

import argparse
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext

from rich.console import Console

from k6_mcp.answers.live_line import live_line
from k6_mcp.answers.run import run_answer
from k6_mcp.frontends.cli.arguments import load_test
from k6_mcp.frontends.cli.console import progress_bar, stderr, stdout, write_json
from k6_mcp.frontends.cli.exit_codes import BY_STATUS
from k6_mcp.frontends.cli.findings import findings_view
from k6_mcp.frontends.cli.report import wanted, write_report
from k6_mcp.frontends.cli.verdict import verdict
from k6_mcp.frontends.use_cases.waiting import started, until_final
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.runners.signals import stop_signals
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

# Where no bar can be drawn, progress is a line at this interval.
_PLAIN_EVERY_S = 5.0

ShowLive = Callable[[Run], None]


async def run(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Run the test that the options describe and show its verdict; return the exit code."""
    test, console, reports = load_test(options, service.excess), stderr(), wanted(options.report)
    silent = options.quiet or (options.json and not console.is_terminal)
    ended = (await run_to_end(service, test, silent=silent))[1]
    if options.json:
        write_json(run_answer(ended))
    else:
        stdout().print(verdict(run_answer(ended), str(RunFolder(settings.results_dir, ended.run_id).path)))
        if findings := (await service.kept_runs.explain(ended.run_id)).findings:
            stdout().print(findings_view(findings, ended.run_id))
    await service.maintenance.tidy()
    for report in reports:
        if path := await write_report(service, ended.run_id, report):
            console.print(f"report: {path}", soft_wrap=True)
    return BY_STATUS[ended.status]


async def run_to_end(service: LoadTests, test: LoadTest, *, silent: bool) -> tuple[Run, Run]:
    """Run `test` with its repeats, and show its progress unless `silent`.

    Return the first run, and at the end the one that stands for all repeats.
    """
    with stop_signals() as stop:
        first = await started(service, test, stop)
        with nullcontext(_ignore) if silent else live(stderr()) as show:
            return first, await until_final(service, first, stop, show, _say_stopping)


@contextmanager
def live(console: Console) -> Generator[ShowLive]:
    """Yield a function that shows a running test: a bar on a terminal, otherwise a line every 5 s."""
    if not console.is_terminal:
        yield _lines(console)
        return
    with progress_bar(console) as update:
        yield lambda run: update(run.live.percent if run.live else None, live_line(run))


def _lines(console: Console) -> ShowLive:
    shown_at = [-_PLAIN_EVERY_S]

    def show(run: Run) -> None:
        elapsed_s = run.live.elapsed_s if run.live else 0.0
        if elapsed_s - shown_at[0] >= _PLAIN_EVERY_S:
            shown_at[0] = elapsed_s
            console.print(live_line(run))

    return show


def _ignore(run: Run) -> None:
    """Show nothing."""


def _say_stopping() -> None:
    stderr().print("stopping: k6 finishes what it has started, and its figures are kept")
