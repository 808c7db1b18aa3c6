"""The commands that use the service: each writes its answer to stdout and returns the exit code."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from k6_mcp.answers.run import run_answer
from k6_mcp.app import open_app
from k6_mcp.errors import InvalidArguments, K6McpError
from k6_mcp.frontends.cli.archives import export_runs, import_runs
from k6_mcp.frontends.cli.arguments import filters, load_test
from k6_mcp.frontends.cli.comparison import compare, set_baseline
from k6_mcp.frontends.cli.console import printable, stdout, write_json
from k6_mcp.frontends.cli.exit_codes import COMPLETED, FAILED, REFUSED
from k6_mcp.frontends.cli.findings import advice_view, findings_view
from k6_mcp.frontends.cli.lists import health_view, metrics_view, plan_view, runs_view
from k6_mcp.frontends.cli.prune import prune
from k6_mcp.frontends.cli.report import Wanted, write_report
from k6_mcp.frontends.cli.run import run
from k6_mcp.frontends.cli.stats import stats
from k6_mcp.frontends.cli.timeline import timeline_view
from k6_mcp.frontends.cli.verdict import counted, verdict
from k6_mcp.frontends.use_cases.declaration import TERMINAL, Caller
from k6_mcp.frontends.use_cases.reading import GET_RUN, HEALTH, HISTORY
from k6_mcp.frontends.use_cases.reporting import REPORT
from k6_mcp.frontends.use_cases.running import STOP
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import FINAL, Status
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.service_answers import PlanReport
from k6_mcp.redaction import redact_text
from k6_mcp.scripts.render import render
from k6_mcp.scripts.script_file import read_script_file
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

_LINE_CHARS = 200
Command = Callable[[argparse.Namespace, Settings, LoadTests], Awaitable[int]]


def run_command(options: argparse.Namespace, settings: Settings) -> int:
    """Open the service, run the command that `options` name, and close the service."""
    if options.command == "render":
        sys.stdout.write(render(load_test(options)).text.rstrip("\n") + "\n")
        return COMPLETED
    return asyncio.run(_in_service(options, settings))


async def _in_service(options: argparse.Namespace, settings: Settings) -> int:
    async with open_app(settings) as service:
        return await _COMMANDS[options.command](options, settings, service)


async def _validate(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    test = load_test(options, service.excess)
    report = await service.plan(test)
    if options.json:
        write_json(report)
    else:
        stdout().print(plan_view(report, _own_line(report, test)))
    return FAILED if report.refusal else REFUSED if report.violations else COMPLETED


def _own_line(report: PlanReport, test: LoadTest) -> str:
    """Return the line of the script that k6 refuses.

    Answers to clients leave out the lines of a script file, but its own user may see them.
    """
    refusal = report.refusal
    if refusal is None or refusal.line is None or refusal.source_line or test.script_file is None:
        return (refusal.source_line or "") if refusal else ""
    with suppress(K6McpError):
        lines = read_script_file(test.script_file)[1].splitlines()
        return (
            redact_text(lines[refusal.line - 1].strip())[:_LINE_CHARS] if refusal.line <= len(lines) else ""
        )
    return ""


async def _history(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    page = await HISTORY.run(Caller(service, TERMINAL), filters(options))
    if options.json:
        write_json(page)
    else:
        console = stdout()
        console.print(runs_view(page, console.width))
    return COMPLETED


async def _show(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    request = GET_RUN.parse(
        {"run_id": options.run_id or await _newest(service), "detail": options.detail},
        Caller(service, TERMINAL),
    )
    run_id = request.run_id
    shown_run = await service.get(run_id)
    if request.detail in ("log", "script"):
        text = await (service.log(shown_run) if request.detail == "log" else service.script(shown_run))
        sys.stdout.write((printable(text) if sys.stdout.isatty() else text).rstrip("\n") + "\n")
    elif options.json and options.ai:
        write_json(await service.kept_runs.explain(run_id, use_ai=True))
    elif options.json:
        write_json(shown_run if request.detail == "full" else run_answer(shown_run))
    else:
        console = stdout()
        console.print(verdict(run_answer(shown_run), str(RunFolder(settings.results_dir, run_id).path)))
        if drawn := timeline_view(shown_run, await service.timeline(shown_run), console.width):
            console.print(drawn)
        if request.detail == "full" and shown_run.metrics:
            stdout().print(metrics_view(shown_run.metrics))
        explanation = await service.kept_runs.explain(run_id, use_ai=options.ai)
        if explanation.findings:
            stdout().print(findings_view(explanation.findings, run_id))
        if explanation.advice:
            stdout().print(advice_view(explanation.advice))
    return COMPLETED


async def _report(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    run_id = options.run_id or await _newest(service)
    arguments = {"run_id": run_id, "format": options.format, "baseline": options.baseline}
    request = REPORT.parse(arguments, Caller(service, TERMINAL))
    report = Wanted(request.format, options.output)
    if path := await write_report(service, request.run_id, report, request.baseline):
        sys.stdout.write(f"{path}\n")
    return COMPLETED


async def _stop(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    run_id = options.run_id or await _newest(service, "running")
    stopped = await STOP.run(Caller(service, TERMINAL), {"run_id": run_id})
    if options.json:
        write_json(run_answer(stopped))
    else:
        stdout().print(verdict(run_answer(stopped), str(RunFolder(settings.results_dir, run_id).path)))
    return COMPLETED if stopped.status in FINAL else FAILED


async def _doctor(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    health = await HEALTH.run(Caller(service, TERMINAL), {})
    if options.json:
        write_json(health)
    else:
        stdout().print(health_view(health, settings))
    return COMPLETED if health.ok else FAILED


async def _rebuild(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    report = await service.maintenance.rebuild()
    if options.json:
        write_json(report)
        return COMPLETED
    console = stdout()
    console.print(
        f"{counted(report.restored, 'run')} restored from {settings.results_dir / 'runs'}"
        f" into {settings.database}"
    )
    if report.set_aside:
        console.print(f"the old database is kept as {report.set_aside}")
    if report.removed:
        console.print(f"removed {len(report.removed)} folders of tests whose server died before they began")
    for folder in report.unreadable:
        console.print(f"could not be read: {folder}")
    return COMPLETED


async def _newest(service: LoadTests, status: Status | None = None) -> str:
    page = await service.history(HistoryQuery(status=status, limit=1))
    if not page.runs:
        what = f"no test is {status}" if status else "there are no runs yet"
        raise InvalidArguments(
            what, hint="start a test with k6-mcp run, or list the runs with k6-mcp history"
        )
    return page.runs[0].run_id


_COMMANDS: Mapping[str, Command] = {
    "run": run,
    "validate": _validate,
    "plan": _validate,
    "history": _history,
    "show": _show,
    "report": _report,
    "stop": _stop,
    "compare": compare,
    "baseline": set_baseline,
    "stats": stats,
    "doctor": _doctor,
    "rebuild": _rebuild,
    "prune": prune,
    "export": export_runs,
    "import": import_runs,
}
