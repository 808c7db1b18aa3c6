"""`k6-mcp gate`: a load test as a step of a pipeline.

The exit code never claims more than the run has shown.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from k6_mcp.app import open_app
from k6_mcp.errors import InvalidArguments, K6McpError, ReportUnavailable
from k6_mcp.frontends.cli.arguments import defined_test, given_options
from k6_mcp.frontends.cli.console import below, stdout, write_json
from k6_mcp.frontends.cli.run import run_to_end
from k6_mcp.models.gate import GateOutcome, GatePolicy, GateResult
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.permissions.caps import violations
from k6_mcp.reports.formats import rendered, rendered_comparison
from k6_mcp.reports.gate_report import (
    GATE_EXIT_CODES,
    GateAnswer,
    annotations,
    gate_answer,
    gate_junit,
    gate_markdown,
)
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

_STYLES: dict[GateOutcome, tuple[str, str]] = {
    "passed": ("✓", "bold green"),
    "breached": ("✗", "bold red"),
    "errored": ("!", "bold red"),
    "regressed": ("✗", "bold red"),
    "not_comparable": ("?", "bold yellow"),
}
_ERRORED = GATE_EXIT_CODES["errored"]
# If both notices are present, no other process can find the run.
_NOWHERE = {
    "backup_unavailable",
    "history_unavailable",
}

log = logging.getLogger(__name__)


def gate_command(options: argparse.Namespace, settings: Settings) -> int:
    """Gate what the options name and return the exit code.

    Raises:
        K6McpError: If nothing could be judged; this counts as `errored` too.
    """
    try:
        return asyncio.run(_gate(options, settings))
    except BrokenPipeError:
        # An answer that nobody reads must not change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _ERRORED
    except K6McpError:
        raise
    except Exception:
        # A traceback would end with exit code 1, which means breached.
        log.exception("gate")
        sys.stderr.write(
            "k6-mcp: internal: k6-mcp itself failed, nothing was judged (next step: see the log above)\n"
        )
        return _ERRORED


async def _gate(options: argparse.Namespace, settings: Settings) -> int:
    what = _what(options, settings)
    async with open_app(settings) as service:
        if isinstance(what, LoadTest):
            silent = options.quiet or options.json
            run_id, runs = (await run_to_end(service, what, silent=silent))[0].run_id, what.repeat
        else:
            run_id, runs = what, 1
        policy = GatePolicy(
            options.baseline,
            options.require_baseline,
            options.allow_nothing_asserted,
            runs,
            options.allow_imported,
        )
        result = await service.kept_runs.gate(run_id, policy)
        if options.set_baseline_on_pass:
            result = await service.kept_runs.accept(result)
        answer = await _answer(options, settings, service, result)
        await service.maintenance.tidy()
    _say(answer, options)
    return answer.exit_code


def _what(options: argparse.Namespace, settings: Settings) -> LoadTest | str:
    """Return the test to run or the id of the run to judge.

    Report every violation before anything runs.
    """
    if options.github and settings.github_step_summary is None:
        raise InvalidArguments(
            "--github: GITHUB_STEP_SUMMARY is not set",
            hint="use --github only in GitHub Actions",
        )
    if RUN_ID.match(options.source):
        if surplus := given_options(options):
            raise InvalidArguments(
                f"{', '.join(surplus)}: a finished run takes no load test arguments",
                hint="leave them out",
            )
        return options.source
    test = defined_test(options, lambda given: violations(given, settings.limits))
    if options.set_baseline_on_pass and not test.name:
        raise InvalidArguments(
            "--set-baseline-on-pass: the test has no name, so it can't have a baseline", hint="give --name"
        )
    return test


async def _answer(
    options: argparse.Namespace, settings: Settings, service: LoadTests, result: GateResult
) -> GateAnswer:
    """Write the reports; if one cannot be written, still write the others and report the error."""
    run = await service.get(result.run_id)
    written: list[str] = []
    try:
        async for path, content in _reports(options, settings, service, result):
            written.append(
                await asyncio.to_thread(_write, path, content, append=path == settings.github_step_summary)
            )
    except K6McpError as error:
        result = result.changed(outcome=_doubted(result.outcome), reasons=(*result.reasons, *error.reasons))
    return gate_answer(result, run, tuple(written))


def _doubted(outcome: GateOutcome) -> GateOutcome:
    return "errored" if outcome == "passed" else outcome


async def _reports(
    options: argparse.Namespace, settings: Settings, service: LoadTests, result: GateResult
) -> AsyncGenerator[tuple[Path, bytes]]:
    view = await service.kept_runs.view(result.run_id)
    if options.junit:
        yield Path(options.junit), gate_junit(result, view.run)
    if options.markdown:
        yield Path(options.markdown), gate_markdown(result, view)
    if options.github and settings.github_step_summary:
        yield settings.github_step_summary, gate_markdown(result, view)
    if options.html:
        page = Path(options.html)
        yield page, await asyncio.to_thread(rendered, view, "html")
        if result.comparison and result.baseline:
            before = await service.kept_runs.view(result.baseline)
            content = await asyncio.to_thread(rendered_comparison, result.comparison, (before, view), "html")
            yield page.with_name(f"{page.stem}-comparison{page.suffix}"), content


def _write(path: Path, content: bytes, *, append: bool) -> str:
    try:
        with path.open("ab" if append else "wb") as file:
            file.write(content)
    except OSError as error:
        raise ReportUnavailable(
            f"the report {path} could not be written: {error.strerror or error}"
        ) from None
    return str(path.absolute())


def _say(answer: GateAnswer, options: argparse.Namespace) -> None:
    if options.github:
        (sys.stderr if options.json else sys.stdout).writelines(
            f"{line}\n" for line in annotations(answer.result)
        )
    if options.json:
        write_json(answer)
    else:
        stdout().print(gate_view(answer))
    sys.stdout.flush()


def gate_view(answer: GateAnswer) -> RenderableType:
    """Return the answer as a person reads it in a log."""
    result, (mark, style) = answer.result, _STYLES[answer.outcome]
    name = f"  {result.name}" if result.name else ""
    line = Text(f"{mark} gate {answer.outcome.replace('_', ' ')}", style=style)
    parts: list[RenderableType] = [line.append(f"  {', '.join(result.run_ids)}{name}", style="dim")]
    parts += [below(reason) for reason in answer.reasons]
    parts += [below(f"! {note}", style="yellow") for note in result.notes]
    parts += [below(f"compared with the baseline {result.baseline}", style="dim")] if result.baseline else []
    parts += [below(f"this run is now the baseline of {result.new_baseline}")] if result.new_baseline else []
    parts += [below(f"written: {path}", style="dim") for path in answer.reports]
    if not {notice.code for notice in answer.run.warnings} >= _NOWHERE:
        parts.append(below(f"k6-mcp show {result.run_id} shows the figures", style="dim"))
    return Group(*parts)
