"""Wall time of one-shot requests against `k6 run` of the same script.

A request has a process of its own, or is one more in an open process.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.measure import Bench, Row, Table, bare_k6, interleaved, ms, timed

_REPEATS = 15
# The libraries are given: a process of its own adds little to what importing them costs
_MOST_BEYOND_LIBRARIES = 1.15
_GOAL_OPEN_S = 0.060
_ENTRY = Path(__file__).parent.parent / "k6_server.py"
_LIBRARIES = (
    "import aiosqlite, anyio._backends._asyncio\nfrom pydantic import BaseModel\nclass Model(BaseModel): x:"
    " int = 1\nModel()"
)


async def measure(bench: Bench) -> Table:
    """Measure a run of a few iterations through the entry script."""
    script = (
        "import http from 'k6/http';\nexport const options = { vus: 1, iterations: 5 };\nexport default ()"
        f" => http.get('{bench.url}');\n"
    )
    file = bench.folder / "oneshot.js"
    file.write_text(script, encoding="utf-8")
    request = json.dumps({"method": "execute_k6_test", "params": {"script_file": str(file)}}).encode() + b"\n"

    async def with_its_own_process() -> None:
        async with _server(bench) as process:
            await _answered(process, request)

    async with _server(bench) as there:
        await _answered(there, request)
        seconds = await interleaved(
            _REPEATS,
            bare=lambda: timed(bare_k6(bench, script)),
            own=lambda: timed(with_its_own_process()),
            there=lambda: timed(_answered(there, request)),
            libraries=lambda: timed(_libraries(bench)),
        )
    bare, libraries = seconds["bare"], seconds["libraries"]
    rows = [
        _row("a process for one request, until it has ended", bare, seconds["own"], libraries),
        _row("a further request in an open process", bare, seconds["there"]),
    ]
    note = (
        f"Medians of {_REPEATS} interleaved repeats of a test of 5 iterations. Starting Python and importing"
        f" asyncio, anyio, pydantic and aiosqlite, without k6-mcp's own code, takes {ms(libraries)} in this"
        f" run; a process for one request adds {(seconds['own'] - bare) / libraries:.2f} x that."
    )
    return Table("Overhead of a one-shot request", rows, note)


def _row(what: str, bare: float, seconds: float, libraries: float | None = None) -> Row:
    """Compare what a request adds to bare k6 with its goal: a share of `libraries`, or the fixed one."""
    added = seconds - bare
    if libraries is None:
        return Row(what, ms(bare), ms(seconds), ms(added), f"≤ {ms(_GOAL_OPEN_S)}", added <= _GOAL_OPEN_S)
    goal = f"≤ {_MOST_BEYOND_LIBRARIES} x importing the libraries"
    return Row(what, ms(bare), ms(seconds), ms(added), goal, added <= _MOST_BEYOND_LIBRARIES * libraries)


@asynccontextmanager
async def _server(bench: Bench) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Start the entry script; leaving ends its input and waits for its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(_ENTRY)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=bench.environment(),
        # The limit of a line
        limit=1_000_000,
    )
    yield process
    assert process.stdin
    process.stdin.close()
    await process.wait()


async def _answered(process: asyncio.subprocess.Process, request: bytes) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write(request)
    line = await process.stdout.readline()
    if not line or not json.loads(line)["success"]:
        raise RuntimeError(f"one-shot answered {line[:500]!r}")


async def _libraries(bench: Bench) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _LIBRARIES, env=bench.environment())
    if await process.wait() != 0:
        raise RuntimeError("the libraries cannot be imported")
