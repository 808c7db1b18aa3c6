"""`python -m benchmarks fuzz --seed N --count N [--mode MODE]`: send mutated calls to real servers.

The exit code is 1 if an answer came that must never come.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.fuzzing.http import fuzz_http
from benchmarks.fuzzing.judge import Tally
from benchmarks.fuzzing.messages import Maker
from benchmarks.fuzzing.stdio import fuzz_mcp, fuzz_oneshot
from benchmarks.wire import LEGACY, MODERN

MODES: Mapping[str, float] = {"mcp-2025": 0.4, "mcp-2026": 0.3, "oneshot": 0.15, "http": 0.15}
_LIMITS = {
    "K6_MCP_MAX_VUS": "5",
    "K6_MCP_MAX_DURATION": "2s",
    "K6_MCP_MAX_RPS": "50",
    "K6_MCP_MAX_CONCURRENT_RUNS": "4",
    "K6_TIMEOUT": "10s",
}


def run(arguments: Sequence[str]) -> tuple[str, bool]:
    """Fuzz by the arguments; return the table to print, and whether nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000, help="messages in all")
    parser.add_argument(
        "--mode", choices=[*MODES], help="one way to the server; all four by default, sharing the count"
    )
    options = parser.parse_args(arguments)
    shares = {options.mode: 1.0} if options.mode else MODES
    counts = {mode: max(round(options.count * share), 1) for mode, share in shares.items()}
    tallies = asyncio.run(_together(counts, options.seed))
    return report(tallies), not any(tally.findings for tally in tallies)


async def _together(counts: Mapping[str, int], seed: int) -> Sequence[Tally]:
    return await asyncio.gather(*(fuzz(mode, seed, count) for mode, count in counts.items()))


async def fuzz(mode: str, seed: int, count: int) -> Tally:
    """Send `count` messages of one mode to servers with a results folder of their own."""
    tally, started = Tally(mode, seed), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="k6-mcp-fuzz-") as folder:
        maker = Maker(seed, canary=f"S3cretCanary{seed:06d}")
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "K6_RESULTS_DIR": str(Path(folder) / "results"),
            "HOME": folder,
            "FUZZ_PASSWORD": maker.canary,
            **({"K6_BIN": os.environ["K6_BIN"]} if "K6_BIN" in os.environ else {}),
            **_LIMITS,
        }
        log = Path(folder) / "stderr"
        match mode:
            case "oneshot":
                await fuzz_oneshot(tally, maker, count, environment, log)
            case "http":
                await fuzz_http(tally, maker, count, environment, log)
            case _:
                await fuzz_mcp(
                    tally, maker, count, environment, LEGACY if mode == "mcp-2025" else MODERN, log
                )
    tally.wall_s = time.monotonic() - started
    return tally


def report(tallies: Sequence[Tally]) -> str:
    """Return a Markdown table, and each finding with the command that reproduces it."""
    lines = [
        "| mode | seed | sent | answered | seconds | memory, MB | findings |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in tallies:
        cells = (
            one.mode,
            one.seed,
            one.sent,
            one.answered,
            f"{one.wall_s:.0f}",
            one.memory_mb,
            len(one.findings),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    for one in tallies:
        for finding in one.findings:
            command = (
                f"python -m benchmarks fuzz --mode {one.mode} --seed {one.seed} --count"
                f" {max(finding.number, 1)}"
            )
            lines.append(f"\n{finding.kind}: {finding.detail}\n    {command}")
    return "\n".join(lines) + "\n"
