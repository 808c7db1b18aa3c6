"""Stopping a run gracefully in every way.

The caller stops it, the client leaves, the service ends, or the server dies.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.errors import Interrupted
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.processes import alive, k6_pid, k6_pids, until
from tests.k6.servers import other_server
from tests.k6.services import endless, start, under_load

_WAIT_S = 30.0
# promised: no k6 outlives its server by more
_GONE_WITHIN_S = 1.0


def _assert_cancelled_with_figures(run: Run, target: Target) -> None:
    assert (run.status, run.failure) == ("cancelled", None)
    assert run.metrics is not None
    assert run.metrics.exact
    assert 0 <= target.total - run.metrics.figures.requests <= 2


async def test_a_stopped_run_is_cancelled_with_its_figures(settings: Settings, target: Target) -> None:
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok")))
        pid = await under_load(service, run.run_id, lambda: target.total)
        _assert_cancelled_with_figures(await service.stop(run.run_id), target)
        assert not alive(pid)
        assert (await service.get(run.run_id)).status == "cancelled"


async def test_stopping_lets_teardown_run(settings: Settings, target: Target) -> None:
    teardown = f"export function teardown() {{ http.get('{target.url('/status/204')}'); }}"
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok"), rest=teardown))
        await under_load(service, run.run_id, lambda: target.total)
        stopped = await service.stop(run.run_id)
    assert target.requests["/status/204"] == 1
    assert stopped.status == "cancelled"


async def test_stopping_a_run_that_is_over_answers_with_its_end(settings: Settings, target: Target) -> None:
    async with open_app(settings) as service:
        run = await service.execute(
            parse_load_test({"url": target.url("/ok"), "vus": 1, "iterations": 2}), wait_s=_WAIT_S
        )
        assert (await service.stop(run.run_id)).status == run.status == "completed"


async def test_stopping_right_after_the_start_is_a_cancelled_run(settings: Settings, target: Target) -> None:
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok")))
        stopped = await service.stop(run.run_id)
    assert (stopped.status, stopped.failure) == ("cancelled", None)


async def test_a_client_that_cancels_its_call_stops_the_run(settings: Settings, target: Target) -> None:
    async with open_app(settings) as service:
        call = asyncio.create_task(
            service.execute(parse_load_test({"script": endless(target.url("/ok"))}), wait_s=_WAIT_S)
        )
        await until(lambda: target.total >= 5, "traffic")
        (run_id,) = await service.run_ids("")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        _assert_cancelled_with_figures(await service.wait(run_id, _WAIT_S), target)


async def test_a_client_that_stops_waiting_does_not_stop_the_run(settings: Settings, target: Target) -> None:
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok")))
        waiting = asyncio.create_task(service.wait(run.run_id, _WAIT_S))
        pid = await under_load(service, run.run_id, lambda: target.total)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert alive(pid)
        assert (await service.get(run.run_id)).status == "running"
        await service.stop(run.run_id)


async def test_leaving_the_service_stops_every_run_and_keeps_the_figures(
    settings: Settings, target: Target
) -> None:
    async with open_app(settings) as service:
        one, other = [await start(service, endless(target.url(path))) for path in ("/ok", "/delay/1")]
        runs = (one, other)
        pids = [
            await under_load(service, one.run_id, lambda: target.requests["/ok"]),
            await under_load(service, other.run_id, lambda: target.requests["/delay/1"]),
        ]
    assert not any(alive(pid) for pid in pids)
    async with open_app(settings) as service:
        ended = [await service.get(run.run_id) for run in runs]
    assert [run.status for run in ended] == ["cancelled", "cancelled"]
    assert all(run.metrics and run.metrics.exact for run in ended)


_LOOPS_WHILE_IT_LOADS = "while (true) {}\nexport default function () {}\n"


def _planning(settings: Settings) -> list[int]:
    return [pid for folder in settings.results_dir.glob("runs/*") for pid in k6_pids(folder.name, "inspect")]


async def test_leaving_the_service_while_k6_makes_its_plan_runs_nothing_and_leaves_nothing(
    settings: Settings,
) -> None:
    test = parse_load_test({"script": _LOOPS_WHILE_IT_LOADS})
    async with open_app(settings) as service:
        calls = [asyncio.create_task(call(test)) for call in (service.start, service.plan)]
        pids = await until(
            lambda: _planning(settings) if len(_planning(settings)) == 2 else None, "two plans"
        )
    said = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(error).partition(":")[0] for error in said] == ["interrupted", "interrupted"]
    assert not any(alive(pid) for pid in pids)
    assert not [*settings.results_dir.glob("runs/*")]
    with pytest.raises(Interrupted):
        await service.start(test)
    async with open_app(settings) as service:
        assert not await service.run_ids("")


async def test_a_server_that_is_killed_while_k6_makes_its_plan_leaves_no_folder_with_the_script(
    settings: Settings,
) -> None:
    script = f"const password = 'hush-{os.getpid()}';\n{_LOOPS_WHILE_IT_LOADS}"
    line = json.dumps({"method": "execute_k6_test", "params": {"script": script}}).encode() + b"\n"
    environment = {
        "PATH": os.environ["PATH"],
        "K6_BIN": str(settings.k6_bin),
        "K6_RESULTS_DIR": str(settings.results_dir),
    }
    server_py, pipe = Path(__file__).parents[2] / "k6_server.py", asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(
        sys.executable, server_py, env=environment, stdin=pipe, stdout=pipe
    )
    assert server.stdin is not None
    server.stdin.write(line)
    try:
        pids = await until(lambda: _planning(settings), "a plan")
        assert [*settings.results_dir.glob("runs/*/script.js")]
    finally:
        server.kill()
        await server.communicate()
    await until(lambda: not [*settings.results_dir.glob("runs/*")], "the folder to go")
    assert not any(map(alive, pids))


_TEARDOWNS = {
    "a plain script": "",
    "a script with a long teardown": "export function teardown() { sleep(60); }",
}


@pytest.mark.parametrize("teardown", _TEARDOWNS.values(), ids=_TEARDOWNS.keys())
async def test_k6_dies_with_its_server_and_the_run_is_found_lost_with_its_figures(
    settings: Settings, target: Target, teardown: str
) -> None:
    with other_server(settings, endless(target.url("/ok"), rest=teardown)) as (server, run_id):
        await until(lambda: target.total >= 120, "traffic of the other server")
        pid = await until(lambda: k6_pid(run_id), "the k6 of the other server")
        server.send_signal(signal.SIGKILL)
        await until(lambda: not alive(pid), "k6 is gone", _GONE_WITHIN_S)
    async with open_app(settings) as service:
        run = await service.get(run_id)
        timeline = await service.timeline(run_id)
    assert run.status == "lost"
    assert run.metrics is not None
    assert 0 < run.metrics.figures.requests <= target.total
    assert timeline is not None
    assert sum(timeline.total.requests) == run.metrics.figures.requests
    assert RunFolder(settings.results_dir, run_id).timeline.exists()


async def _assert_read_anew_it_tells_the_same(service: LoadTests, settings: Settings, run_id: str) -> None:
    """Assert that a record gives the same result when it is read as it grows and all at once.

    Another service reads it at once. k6 pauses meanwhile.
    """
    k6 = await until(lambda: k6_pid(run_id), "the k6 of the other server")
    record = RunFolder(settings.results_dir, run_id).record
    length = record.stat().st_size
    await until(lambda: record.stat().st_size > length, "more of the record")
    os.kill(k6, signal.SIGSTOP)
    try:
        async with open_app(settings) as other:
            assert (await service.get(run_id)).live == (await other.get(run_id)).live
            timelines = [await service.timeline(run_id), await other.timeline(run_id)]
            assert timelines[0] == timelines[1] is not None
    finally:
        os.kill(k6, signal.SIGCONT)


async def test_a_run_of_a_living_server_is_never_marked_lost(settings: Settings, target: Target) -> None:
    with other_server(settings, endless(target.url("/ok"))) as (server, run_id):
        await until(lambda: target.total >= 5, "traffic of the other server")
        async with open_app(settings) as service:
            assert (await service.get(run_id)).status == "running"
            record = RunFolder(settings.results_dir, run_id).record
            await until(
                lambda: record.exists() and '"snapshot"' in record.read_text(),
                "an interval of the other server's run",
            )
            timeline = await service.timeline(run_id)
            assert timeline is not None
            assert timeline.total.requests[0] > 0
            live = (await service.get(run_id)).live
            assert live is not None and live.requests >= timeline.total.requests[0] and live.requests_per_s
            await _assert_read_anew_it_tells_the_same(service, settings, run_id)
        server.send_signal(signal.SIGKILL)
        server.wait()
    async with open_app(settings) as service:
        assert (await service.get(run_id)).status == "lost"


async def test_a_run_of_another_server_can_be_stopped(settings: Settings, target: Target) -> None:
    with other_server(settings, endless(target.url("/ok"))) as (_, run_id):
        await until(lambda: target.total >= 5, "traffic of the other server")
        async with open_app(settings) as service:
            assert (await service.stop(run_id)).status == "cancelled"


async def test_the_folder_of_a_run_is_private(settings: Settings, target: Target) -> None:
    async with open_app(settings) as service:
        run = await service.execute(
            parse_load_test({"url": target.url("/ok"), "vus": 1, "iterations": 2}), wait_s=_WAIT_S
        )
    assert RunFolder(settings.results_dir, run.run_id).path.stat().st_mode & 0o077 == 0
