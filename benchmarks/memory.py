"""Memory of the server process during a full-speed run."""

import asyncio
import os
from pathlib import Path

from benchmarks.measure import Bench, Row, Table, connected, execute
from benchmarks.rate import full_speed

_SECONDS = 60
_GOAL_BYTES, _GOAL_GROWTH_BYTES = 100e6, 5e6
_WARM_UP_S = 10


async def measure(bench: Bench) -> Table:
    """Sample the server's resident memory every second of a 60 s run."""
    async with connected(bench) as client:
        (pid,) = _children()
        result = await execute(client, full_speed(bench.url, _SECONDS), wait_s=1)
        assert result.structured_content is not None
        run_id = result.structured_content["run_id"]
        samples: list[int] = []
        run = None
        while run is None or run["status"] == "running":
            samples.append(_resident_bytes(pid))
            await asyncio.sleep(1)
            run = (await client.call_tool("get_run", {"run_id": run_id, "wait_s": 0})).structured_content
            assert run is not None
        samples.append(_resident_bytes(pid))
    requests = run["figures"]["requests"]
    early, most = samples[_WARM_UP_S], max(samples)
    grown = samples[-2] - early
    rows = [
        Row("resident memory, most", "", f"{most / 1e6:.1f} MB", "", "< 100 MB", most < _GOAL_BYTES),
        Row(
            f"growth from second {_WARM_UP_S} to the end",
            "",
            f"{grown / 1e6:+.1f} MB",
            "",
            "flat",
            grown < _GOAL_GROWTH_BYTES,
        ),
        Row("after the run", "", f"{samples[-1] / 1e6:.1f} MB", ""),
    ]
    return Table(
        "Memory of the server",
        rows,
        f"One run of {_SECONDS} s at full speed: {requests} requests. Linux only (/proc).",
    )


def _children() -> list[int]:
    """Return the pids of this process's children that run the server."""
    pids: list[int] = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        pids += [int(pid) for pid in (task / "children").read_text(encoding="ascii").split()]
    return [pid for pid in pids if b"k6_mcp" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
