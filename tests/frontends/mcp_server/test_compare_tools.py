"""Comparisons, baselines and series over MCP, on the real service with a scripted k6."""

from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client

from k6_mcp.answers.budget import BUDGET_BYTES
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Planned
from k6_mcp.models.script import Script
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import (
    SCRIPT,
    Door,
    answer,
    connected,
    over_every_door,
    refusal,
    said,
    until,
)
from tests.frontends.mcp_server.scripted_k6 import PLAN, ScriptedK6, open_scripted
from tests.frontends.mcp_server.test_tasks import TaskClient, ask, begin


class Short(ScriptedK6):
    """A k6 whose runs last the two seconds that their summary reports."""

    async def plan(self, run_id: str, script: Script) -> Planned | Outcome:
        planned = await super().plan(run_id, script)
        return (
            planned._replace(plan=PLAN.model_copy(update={"duration_s": 2.0}))
            if isinstance(planned, Planned)
            else planned
        )


def free_running() -> Short:
    k6 = Short()
    k6.finish()
    return k6


async def ran(client: Client, **arguments: object) -> dict[str, Any]:
    return answer(await client.call_tool("execute_k6_test", {**SCRIPT, **arguments}))


async def test_a_comparison_names_the_next_step_and_stays_small(settings: Settings) -> None:
    async with connected(settings, free_running()) as client:
        first = await ran(client, name="checkout", repeat=10)
        second = await ran(client, name="checkout", repeat=10)
        result = await client.call_tool(
            "compare_runs", {"baseline": first["run_id"], "candidate": second["run_id"]}
        )

    compared = answer(result)
    assert [*compared][:3] == ["change", "sentence", "next"]
    assert (compared["change"], len(compared["baseline"]), len(compared["candidate"])) == (
        "no_evidence",
        10,
        10,
    )
    assert len(said(result).encode()) < BUDGET_BYTES / 2


@over_every_door
async def test_without_a_candidate_the_latest_run_of_the_test_is_compared(
    settings: Settings, door: Door
) -> None:
    async with connected(settings, free_running(), door=door) as client:
        first, _, third = [await ran(client, name="checkout") for _ in range(3)]
        await ran(client, name="another")
        answer(await client.call_tool("set_baseline", {"run_id": first["run_id"]}))

        compared = answer(await client.call_tool("compare_runs", {"baseline": "checkout"}))

    assert (compared["baseline"], compared["candidate"]) == ([first["run_id"]], [third["run_id"]])


async def test_a_run_before_the_baseline_is_no_candidate(settings: Settings) -> None:
    async with connected(settings, free_running()) as client:
        _, second = [await ran(client, name="checkout") for _ in range(2)]
        answer(await client.call_tool("set_baseline", {"run_id": second["run_id"]}))

        told = [
            refusal(await client.call_tool("compare_runs", {"baseline": "checkout", **more}))
            for more in ({}, {"candidate": "checkout"})
        ]

    assert all("no ended run of the test 'checkout' since the baseline" in text for text in told)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"baseline": "never set"}, "no baseline is set for a test of that name"),
        ({"baseline": "r-20260101-aaaaaaaaaaaaaaaa"}, "unknown_run"),
        ({"baseline": ""}, "baseline: "),
        ({}, "baseline: "),
        ({"baseline": "x", "with": "y"}, "with: unknown argument"),
    ],
)
async def test_what_cannot_be_compared_is_refused_with_the_reason(
    settings: Settings, arguments: dict[str, str], reason: str
) -> None:
    async with connected(settings, free_running()) as client:
        assert reason in refusal(await client.call_tool("compare_runs", arguments))


async def test_a_run_is_not_compared_with_itself_or_its_repeats(settings: Settings) -> None:
    async with connected(settings, free_running()) as client:
        run = await ran(client, repeat=2)
        first = run["series"]["first"]
        text = refusal(
            await client.call_tool("compare_runs", {"baseline": first, "candidate": run["run_id"]})
        )
        unnamed = refusal(await client.call_tool("compare_runs", {"baseline": first}))

    assert "repeats of one request" in text
    assert "has no name" in unnamed


async def test_what_still_runs_is_to_be_waited_for_before_it_is_compared(settings: Settings) -> None:
    k6 = Short()
    async with connected(settings, k6) as client:
        first = await ran(client, wait_s=0)
        await until(lambda: bool(k6.started), "the first run")
        k6.finish(first["run_id"])
        answer(await client.call_tool("get_run", {"run_id": first["run_id"]}))
        second = await ran(client, wait_s=0)
        compared = answer(
            await client.call_tool(
                "compare_runs", {"baseline": first["run_id"], "candidate": second["run_id"]}
            )
        )
        k6.finish()

    assert compared["change"] == "not_comparable"
    assert compared["next"].startswith(f'get_run with run_id="{second["run_id"]}" and wait_s=45')


@over_every_door
async def test_a_baseline_must_be_a_whole_test_with_a_name(settings: Settings, door: Door) -> None:
    k6 = Short()
    async with connected(settings, k6, door=door) as client:
        running = await ran(client, wait_s=0)
        unfinished = refusal(await client.call_tool("set_baseline", {"run_id": running["run_id"]}))
        k6.finish()
        ended = answer(await client.call_tool("get_run", {"run_id": running["run_id"]}))
        unnamed = refusal(await client.call_tool("set_baseline", {"run_id": ended["run_id"]}))
        named = answer(
            await client.call_tool("set_baseline", {"run_id": ended["run_id"], "name": "checkout"})
        )

    assert "it is still running" in unfinished
    assert "name: the run has none" in unnamed
    assert (named["name"], named["run_id"]) == ("checkout", ended["run_id"])


@over_every_door
async def test_a_series_is_one_running_test_until_its_last_repeat_has_ended(
    settings: Settings, door: Door
) -> None:
    k6 = Short()
    async with connected(settings, k6, door=door) as client:
        begun = await ran(client, repeat=3, wait_s=0)
        for number in range(1, 3):
            await until(lambda number=number: len(k6.started) == number, f"repeat {number}")
            k6.progress(k6.started[-1], 50)
            k6.finish(k6.started[-1])
        await until(lambda: len(k6.started) == 3, "repeat 3")
        k6.progress(k6.started[-1], 50)
        going = answer(await client.call_tool("get_run", {"run_id": begun["run_id"], "wait_s": 0}))
        k6.finish()
        ended = answer(await client.call_tool("get_run", {"run_id": begun["run_id"]}))

    assert (going["run_id"], going["status"], len(going["series"]["runs"])) == (begun["run_id"], "running", 2)
    assert going["live"]["percent"] == pytest.approx(250 / 3, abs=0.1)
    assert (ended["status"], [row["run_id"] for row in ended["series"]["runs"]]) == ("completed", k6.started)


async def test_a_series_waits_in_the_queue_like_any_test(settings: Settings) -> None:
    k6 = Short()
    async with connected(settings, k6) as client:
        others = [await ran(client, wait_s=0) for _ in range(settings.limits.max_concurrent_runs)]
        waiting = await ran(client, repeat=2, wait_s=0)
        k6.finish()
        ended = answer(await client.call_tool("get_run", {"run_id": waiting["run_id"]}))

    assert (len(others), waiting["status"], waiting["queue_position"]) == (4, "queued", 1)
    assert (ended["status"], len(ended["series"]["runs"])) == ("completed", 2)


async def test_a_series_as_a_task_keeps_its_id_to_the_end(settings: Settings) -> None:
    k6 = free_running()
    async with connected(settings, k6, extensions=[TaskClient()]) as client:
        task = await begin(client, repeat=2)
        # Waits for all
        told = answer(await client.call_tool("get_run", {"run_id": task["taskId"]}))
        ended = await ask(client.session, "tasks/get", task["taskId"])

    assert told["run_id"] != task["taskId"]
    assert (ended["taskId"], ended["status"], ended["createdAt"]) == (
        task["taskId"],
        "completed",
        task["createdAt"],
    )
    assert len(ended["result"]["structuredContent"]["series"]["runs"]) == 2


async def test_a_caller_that_gives_up_stops_the_whole_series(settings: Settings) -> None:
    k6 = Short()
    async with open_scripted(settings, k6) as service:
        with anyio.CancelScope() as calling:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(
                    partial(service.execute, parse_load_test({**SCRIPT, "repeat": 3}), wait_s=60)
                )
                await until(lambda: len(k6.started) == 1, "the first run")
                calling.cancel()
        run = await service.wait(k6.started[0], 10)

    assert (run.status, len(k6.started)) == ("cancelled", 1)
    assert run.series is not None and len(run.series.runs) == 1


async def test_leaving_the_service_begins_no_other_repeat(settings: Settings) -> None:
    k6 = Short()
    async with open_scripted(settings, k6) as service:
        await service.start(parse_load_test({**SCRIPT, "repeat": 3}))
        await until(lambda: len(k6.started) == 1, "the first run")

    assert (len(k6.started), k6.stopped) == (1, k6.started)


@pytest.mark.parametrize("repeat", [0, 11, "many"])
async def test_repeats_are_one_to_ten(settings: Settings, repeat: object) -> None:
    async with connected(settings, ScriptedK6()) as client:
        assert "repeat: " in refusal(await client.call_tool("execute_k6_test", {**SCRIPT, "repeat": repeat}))


async def test_all_repeats_together_count_against_the_limit_of_duration(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        text = refusal(await client.call_tool("execute_k6_test", {**SCRIPT, "duration": "30m", "repeat": 3}))

    assert (
        "3 repeats of duration 30m: a total of 1h30m exceeds this server's limit of 1h (K6_MCP_MAX_DURATION)"
        in text
    )
