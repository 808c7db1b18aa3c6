"""How long many clients wait for a page of the history at once, compared with their wait for one run."""

import asyncio
import json
import re
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.measure import Bench, Row, Table
from benchmarks.runs import Team
from k6_mcp.history.history import History
from k6_mcp.workspace.workspace import Workspace

_CLIENTS, _CALLS, _RUNS = 50, 20, 60
_GOAL = 5.0
_WAIT_S = 60.0
_PROTOCOL = "2025-11-25"
_TOOLS = ("get_run", "get_history", "get_statistics")


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer: the session that it names, if any, and its bytes."""

    session: str | None
    body: bytes


class Connection:
    """One client: a session of its own, a new connection per call, and no more work than a client must do."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._session: str | None = None

    async def begin(self) -> None:
        """Open the session."""
        information = {
            "protocolVersion": _PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        }
        answer = await self._post({"id": 1, "method": "initialize", "params": information})
        self._session = answer.session
        await self._post({"method": "notifications/initialized"})

    async def call(self, tool: str, arguments: Mapping[str, object]) -> float:
        """Call a tool and return the seconds until its answer arrived."""
        began = time.perf_counter()
        await self._answer(tool, arguments)
        return time.perf_counter() - began

    async def run(self, url: str) -> str:
        """Run a test on the server and return the run's id."""
        answer = await self._answer("execute_k6_test", {"url": url, "vus": 1, "iterations": 5})
        run_id = re.search(rb"r-[0-9]{8}-[a-z2-7]{16}", answer)
        assert run_id is not None
        return run_id[0].decode()

    async def _answer(self, tool: str, arguments: Mapping[str, object]) -> bytes:
        answer = await self._post(
            {"id": 2, "method": "tools/call", "params": {"name": tool, "arguments": dict(arguments)}}
        )
        if b'"isError":true' in answer.body or b'"result"' not in answer.body:
            raise RuntimeError(f"{tool}: {answer.body[:500]!r}")
        return answer.body

    async def _post(self, message: dict[str, Any]) -> Answer:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        headers = [
            "POST /mcp HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            "Content-Type: application/json",
            "Accept: application/json, text/event-stream",
            f"Content-Length: {len(body)}",
            f"MCP-Protocol-Version: {_PROTOCOL}",
            "Connection: close",
            *([f"Mcp-Session-Id: {self._session}"] if self._session else []),
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write("\r\n".join([*headers, "", ""]).encode() + body)
            text = await asyncio.wait_for(reader.read(), _WAIT_S)
        finally:
            writer.close()
        session = re.search(rb"mcp-session-id: (\S+)", text, re.IGNORECASE)
        return Answer(session[1].decode() if session else None, text)


@asynccontextmanager
async def _server(bench: Bench) -> AsyncGenerator[int]:
    """Yield the port of an HTTP server whose history has some runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "k6_mcp", "serve", "--http", "0"),
        env=bench.environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(_WAIT_S):
            while not (port := re.search(rb"127\.0\.0\.1:(\d+)", await process.stderr.readline())):
                pass
        yield int(port[1])
    finally:
        process.terminate()
        await process.wait()


async def measure(bench: Bench) -> Table:
    """Call the tools from all clients at the same time, in turn and repeatedly."""
    results_dir = bench.folder / "results"
    team = Team()
    async with History(Workspace(results_dir), results_dir / "history.db") as history:
        for number in range(_RUNS):
            await history.save(team.run(number))
    async with _server(bench) as port:
        clients = [Connection(port) for _ in range(_CLIENTS)]
        for client in clients:
            await client.begin()
        run_id = await clients[0].run(bench.url)
        arguments: Mapping[str, Mapping[str, object]] = {"get_run": {"run_id": run_id, "wait_s": 0}}
        for tool in _TOOLS:
            # Some modules are imported by the first call
            await clients[0].call(tool, arguments.get(tool, {}))
        times = await _all(clients, arguments)
    note = (
        f"{_CLIENTS} clients over HTTP, each calls the tools in turn, {_CALLS} times each; {_RUNS} runs in"
        " the history, 20 a page."
    )
    rows = [_row(tool, times[tool], times["get_run"]) for tool in _TOOLS]
    return Table("Many clients at once", rows, note, columns=("", "median", "p95", "x get_run"))


def _row(tool: str, times: list[float], of_one_run: list[float]) -> Row:
    median, p95_s = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    ratio = median / statistics.median(of_one_run)
    cells = (tool, f"{median * 1000:.0f} ms", f"{p95_s * 1000:.0f} ms", f"{ratio:.1f}")
    return Row(*cells) if tool != "get_history" else Row(*cells, f"≤ {_GOAL:g} x get_run", ratio <= _GOAL)


async def _all(
    clients: list[Connection], arguments: Mapping[str, Mapping[str, object]]
) -> Mapping[str, list[float]]:
    times: dict[str, list[float]] = {tool: [] for tool in _TOOLS}

    async def one(client: Connection) -> None:
        for _ in range(_CALLS):
            for tool in _TOOLS:
                times[tool].append(await client.call(tool, arguments.get(tool, {})))

    await asyncio.gather(*(one(client) for client in clients))
    return times
