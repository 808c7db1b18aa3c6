"""Running tests through tools: short ones, long ones, stopped ones, cancelled callers, what goes wrong."""

import logging
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from k6_mcp.settings import Limits, Settings
from tests.frontends.mcp_server.connect import (
    ERAS,
    SCRIPT,
    Door,
    Mode,
    answer,
    connected,
    over_every_door,
    refusal,
    until,
)
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6


async def execute(client: Client, **arguments: Any) -> dict[str, Any]:
    """Run a test and return the answer."""
    return answer(await client.call_tool("execute_k6_test", {**SCRIPT, **arguments}))


@pytest.mark.parametrize("mode", ERAS)
@over_every_door
async def test_a_short_test_is_one_call_with_its_judged_result(
    settings: Settings, mode: Mode, door: Door
) -> None:
    k6 = ScriptedK6()
    k6.finish()
    async with connected(settings, k6, mode=mode, door=door) as client:
        run = await execute(client)
    assert run["status"] == "completed"
    assert run["figures"]["requests"] == 10
    assert run["figures"]["p95_ms"] == 3.5


@over_every_door
async def test_a_test_that_outlasts_wait_s_comes_back_running_with_what_to_call_next(
    settings: Settings, door: Door
) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, door=door) as client:
        run = await execute(client, wait_s=0.05)
        assert run["status"] == "running"
        assert f'get_run with run_id="{run["run_id"]}"' in run["next"]
        await until(lambda: k6.started == [run["run_id"]], "the run has started")
        k6.finish(run["run_id"])
        ended = answer(await client.call_tool("get_run", {"run_id": run["run_id"], "wait_s": 10}))
    assert (ended["run_id"], ended["status"]) == (run["run_id"], "completed")


@pytest.mark.parametrize("tool", ["execute_k6_test", "plan_k6_test"])
@pytest.mark.parametrize("wrong", [{"nope": 1}, {"preset": "enormous"}])
async def test_limits_are_told_together_with_arguments_that_are_wrong(
    settings: Settings, tool: str, wrong: dict[str, object]
) -> None:
    arguments = {"url": "http://127.0.0.1:1/", "vus": 5000, "duration": "2h", **wrong}
    async with connected(settings, ScriptedK6()) as client:
        refused = await client.call_tool(tool, arguments)

    text = refusal(refused)
    assert text.startswith(f"invalid_arguments: {next(iter(wrong))}: ")
    assert "(K6_MCP_MAX_VUS)" in text
    assert "(K6_MCP_MAX_DURATION)" in text


@over_every_door
async def test_limits_are_told_together_with_a_wait_that_is_wrong(settings: Settings, door: Door) -> None:
    async with connected(settings, ScriptedK6(), door=door) as client:
        text = refusal(await client.call_tool("execute_k6_test", {**SCRIPT, "vus": 5000, "wait_s": -1}))

    assert "wait_s: " in text
    assert "(K6_MCP_MAX_VUS)" in text


@pytest.mark.parametrize(
    "too_much",
    [
        {"script": "x" * 1_000_001},
        {"url": "http://h/", "method": "POST", "body": ["x" * 1_000_000]},
        {**SCRIPT, "vus": 5000},
    ],
)
async def test_a_plan_of_more_than_is_allowed_names_it_and_starts_no_k6(
    settings: Settings, too_much: dict[str, object]
) -> None:
    # Whoever asks for it gets an error
    k6 = ScriptedK6(missing=True)
    async with connected(settings, k6) as client:
        plan = answer(await client.call_tool("plan_k6_test", too_much))

    (violation,) = plan["violations"]
    assert "exceeds this server's limit of" in violation
    assert "plan" not in plan and "script" not in plan


async def test_a_plan_names_the_size_of_a_script_file_before_it_is_read(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "large.js"
    # Read, it would be refused as no UTF-8
    file.write_bytes(b"\xff" * 1_000_001)
    async with connected(settings, ScriptedK6(missing=True)) as client:
        plan = answer(await client.call_tool("plan_k6_test", {"script_file": str(file)}))

    assert plan["violations"] == [
        "script_file: 1000001 bytes exceeds this server's limit of 1000000 (K6_MCP_MAX_SCRIPT_BYTES)"
    ]


@over_every_door
async def test_a_planned_script_is_shown_without_its_secrets(settings: Settings, door: Door) -> None:
    script = f"const password = 'hunter2-hunter2';\n{SCRIPT['script']}"
    async with connected(settings, ScriptedK6(), door=door) as client:
        plan = answer(await client.call_tool("plan_k6_test", {"script": script}))
    assert plan["script"].startswith("const password = '***';\n")


async def test_get_run_with_wait_s_0_answers_at_once(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        run = await execute(client, wait_s=0)
        assert (
            answer(await client.call_tool("get_run", {"run_id": run["run_id"], "wait_s": 0}))["status"]
            == "running"
        )


async def test_a_test_beyond_the_servers_limit_is_queued_and_says_where(settings: Settings) -> None:
    settings = Settings(settings.results_dir, settings.database, limits=Limits(max_concurrent_runs=1))
    messages: list[str | None] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        messages.append(message)

    async with connected(settings, ScriptedK6()) as client:
        await execute(client, wait_s=0)
        await execute(client, wait_s=0)
        arguments = {**SCRIPT, "wait_s": 1}
        last = answer(await client.call_tool("execute_k6_test", arguments, progress_callback=on_progress))
    assert (last["status"], last["queue_position"]) == ("queued", 2)
    assert "queued, position 2: waiting until another test on this server ends" in messages


@over_every_door
async def test_stop_run_answers_with_the_cancelled_run_and_its_figures(
    settings: Settings, door: Door
) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, door=door) as client:
        run = await execute(client, wait_s=0.05)
        stopped = answer(await client.call_tool("stop_run", {"run_id": run["run_id"]}))
        again = answer(await client.call_tool("stop_run", {"run_id": run["run_id"]}))
    assert stopped["status"] == "cancelled"
    assert stopped["figures"]["requests"] == 10
    assert again == stopped


@pytest.mark.parametrize("mode", ERAS)
@over_every_door
async def test_a_client_that_cancels_execute_stops_the_run(
    settings: Settings, mode: Mode, door: Door
) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, mode=mode, door=door) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(execute, client)
        await until(lambda: bool(k6.started), "the run began")
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await until(lambda: k6.stopped == k6.started, "the run was stopped")
            run = answer(await client.call_tool("get_run", {"run_id": k6.started[0]}))
            assert run["status"] == "cancelled"


async def test_a_client_that_cancels_get_run_does_not_stop_the_run(settings: Settings) -> None:
    k6 = ScriptedK6()
    waiting = anyio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        waiting.set()

    async with connected(settings, k6) as client:
        run_id = (await execute(client, wait_s=0))["run_id"]
        async with anyio.create_task_group() as tasks:

            async def wait() -> None:
                await client.call_tool("get_run", {"run_id": run_id}, progress_callback=on_progress)

            tasks.start_soon(wait)
            await waiting.wait()
            tasks.cancel_scope.cancel()
        run = answer(await client.call_tool("get_run", {"run_id": run_id, "wait_s": 0}))
    assert run["status"] == "running"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ERAS)
@over_every_door
async def test_progress_grows_towards_100_in_short_lines(settings: Settings, mode: Mode, door: Door) -> None:
    k6 = ScriptedK6()
    told: list[tuple[float, float | None, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        if k6.started:
            k6.progress(k6.started[0], 50, iterations=7)
        if len(told) == 3:
            k6.finish()

    async with connected(settings, k6, mode=mode, door=door) as client:
        result = await client.call_tool("execute_k6_test", SCRIPT, progress_callback=on_progress)
    assert answer(result)["status"] == "completed"
    values = [progress for progress, _, _ in told]
    assert values == sorted(set(values))
    assert values[-1] >= 50
    assert told[-1][2] == "50%, 1 VU, 7 iterations"
    assert {total for _, total, _ in told} == {100}


@over_every_door
async def test_a_script_that_k6_refuses_is_a_failed_run_and_no_error(settings: Settings, door: Door) -> None:
    async with connected(settings, ScriptedK6(), door=door) as client:
        run = await execute(client, script="REFUSED")
        explained = answer(await client.call_tool("analyze_run", {"run_id": run["run_id"]}))
    assert (run["status"], run["failure"]["kind"]) == ("failed", "script_error")
    assert explained["failure"]["kind"] == "script_error"
    assert explained["next_steps"]


@over_every_door
async def test_without_k6_the_error_begins_with_its_code_and_says_what_to_do(
    settings: Settings, door: Door
) -> None:
    async with connected(settings, ScriptedK6(missing=True), door=door) as client:
        text = refusal(await client.call_tool("execute_k6_test", SCRIPT))
        health = answer(await client.call_tool("check_health", {}))
    assert text == "k6_not_found: no k6 here (next step: install k6)"
    assert health["ok"] is False


async def test_more_than_the_server_allows_is_refused_before_anything_runs(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        text = refusal(await client.call_tool("execute_k6_test", {**SCRIPT, "vus": 5000}))
    assert text.startswith("limit_exceeded: ")
    assert "5000" in text


@over_every_door
async def test_an_unknown_run_is_refused_by_every_tool_that_takes_one(settings: Settings, door: Door) -> None:
    async with connected(settings, ScriptedK6(), door=door) as client:
        for tool in ("get_run", "stop_run", "analyze_run"):
            assert refusal(await client.call_tool(tool, {"run_id": "r-nope"})).startswith("unknown_run: ")


async def test_our_own_crash_is_one_line_without_internals_and_the_log_has_them(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(settings, ScriptedK6()) as client:
        text = refusal(await client.call_tool("execute_k6_test", {**SCRIPT, "script": "CRASH"}))
    assert text.startswith("internal: execute_k6_test failed")
    assert "secret internals" not in text
    assert "\n" not in text
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]
