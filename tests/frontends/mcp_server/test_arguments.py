"""The arguments that a client may send, and the answers to all others."""

from typing import Any

import pytest

from k6_mcp.models.plan import ScenarioPlan, StagePlan
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import SCRIPT, Door, answer, connected, over_every_door, refusal
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6


async def refused(settings: Settings, tool: str, arguments: dict[str, Any], door: Door = "memory") -> str:
    """Call a tool that must refuse, and return what it says."""
    k6 = ScriptedK6()
    async with connected(settings, k6, door=door) as client:
        text = refusal(await client.call_tool(tool, arguments))
    assert k6.started == []
    return text


@over_every_door
async def test_every_violation_is_named_in_one_error_that_begins_with_its_code(
    settings: Settings, door: Door
) -> None:
    text = await refused(
        settings, "execute_k6_test", {"urll": "x", "vus": 0, "rate_per_s": -1, "wait_s": 4000}, door
    )
    assert text.startswith("invalid_arguments: ")
    for part in (
        "urll: unknown argument",
        "vus: ",
        "rate_per_s: ",
        "wait_s: ",
        "exactly one of script, script_file or url",
    ):
        assert part in text
    assert "\n" not in text


async def test_thousands_of_violations_make_no_enormous_error(settings: Settings) -> None:
    for arguments in (
        {f"k{number}": 1 for number in range(5000)},
        {"é" * 100_000: 1},
        {"headers": {f"a {n}": "" for n in range(9999)}},
    ):
        text = await refused(settings, "plan_k6_test", {**arguments, "url": "http://127.0.0.1/"})
        assert text.startswith("invalid_arguments: ") and text.endswith("nothing was run)")
        assert len(text.encode()) < 10_000


async def test_an_unknown_argument_is_answered_with_the_known_ones(settings: Settings) -> None:
    text = await refused(settings, "execute_k6_test", {**SCRIPT, "wait": 3})
    assert "wait: unknown argument" in text
    assert "override_load, repeat, wait_s" in text


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("plan_k6_test", {**SCRIPT, "wait_s": 5}, "wait_s: unknown argument"),
        ("get_run", {"run_id": "r", "wait_s": 51}, "wait_s: "),
        ("get_run", {"run_id": "r", "detail": "all"}, "detail: "),
        ("get_run", {}, "run_id: Field required"),
        ("stop_run", {"id": "r"}, "id: unknown argument (allowed: run_id)"),
        ("get_history", {"limit": 101, "status": "ok"}, "limit: "),
        ("analyze_run", {"run_id": ""}, "run_id: "),
        ("check_health", {"deep": True}, "deep: unknown argument"),
        ("execute_k6_test_with_options", {"script_file": "x.js", "rate": 1}, "rate: unknown argument"),
    ],
)
async def test_every_tool_is_strict(
    settings: Settings, tool: str, arguments: dict[str, Any], named: str
) -> None:
    text = await refused(settings, tool, arguments)
    assert text.startswith("invalid_arguments: ")
    assert named in text


async def test_secrets_in_refused_arguments_are_not_echoed(settings: Settings) -> None:
    arguments = {"url": "http://127.0.0.1/", "headers": {"Bad Name": "s3cret-value"}, "vus": 0}
    assert "s3cret-value" not in await refused(settings, "execute_k6_test", arguments)


@over_every_door
async def test_objects_and_arrays_may_come_as_json_text_and_null_means_not_given(
    settings: Settings, door: Door
) -> None:
    arguments = {
        "script": SCRIPT["script"],
        "stages": '[{"duration": "1s", "target": 2}]',
        "tags": '{"team": "shop"}',
        "env": "{}",
        "thresholds": '{"http_reqs": ["count>0"]}',
        "name": None,
    }
    stage = StagePlan(start_s=0, duration_s=1, from_target=0, target=2)
    k6 = ScriptedK6(scenario=ScenarioPlan(name="default", executor="ramping-vus", vus=0, stages=(stage,)))
    k6.finish()
    async with connected(settings, k6, door=door) as client:
        run_id = answer(await client.call_tool("execute_k6_test", arguments))["run_id"]
        found = answer(await client.call_tool("get_history", {"tag": "team=shop"}))
    assert [row["run_id"] for row in found["runs"]] == [run_id]


async def test_a_text_that_only_looks_like_json_is_refused_by_its_shape(settings: Settings) -> None:
    text = await refused(settings, "execute_k6_test", {**SCRIPT, "tags": "{team: shop}"})
    assert "tags: should be a valid dictionary" in text
    deep = await refused(settings, "execute_k6_test", {**SCRIPT, "stages": "[" * 100_000})
    assert deep.startswith("invalid_arguments: ") and "stages: should be a valid list" in deep


async def test_a_body_that_is_text_stays_text(settings: Settings) -> None:
    k6 = ScriptedK6()
    arguments = {"url": "http://127.0.0.1/", "method": "POST", "body": '{"a": 1}'}
    async with connected(settings, k6) as client:
        script = answer(await client.call_tool("plan_k6_test", arguments))["script"]
    assert "application/json" not in script


async def test_the_tool_of_older_servers_is_callable_and_overrides_the_scripts_load(
    settings: Settings,
) -> None:
    script = settings.results_dir.parent / "old.js"
    script.write_text(
        "export const options = { vus: 1, iterations: 1 }; export default function () {}", encoding="utf-8"
    )
    k6 = ScriptedK6(scenario=ScenarioPlan(name="default", executor="constant-vus", vus=10, duration_s=10))
    k6.finish()
    async with connected(settings, k6) as client:
        arguments = {"script_file": str(script), "duration": "10s", "vus": 10}
        run = answer(await client.call_tool("execute_k6_test_with_options", arguments))
        assert "execute_k6_test_with_options" not in [tool.name for tool in (await client.list_tools()).tools]
    assert run["status"] == "completed"


@over_every_door
async def test_an_unknown_tool_is_answered_with_the_known_ones(settings: Settings, door: Door) -> None:
    text = await refused(settings, "run_k6", {}, door)
    assert text.startswith("unknown_tool: ")
    assert "execute_k6_test" in text
