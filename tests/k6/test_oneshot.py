"""One-shot mode as a process with a real k6: what its streams, its exit code and signals do."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from k6_mcp.app import open_app
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run import Run
from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.processes import k6_pids, until
from tests.k6.services import endless

ROOT = Path(__file__).parents[2]
K6_SERVER = ROOT / "k6_server.py"
_END_S = 30
_LONGEST_BYTES = 1_000_000
_SHORT = "import http from 'k6/http';\nexport default function () {{ http.get('{url}'); }}\n"


class OneShot:
    """A server process and its streams."""

    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self.process = process
        self.stdin, self.stderr = process.stdin, process.stderr
        self.stdout = BufferedByteReceiveStream(process.stdout)

    async def send(self, method: str, params: Mapping[str, object]) -> None:
        """Write one request."""
        await self.stdin.send(json.dumps({"method": method, "params": params}).encode() + b"\n")

    async def receive(self) -> dict[str, Any]:
        """Return the next answer."""
        with anyio.fail_after(_END_S):
            return json.loads(await self.stdout.receive_until(b"\n", _LONGEST_BYTES))

    async def ended(self) -> tuple[int, bytes, bytes]:
        """Wait for the end; return the exit code and what was left on stdout and stderr."""
        with anyio.fail_after(_END_S):
            rest = b"".join([chunk async for chunk in self.stdout])
            errors = b"".join([chunk async for chunk in self.stderr])
            return await self.process.wait(), rest, errors


def env_of(settings: Settings) -> dict[str, str]:
    """Return the environment of a server with these settings."""
    return {**os.environ, "K6_BIN": settings.k6_bin or "", "K6_RESULTS_DIR": str(settings.results_dir)}


@asynccontextmanager
async def oneshot(settings: Settings, *entry: str) -> AsyncGenerator[OneShot]:
    """Start the server; it is killed if it does not end by itself."""
    env = env_of(settings)
    process = await anyio.open_process(
        [sys.executable, *(entry or (str(K6_SERVER),))], stdin=subprocess.PIPE, env=env, cwd=ROOT
    )
    try:
        yield OneShot(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await process.aclose()


async def only_run(settings: Settings) -> Run:
    """Return the one run that was kept."""
    async with open_app(settings) as service:
        (run,) = (await service.history(HistoryQuery())).runs
    return run


def endless_script(target: Target) -> dict[str, object]:
    """Return the params of a test that would run for a minute."""
    return {"script": endless(target.url("/ok"))}


async def under_load(target: Target) -> None:
    """Wait until requests arrive."""
    await until(lambda: target.total >= 20, "20 requests")


async def test_the_end_of_the_input_does_not_cancel_the_run_and_the_process_ends_with_0(
    settings: Settings, target: Target
) -> None:
    script = _SHORT.format(url=target.url("/ok"))
    async with oneshot(settings) as server:
        await server.send("execute_k6_test", {"script": script, "duration": "2s", "vus": 1})
        await server.stdin.aclose()
        answer = await server.receive()

        assert (answer["success"], answer["status"]) == (True, "completed")
        assert answer["metrics"]["http_reqs"]["values"]["count"] == target.total
        assert await server.ended() == (0, b"", b"")


async def test_an_open_input_is_served_line_by_line_until_it_ends(settings: Settings, target: Target) -> None:
    script = _SHORT.format(url=target.url("/ok"))
    async with oneshot(settings, "-m", "k6_mcp", "oneshot") as server:
        await server.send("execute_k6_test", {"script": script, "iterations": 3, "name": "first"})
        first = await server.receive()
        await server.send("execute_k6_test", {"script": script, "iterations": 4, "vus": 2})
        await server.send("get_run", {"run_id": first["run_id"]})
        await server.send("get_history", {"name": "first"})
        await server.send("check_health", {})
        for detail in ("script", "log", "timeline", "full"):
            await server.send("get_run", {"run_id": first["run_id"], "detail": detail})
        await server.stdin.aclose()
        second, again, history, health, text, log, timeline, full = [await server.receive() for _ in range(8)]

        assert [run["run_id"] for run in history["result"]["runs"]] == [first["run_id"]]
        assert (again["run_id"], again["metrics"]) == (first["run_id"], first["metrics"])
        assert second["metrics"]["iterations"]["values"]["count"] == 4
        assert health["result"]["ok"] is True
        assert text["result"] == {"run_id": first["run_id"], "detail": "script", "text": script}
        assert log["result"]["detail"] == "log"
        assert sum(timeline["result"]["total"]["requests"]) == 3
        assert full == again
        assert await server.ended() == (0, b"", b"")


async def test_a_test_asks_k6_once_for_each_thing_though_its_plan_begins_before_the_service(
    settings: Settings, target: Target, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    noting = tmp_path / "noting-k6"
    noting.write_text(f'#!/bin/sh\necho "$1" >> {calls}\nexec {settings.k6_bin} "$@"\n')
    noting.chmod(0o755)
    async with oneshot(dataclasses.replace(settings, k6_bin=str(noting))) as server:
        for count in (3, 4):
            await server.send(
                "execute_k6_test", {"script": _SHORT.format(url=target.url("/ok")), "iterations": count}
            )
        answers = [await server.receive() for _ in range(2)]
        await server.stdin.aclose()
        assert await server.ended() == (0, b"", b"")

    assert [answer["metrics"]["iterations"]["values"]["count"] for answer in answers] == [3, 4]
    assert sorted(calls.read_text().split()) == ["inspect", "inspect", "run", "run", "version"]
    assert len(list((settings.results_dir / "runs").iterdir())) == 2


@pytest.mark.parametrize(
    ("params", "error_type"),
    [
        ({"vus": 5000, "duration": "1s"}, "limit_exceeded"),
        ({"duration": "soon"}, "invalid_arguments"),
        ({}, "script"),
    ],
)
async def test_what_cannot_begin_is_told_in_the_usual_way_and_leaves_no_folder(
    settings: Settings, params: dict[str, object], error_type: str
) -> None:
    async with oneshot(settings) as server:
        await server.send("execute_k6_test", {"script": "export default function () {", **params})
        answer = await server.receive()
        await server.stdin.aclose()
        ended = await server.ended()
    assert ended == ((0, b"", b"") if answer["run_id"] else (1, b"", answer["output"].encode()))
    assert answer["error_type"] == error_type, answer
    kept = [*(settings.results_dir / "runs").glob("*")]
    assert [folder.name for folder in kept] == ([answer["run_id"]] if answer["run_id"] else [])


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name
)
async def test_a_signal_stops_the_run_keeps_its_figures_and_still_answers(
    settings: Settings, target: Target, number: signal.Signals
) -> None:
    async with oneshot(settings) as server:
        await server.send("execute_k6_test", endless_script(target))
        await under_load(target)
        server.process.send_signal(number)
        answer = await server.receive()

        assert (answer["success"], answer["status"], answer["error_type"]) == (
            False,
            "cancelled",
            "cancelled",
        )
        assert await server.ended() == (
            128 + number,
            b"",
            answer["output"].splitlines(keepends=True)[0].encode(),
        )
    run = await only_run(settings)
    assert (run.status, run.run_id) == ("cancelled", answer["run_id"])
    assert run.metrics is not None
    assert 0 <= target.total - run.metrics.figures.requests <= 2
    assert k6_pids(run.run_id) == []


async def test_a_signal_while_k6_plans_ends_the_plan_and_runs_nothing(
    settings: Settings, target: Target, tmp_path: Path
) -> None:
    planning = tmp_path / "planning"
    slow = tmp_path / "slow-k6"
    slow.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && exec {settings.k6_bin} "$@"\necho $$ > {planning}\nexec sleep 60\n'
    )
    slow.chmod(0o755)
    async with oneshot(dataclasses.replace(settings, k6_bin=str(slow))) as server:
        await server.send("execute_k6_test", endless_script(target))
        await until(
            lambda: planning.exists() and planning.read_text().endswith("\n"), "a plan that takes its time"
        )
        # The process serves signals by then; an earlier one ends it at once
        await anyio.sleep(1.5)
        server.process.terminate()
        answer = await server.receive()
        assert (answer["success"], answer["error_type"], answer["run_id"]) == (False, "interrupted", None)
        assert await server.ended() == (143, b"", answer["output"].encode())
    with pytest.raises(ProcessLookupError):
        os.kill(int(planning.read_text()), 0)
    assert target.total == 0
    assert not [*(settings.results_dir / "runs").iterdir()]


async def test_a_signal_before_anything_is_imported_leaves_nothing(settings: Settings) -> None:
    async with oneshot(settings) as client:
        await client.send("execute_k6_test", {"script": "while (true) {}\nexport default function () {}\n"})
        folder = await until(lambda: next(settings.results_dir.glob("runs/*"), None), "the run's folder")
        client.process.send_signal(signal.SIGTERM)
        assert await client.process.wait() == 128 + signal.SIGTERM
    assert not folder.exists()
    assert not k6_pids(folder.name, "inspect")


async def test_a_client_that_is_gone_gets_no_more_load_run_for_it(settings: Settings, target: Target) -> None:
    reader, writer = os.pipe()
    process = await anyio.open_process(
        [sys.executable, str(K6_SERVER)], stdin=subprocess.PIPE, stdout=writer, env=env_of(settings)
    )
    os.close(writer)
    try:
        assert process.stdin
        await process.stdin.send(
            json.dumps({"method": "execute_k6_test", "params": endless_script(target)}).encode() + b"\n"
        )
        await under_load(target)
        os.close(reader)
        with anyio.fail_after(_END_S):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await process.aclose()
    run = await only_run(settings)
    assert run.status == "cancelled"
    assert run.metrics is not None
    assert run.metrics.figures.requests > 0
    assert k6_pids(run.run_id) == []


async def test_a_signal_ends_a_process_that_waits_for_the_next_line(settings: Settings) -> None:
    async with oneshot(settings) as server:
        await server.send("check_health", {})
        assert (await server.receive())["success"] is True
        server.process.terminate()

        assert await server.ended() == (143, b"", b"")


async def test_what_is_not_understood_is_said_on_both_streams_and_ends_with_1(settings: Settings) -> None:
    async with oneshot(settings) as server:
        await server.stdin.send(b"hello\n")
        code, out, err = await server.ended()

    assert code == 1
    assert json.loads(out)["error_type"] == "not_understood"
    assert json.loads(out)["output"].encode() == err


def _once(settings: Settings, closed: str) -> subprocess.CompletedProcess[bytes]:
    """Run a test of one iteration with redirections as a shell spells them."""
    command = f'exec "{sys.executable}" "{K6_SERVER}" {closed}'
    line = json.dumps(
        {"method": "execute_k6_test", "params": {"script": "export default function () {}", "iterations": 1}}
    )
    return subprocess.run(
        ["sh", "-c", command], input=line.encode(), capture_output=True, env=env_of(settings), timeout=_END_S
    )


async def test_a_caller_that_closed_stderr_gets_its_answer(settings: Settings) -> None:
    done = _once(settings, "2>&-")
    assert (json.loads(done.stdout)["success"], done.returncode) == (True, 0)


async def test_a_closed_stdout_is_nobodys_file(settings: Settings) -> None:
    done = _once(settings, ">&-")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (await only_run(settings)).status == "completed"


async def test_an_answer_that_finds_no_room_is_said_to_be_lost(settings: Settings) -> None:
    done = _once(settings, ">/dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith(b"k6-mcp: the answer could not be written: ")
    assert (await only_run(settings)).status == "completed"
