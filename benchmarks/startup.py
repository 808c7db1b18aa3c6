"""Time from spawning the server to its answer to tools/list, against a minimal server on the same SDK."""

import sys
import time
from collections.abc import Sequence

from benchmarks.measure import SERVER, Bench, Row, Table, connected, interleaved, ms

_REPEATS = 11
_GOAL = 1.05
_MINIMAL = """
from mcp.server import MCPServer

server = MCPServer("minimal")

@server.tool()
def ping() -> str:
    return "pong"

server.run()
"""


async def measure(bench: Bench) -> Table:
    """Measure both servers in turn."""

    async def first_list(server: Sequence[str]) -> float:
        started = time.perf_counter()
        async with connected(bench, server) as client:
            await client.list_tools()
            return time.perf_counter() - started

    minimal = (sys.executable, "-c", _MINIMAL)
    seconds = await interleaved(
        _REPEATS, minimal=lambda: first_list(minimal), ours=lambda: first_list(SERVER)
    )
    share = seconds["ours"] / seconds["minimal"]
    row = Row(
        "spawn to tools/list",
        ms(seconds["minimal"]),
        ms(seconds["ours"]),
        f"{share:.2f} x",
        "≤ 1.05 x",
        share <= _GOAL,
    )
    return Table(
        "Start-up",
        [row],
        f"Medians of {_REPEATS} interleaved repeats.",
        ("", "minimal server", "k6-mcp", "ratio"),
    )
