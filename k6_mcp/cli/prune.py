"""`k6-mcp prune`: runs beyond the limits go, and what went is said."""

import argparse
import re
from collections.abc import Callable
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.text import Text

from k6_mcp.cli.console import below, grid, indented, stdout, write_json
from k6_mcp.cli.exit_codes import COMPLETED, FAILED
from k6_mcp.cli.verdict import count
from k6_mcp.errors import InvalidArguments
from k6_mcp.models.duration import parse_duration_s
from k6_mcp.models.prune import PruneReport, Reason
from k6_mcp.models.retention import Retention
from k6_mcp.service import LoadTests
from k6_mcp.settings import Settings

T = TypeVar("T")
_SHOWN = 20
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([kMGT]?)B?\Z", re.IGNORECASE)
_UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000, "T": 1_000_000_000_000}
_WHY: dict[Reason, str] = {"age": "too old", "count": "too many runs", "size": "too much space"}


async def prune(options: argparse.Namespace, settings: Settings, service: LoadTests) -> int:
    """Remove old runs, or say which would go; return the exit code."""
    report = await service.upkeep.prune(limits_of(options), dry_run=options.dry_run)
    if options.json:
        write_json(report)
    else:
        stdout().print(prune_view(report))
    return FAILED if report.problems else COMPLETED


def limits_of(options: argparse.Namespace) -> Retention | None:
    """Return the limits that the options name, None when they name none and the settings hold.

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
        raise InvalidArguments(*reasons, hint="correct these options, see k6-mcp prune --help; nothing was removed")
    if days is None and runs is None and size_bytes is None:
        return None
    return Retention(days=days, runs=runs, size_bytes=size_bytes)


def size_text(size_bytes: int) -> str:
    """Return a size as people write it."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} bytes"


def prune_view(report: PruneReport) -> RenderableType:
    """Return what went or would go, and what stays."""
    verb = "would be removed" if report.dry_run else "removed"
    parts: list[RenderableType] = [
        Text(f"{count(report.removed)} runs {verb}, {size_text(report.freed_bytes)} {'to be ' if report.dry_run else ''}freed")
    ]
    table = grid("left", "left", "right", "left")
    for run in report.listed[:_SHOWN]:
        table.add_row(run.run_id, f"{run.created_at:%Y-%m-%d %H:%M}", size_text(run.size_bytes), _WHY[run.reason])
    if report.listed:
        parts.append(indented(table))
    if report.removed > len(report.listed[:_SHOWN]):
        parts.append(below(f"and {count(report.removed - len(report.listed[:_SHOWN]))} more", style="dim"))
    parts.append(below(f"{count(report.kept)} runs stay, {size_text(report.kept_bytes)}"))
    if report.protected:
        parts.append(below(f"{count(report.protected)} of them are beyond the limits but baselines or their repeats"))
    parts += [below(f"✗ could not be removed: {problem}", style="red") for problem in report.problems]
    return Group(*parts)


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
