"""Tools for every benchmark: bare k6, a server over stdio, interleaved repeats, a Markdown table."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult

_VERDICTS: Mapping[bool | None, str] = {True: "yes", False: "**no**", None: ""}
SERVER = (sys.executable, "-m", "k6_mcp", "serve")


@dataclass(frozen=True, slots=True)
class Bench:
    """The equipment of a benchmark: a k6, a target and a scratch folder."""

    k6: str
    url: str
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return the server's environment; its limits must not stop what bare k6 is free to do."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "K6_BIN": self.k6,
            "K6_RESULTS_DIR": str(self.folder / "results"),
            "K6_MCP_MAX_RPS": "1000000",
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: without k6-mcp, with it, the difference, and the goal.

    `holds` is None if there is no goal.
    """

    what: str
    bare: str
    ours: str
    added: str
    goal: str = ""
    holds: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the row."""
        return (self.what, self.bare, self.ours, self.added, self.goal, _VERDICTS[self.holds])


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one benchmark; `note` explains how they were measured and what limits them."""

    title: str
    rows: Sequence[Row]
    note: str
    columns: tuple[str, str, str, str] = ("", "bare k6", "k6-mcp", "added")

    def markdown(self) -> str:
        """Return the table as text."""
        head = [*self.columns, "goal", "holds"]
        lines = [head, ["---"] * len(head), *(row.cells() for row in self.rows)]
        body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return f"### {self.title}\n\n{body}\n\n{self.note}\n"


async def interleaved(
    repeats: int,
    pick: Callable[[Iterable[float]], float] = statistics.median,
    **variants: Callable[[], Awaitable[float]],
) -> Mapping[str, float]:
    """Run the variants in turn, `repeats` times, and return the result of `pick` for each.

    A disturbance then affects all variants alike.
    """
    seen: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, variant in variants.items():
            seen[name].append(await variant())
    return {name: pick(values) for name, values in seen.items()}


async def timed(what: Awaitable[object]) -> float:
    """Return the seconds that awaiting `what` took."""
    started = time.perf_counter()
    await what
    return time.perf_counter() - started


async def bare_k6(bench: Bench, script: str) -> str:
    """Run `k6 run` on `script` as a person would and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(bench.k6, "run", "--no-usage-report", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=bench.folder,
        # The server does the same: Linux divides CPU time by session
        start_new_session=True,
    )
    stdout, stderr = await process.communicate(script.encode())
    if process.returncode != 0:
        raise RuntimeError(f"k6 ended with {process.returncode}: {stderr.decode()[-500:]}")
    return stdout.decode()


@asynccontextmanager
async def connected(bench: Bench, server: Sequence[str] = SERVER) -> AsyncGenerator[Client]:
    """Start a server over stdio with a real client."""
    command, *arguments = server
    parameters = StdioServerParameters(command=command, args=arguments, env=bench.environment())
    async with Client(parameters) as client:
        yield client


async def execute(client: Client, script: str, wait_s: float = 50) -> CallToolResult:
    """Call execute_k6_test and return its result, which must be a completed run."""
    result = await client.call_tool("execute_k6_test", {"script": script, "wait_s": wait_s})
    if (
        result.is_error
        or not result.structured_content
        or result.structured_content.get("status") not in ("completed", "running")
    ):
        raise RuntimeError(f"the tool call did not complete: {str(result)[:1000]}")
    return result


def ms(seconds: float) -> str:
    """Return seconds as text in ms."""
    return f"{seconds * 1000:.1f} ms"
