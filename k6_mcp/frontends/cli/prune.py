"""`k6-mcp prune`: remove the runs beyond the limits, and list what was removed."""

import argparse
import asyncio
import re
import sys
from collections.abc import Callable
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.text import Text

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.cli.console import below, grid, indented, printable, stdout, write_json
from k6_mcp.frontends.cli.exit_codes import COMPLETED, FAILED
from k6_mcp.frontends.cli.verdict import count, counted
from k6_mcp.models.duration import parse_duration_s
from k6_mcp.models.prune import PruneReport, Reason
from k6_mcp.models.retention import Retention
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

T = TypeVar("T")
_SHOWN = 20
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([kMGT]?)B?\Z", re.IGNORECASE)
_UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000, "T": 1_000_000_000_000}
_WHY: dict[Reason, str] = {"age": "too old", "count": "too many runs", "size": "too much space"}


async def prune(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Remove old runs, list those to remove, or restore some; return the exit code."""
    if options.restore:
        return await _restore(options, service)
    limits = limits_of(options)
    if not options.dry_run and _asks(options):
        report = await service.maintenance.prune(limits, dry_run=True, by_clock=options.by_clock)
        stdout().print(prune_view(report))
        if not report.removed and not (options.for_good and report.trash.runs):
            return COMPLETED
        if not await asyncio.to_thread(_agreed, options.for_good):
            stdout().print("nothing was removed")
            return COMPLETED
    report = await service.maintenance.prune(
        limits, dry_run=options.dry_run, by_clock=options.by_clock, for_good=options.for_good
    )
    if options.json:
        write_json(report)
    else:
        stdout().print(prune_view(report))
    return FAILED if report.problems else COMPLETED


def _asks(options: argparse.Namespace) -> bool:
    """Return whether a person can confirm the removal."""
    return not (options.yes or options.json) and sys.stdin.isatty() and sys.stdout.isatty()


def _agreed(for_good: bool) -> bool:
    stdout().print(
        "permanently delete these runs and everything in the trash? [y/N] "
        if for_good
        else "remove these runs? [y/N] ",
        end="",
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _restore(options: argparse.Namespace, service: LoadTests) -> int:
    everything = options.restore == ["all"]
    report = await service.maintenance.restore(None if everything else options.restore)
    if options.json:
        write_json(report)
    else:
        console = stdout()
        console.print(f"{counted(len(report.restored), 'run')} restored")
        for run_id in report.restored:
            console.print(below(run_id))
        for problem in report.problems:
            console.print(below(f"✗ {printable(problem)}", style="red"))
    return FAILED if report.problems else COMPLETED


def limits_of(options: argparse.Namespace) -> Retention | None:
    """Return the limits that the options name, or None if only the settings apply.

    Raises:
        InvalidArguments: With every option that cannot be understood.
    """
    reasons: list[str] = []

    def read(option: str, convert: Callable[[str], T]) -> T | None:
        word = getattr(options, option.replace("-", "_"))
        try:
            return None if word is None else convert(word)
        except ValueError as error:
            reasons.append(f"--{option}: {error}")
            return None

    days = read("older-than", lambda word: parse_duration_s(word) / 86_400)
    runs, size_bytes = read("keep-runs", _whole), read("max-size", _bytes)
    if reasons:
        raise InvalidArguments(
            *reasons, hint="correct these options (see k6-mcp prune --help); nothing was removed"
        )
    if days is None and runs is None and size_bytes is None:
        return None
    return Retention(days=days, runs=runs, size_bytes=size_bytes)


def size_text(size_bytes: int) -> str:
    """Return a size with the unit that fits it."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} bytes"


def prune_view(report: PruneReport) -> RenderableType:
    """Return what was or would be removed, and what stays."""
    verb = "would be removed" if report.dry_run else "removed"
    days = report.limits.trash_days
    parts: list[RenderableType] = [
        Text(f"{counted(report.removed, 'run')} {verb} ({size_text(report.freed_bytes)})")
    ]
    table = grid("left", "left", "right", "left")
    for run in report.listed[:_SHOWN]:
        table.add_row(
            run.run_id, f"{run.created_at:%Y-%m-%d %H:%M}", size_text(run.size_bytes), _WHY[run.reason]
        )
    if report.listed:
        parts.append(indented(table))
    if report.removed > len(report.listed[:_SHOWN]):
        parts.append(below(f"and {count(report.removed - len(report.listed[:_SHOWN]))} more", style="dim"))
    stay = "stays" if report.kept == 1 else "stay"
    parts.append(below(f"{counted(report.kept, 'run')} {stay}, {size_text(report.kept_bytes)}"))
    if report.protected:
        parts.append(
            below(f"{count(report.protected)} of them exceed the limits, but are baselines or their repeats")
        )
    if report.postponed:
        parts.append(
            below(
                f"{count(report.postponed)} more are too old and will be removed later, a few at a time;"
                " k6-mcp prune removes them now"
            )
        )
    if report.deleted:
        parts.append(below(f"{counted(report.deleted, 'run')} permanently deleted from the trash"))
    if report.removed and days and not report.dry_run:
        parts.append(
            below(
                f"they stay in the trash for {days:g} days, or until space runs out; k6-mcp prune --restore"
                " RUN restores one"
            )
        )
    if report.clock_ahead_s:
        parts.append(below(_clock(report.clock_ahead_s), style="yellow"))
    parts += [below(f"✗ could not be removed: {problem}", style="red") for problem in report.problems]
    return Group(*parts)


def _clock(ahead_s: float) -> str:
    where = "ahead of" if ahead_s > 0 else "behind"
    return (
        f"! this machine's clock is {abs(ahead_s) / 86_400:.0f} days {where} the time that this history has"
        " recorded; ages follow the recorded time (--by-clock uses the clock)"
    )


_EVERYTHING = "0 would remove every run but baselines; use 1 or more, or --older-than"


def _whole(word: str) -> int:
    if not word.isascii() or not word.isdigit() or not 1 <= len(word) <= 15:
        raise ValueError(f"{word[:40]!r} is not a whole number")
    if not int(word):
        raise ValueError(_EVERYTHING)
    return int(word)


def _bytes(word: str) -> int:
    if not (match := _SIZE.match(word.strip())):
        raise ValueError(f"{word[:40]!r} is not a size: use a number and a unit, as in 500MB or 1GB")
    if not (size := round(float(match[1]) * _UNITS[match[2].upper()])):
        raise ValueError(_EVERYTHING)
    return size
