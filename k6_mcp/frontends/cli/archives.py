"""`k6-mcp export` and `k6-mcp import`: write runs to one file, and read them from one."""

import argparse
import asyncio
from pathlib import Path

from k6_mcp.frontends.cli.console import below, printable, stdout, write_json
from k6_mcp.frontends.cli.exit_codes import COMPLETED
from k6_mcp.frontends.cli.prune import size_text
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings


async def export_runs(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Write a run, and its repeats, to a file; return the exit code."""
    run_id = await service.kept_runs.run_or_baseline(options.run_id)
    target = await asyncio.to_thread(_absolute, options.output or f"{Path(run_id).name}.zip")
    report = await service.kept_runs.export_run(run_id, target, alone=options.alone)
    if options.json:
        write_json(report)
    else:
        stdout().print(
            f"{', '.join(report.run_ids)} exported to {report.path} ({size_text(report.size_bytes)})",
            soft_wrap=True,
        )
    return COMPLETED


async def import_runs(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Import the runs of a file; return the exit code."""
    report = await service.kept_runs.import_run(
        await asyncio.to_thread(_absolute, options.file), baseline=options.baseline
    )
    if options.json:
        write_json(report)
        return COMPLETED
    console = stdout()
    for run_id in report.imported:
        console.print(f"{run_id} imported; k6-mcp show {run_id} shows it", soft_wrap=True)
    if report.imported:
        console.print(
            below(
                "the file is not signed, so the run is marked imported_unverified wherever it appears",
                style="dim",
            )
        )
    for run_id in report.known:
        console.print(f"{run_id} is already here and identical", soft_wrap=True)
    for name in report.baselines:
        console.print(f"the run is now the baseline of {printable(name)}", soft_wrap=True)
    for notice in report.notices:
        console.print(below(f"! {notice.message}", style="yellow"))
    return COMPLETED


def _absolute(name: str) -> Path:
    return Path(name).expanduser().absolute()
