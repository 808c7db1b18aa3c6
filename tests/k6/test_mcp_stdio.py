"""The server as clients start it, over real pipes, with a real k6.

The tests follow one run from call to answer, and every way to end.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from k6_mcp.app import open_app
from k6_mcp.models.run import Run
from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.processes import alive, k6_pids, until
from tests.k6.services import endless, under_load

SERVER = Path(__file__).parents[2] / "k6_server.py"
_END_S = 10.0
# As Claude Code does
_NEXT_SIGNAL_S = 0.1


def environment(settings: Settings) -> dict[str, str]:
    """Return what a client hands the server."""
    assert settings.k6_bin
    return {
        "K6_RESULTS_DIR": str(settings.results_dir),
        "K6_BIN": settings.k6_bin,
        "PATH": os.environ.get("PATH", ""),
    }


class Wire:
    """The client's side of the pipes, by hand."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout

    def send(self, method: str, params: Mapping[str, Any], request_id: int | None = None) -> None:
        """Send a request, or a notification without an id."""
        message = {"jsonrpc": "2.0", "method": method, "params": params} | (
            {"id": request_id} if request_id is not None else {}
        )
        self.stdin.write(json.dumps(message).encode() + b"\n")
        self.stdin.flush()

    def call(self, request_id: int, tool: str, **arguments: object) -> None:
        """Send a tool call."""
        self.send("tools/call", {"name": tool, "arguments": arguments}, request_id)

    def answer(self, request_id: int) -> dict[str, Any]:
        """Return the result of a request; every line before it is a message too."""
        while message := json.loads(self.stdout.readline() or "null"):
            if message.get("id") == request_id:
                return dict(message["result"])
        raise AssertionError(f"the server left without an answer to {request_id}")

    def begin(self, script: str) -> str:
        """Start a run and return its id."""
        self.call(2, "execute_k6_test", script=script, wait_s=0)
        return str(self.answer(2)["structuredContent"]["run_id"])


@contextmanager
def served(settings: Settings) -> Generator[Wire]:
    """Start the server and shake hands; whatever happens it is gone afterwards."""
    command = [sys.executable, str(SERVER)]
    with subprocess.Popen(
        command, env=environment(settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            wire = Wire(process)
            info = {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            }
            wire.send("initialize", info, 1)
            assert wire.answer(1)["serverInfo"]["name"] == "k6-mcp"
            wire.send("notifications/initialized", {})
            yield wire
        finally:
            process.kill()


def run_folders(settings: Settings) -> list[str]:
    """Return the ids of the runs that have a folder."""
    return [path.name for path in settings.results_dir.glob("runs/*")]


async def kept(settings: Settings, run_id: str) -> Run:
    """Return a run as the next server finds it."""
    async with open_app(settings) as service:
        return await service.get(run_id)


def test_a_line_longer_than_allowed_is_refused_and_the_next_one_answered(settings: Settings) -> None:
    with served(settings) as wire:
        wire.stdin.write(
            b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":"' + b"x" * 8_000_000 + b'"}}\n'
        )
        wire.send("ping", {}, 8)
        refused, answered = (json.loads(wire.stdout.readline()) for _ in range(2))

    assert (refused["id"], refused["error"]["code"]) == (7, -32600)
    assert "longer than 7000000 bytes" in refused["error"]["message"]
    assert answered == {"jsonrpc": "2.0", "id": 8, "result": {}}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_run_goes_through_a_real_client_and_comes_back_judged(
    settings: Settings, target: Target, mode: Literal["auto", "legacy"]
) -> None:
    told: list[tuple[float, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    server = StdioServerParameters(command=sys.executable, args=[str(SERVER)], env=environment(settings))
    async with Client(server, mode=mode) as client:
        await client.list_tools()
        arguments = {"url": target.url("/ok"), "rate_per_s": 20, "duration": "2s", "slo": {"p95_ms": 4000}}
        result = await client.call_tool("execute_k6_test", arguments, progress_callback=on_progress)
        run = result.structured_content
        assert run is not None
        log = await client.call_tool("get_run", {"run_id": run["run_id"], "detail": "log"})
    assert (run["status"], result.is_error) == ("completed", False)
    assert run["figures"]["requests"] == target.total
    assert "p(95)<=4000" in [threshold["expression"] for threshold in run["thresholds"]]
    assert log.structured_content is not None
    assert log.structured_content["status"] == "completed"
    assert len(told) >= 2
    assert [progress for progress, _ in told] == sorted({progress for progress, _ in told})
    assert any("req/s" in (message or "") for _, message in told)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
async def test_a_signal_stops_the_runs_and_ends_the_process_although_stdin_stays_open(
    settings: Settings, target: Target, number: signal.Signals, code: int
) -> None:
    with served(settings) as wire:
        run_id = wire.begin(endless(target.url("/ok")))
        async with open_app(settings) as service:
            k6 = await under_load(service, run_id, lambda: target.total)
        wire.process.send_signal(number)
        assert wire.process.wait(_END_S) == code
    assert not alive(k6)
    run = await kept(settings, run_id)
    assert run.status == "cancelled"
    assert run.metrics is not None
    assert run.metrics.exact


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, None])
async def test_an_end_while_k6_makes_its_plan_is_told_as_one_and_leaves_no_run(
    settings: Settings, number: signal.Signals | None
) -> None:
    with served(settings) as wire:
        wire.call(2, "execute_k6_test", script="while (true) {}\nexport default function () {}\n")
        [run_id] = await until(lambda: run_folders(settings), "the run's folder")
        await until(lambda: k6_pids(run_id, "inspect"), "the plan")
        if number is None:
            wire.stdin.close()
        else:
            wire.process.send_signal(number)
        rest = wire.stdout.read().decode()
        assert wire.process.wait(10) == (0 if number is None else 128 + number)
    assert "stopped_externally" not in rest
    assert "interrupted: this server ended before the test had begun" in rest
    assert not run_folders(settings)
    assert not k6_pids(run_id, "inspect")


async def test_further_signals_do_not_interrupt_the_end(settings: Settings, target: Target) -> None:
    with served(settings) as wire:
        run_id = wire.begin(endless(target.url("/ok")))
        async with open_app(settings) as service:
            k6 = await under_load(service, run_id, lambda: target.total)
        wire.process.send_signal(signal.SIGINT)
        time.sleep(_NEXT_SIGNAL_S)  # noqa: ASYNC251 (what the client does)
        wire.process.send_signal(signal.SIGTERM)
        # The latter if everything was done by then
        assert wire.process.wait(_END_S) in (
            130,
            -signal.SIGTERM,
        )
    assert not alive(k6)
    run = await kept(settings, run_id)
    assert run.status == "cancelled"
    assert run.metrics is not None
    assert run.metrics.exact


async def test_an_idle_server_ends_at_once_on_sigint(settings: Settings) -> None:
    with served(settings) as wire:
        wire.process.send_signal(signal.SIGINT)
        assert wire.process.wait(_END_S) == 130


async def test_the_end_of_stdin_stops_the_runs_answers_who_still_waits_and_exits_with_0(
    settings: Settings, target: Target
) -> None:
    with served(settings) as wire:
        run_id = wire.begin(endless(target.url("/ok")))
        async with open_app(settings) as service:
            k6 = await under_load(service, run_id, lambda: target.total)
        wire.call(3, "get_run", run_id=run_id)
        wire.stdin.close()
        answer = wire.answer(3)
        assert wire.process.wait(_END_S) == 0
    assert not alive(k6)
    assert answer["structuredContent"]["status"] == "cancelled"
    assert (await kept(settings, run_id)).status == "cancelled"


async def test_a_client_that_closes_both_pipes_leaves_nothing_running(
    settings: Settings, target: Target
) -> None:
    with served(settings) as wire:
        run_id = wire.begin(endless(target.url("/ok")))
        async with open_app(settings) as service:
            k6 = await under_load(service, run_id, lambda: target.total)
        wire.call(3, "get_run", run_id=run_id)
        wire.stdin.close()
        wire.stdout.close()
        assert wire.process.wait(_END_S) == 0
    assert not alive(k6)
    assert (await kept(settings, run_id)).status == "cancelled"


async def test_a_cancelled_call_stops_its_run_and_the_server_serves_on(
    settings: Settings, target: Target
) -> None:
    with served(settings) as wire:
        wire.call(2, "execute_k6_test", script=endless(target.url("/ok")))
        async with open_app(settings) as service:
            (run_id,) = await until(lambda: run_folders(settings), "a run began")
            await under_load(service, run_id, lambda: target.total)
        wire.send("notifications/cancelled", {"requestId": 2})
        wire.call(3, "get_run", run_id=run_id)
        assert wire.answer(3)["structuredContent"]["status"] == "cancelled"


async def test_nothing_but_messages_reaches_stdout_whatever_a_script_prints(
    settings: Settings, target: Target
) -> None:
    script = "export default function () { console.log('{\"jsonrpc\": 1}'); console.error('on stderr'); }"
    with served(settings) as wire:
        wire.call(2, "execute_k6_test", script=script, vus=1, iterations=3)
        run = wire.answer(2)["structuredContent"]
        wire.stdin.close()
        assert [line for line in wire.stdout if not json.loads(line).get("jsonrpc")] == []
    assert run["status"] == "completed"
