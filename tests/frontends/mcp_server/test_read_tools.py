"""Reading: details within their budget, the history page by page, resources, prompts, completions."""

import json
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import (
    INVALID_PARAMS,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from k6_mcp.answers.budget import BUDGET_BYTES
from k6_mcp.models.untrusted import NOTE
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import SCRIPT, Door, answer, connected, over_every_door, said
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6


def free_running(**arguments: Any) -> ScriptedK6:
    """Return a k6 whose runs end at once."""
    k6 = ScriptedK6(**arguments)
    k6.finish()
    return k6


async def ran(client: Client, **arguments: Any) -> str:
    """Run a test to its end and return its id."""
    run = answer(await client.call_tool("execute_k6_test", {**SCRIPT, **arguments}))
    assert run["status"] == "completed"
    return str(run["run_id"])


async def detailed(client: Client, run_id: str, detail: str) -> dict[str, Any]:
    """Return get_run's answer, which is within its budget."""
    result = await client.call_tool("get_run", {"run_id": run_id, "detail": detail})
    assert len(said(result).encode()) <= BUDGET_BYTES
    return answer(result)


@over_every_door
async def test_full_holds_every_metric_by_its_own_name(settings: Settings, door: Door) -> None:
    async with connected(settings, free_running(rows=3), door=door) as client:
        full = await detailed(client, await ran(client), "full")
    assert full["metrics"]["own_0002"] == {"type": "counter", "count": 2, "rate": 0.666667}
    assert full["metrics"]["http_req_duration{expected_response:true}"]["p(95)"] == 3.5
    assert "note" not in full


async def test_full_with_too_many_metrics_points_to_the_resource_that_has_all(settings: Settings) -> None:
    async with connected(settings, free_running(rows=500)) as client:
        run_id = await ran(client)
        full = await detailed(client, run_id, "full")
        everything = json.loads(await read(client, f"k6://runs/{run_id}/metrics"))
    assert f"k6://runs/{run_id}/metrics" in full["note"]
    assert 20 < len(full["metrics"]) < 500
    assert len(everything["rows"]) == 507


@pytest.mark.parametrize("line", ["plain line\n", "\x1b[31m\x00\n", 'quo"te\\ 日本語\n'])
@over_every_door
async def test_a_long_log_shows_its_end_marked_as_untrusted(
    settings: Settings, line: str, door: Door
) -> None:
    log = line * 20_000 + "the last line"
    async with connected(settings, free_running(log=log), door=door) as client:
        run_id = await ran(client)
        shown = await detailed(client, run_id, "log")
    assert shown["log"].endswith("the last line")
    assert shown["untrusted"].endswith("instructions: log")
    assert f"k6://runs/{run_id}/log" in shown["note"]


@over_every_door
async def test_the_script_that_ran_is_shown_from_its_beginning(settings: Settings, door: Door) -> None:
    script = "// begin\n" + SCRIPT["script"] + "\n" + "// filler\n" * 5000  # type: ignore[operator]
    async with connected(settings, free_running(), door=door) as client:
        shown = await detailed(client, await ran(client, script=script), "script")
    assert shown["script"].startswith("// begin\n")
    assert "left out" in shown["note"]


async def test_a_planned_script_is_cut_and_says_by_how_much(settings: Settings) -> None:
    script = str(SCRIPT["script"]) + "\n// é" * 10_000
    async with connected(settings, free_running()) as client:
        result = await client.call_tool("plan_k6_test", {**SCRIPT, "script": script})
    assert len(said(result).encode()) <= BUDGET_BYTES
    assert "more characters" in answer(result)["script"]
    assert answer(result)["plan"]["max_vus"] == 1


@over_every_door
async def test_the_history_pages_through_every_run_newest_first(settings: Settings, door: Door) -> None:
    async with connected(settings, free_running(), door=door) as client:
        ids = [await ran(client, name=f"test {number}") for number in range(5)]
        first = answer(await client.call_tool("get_history", {"limit": 3}))
        second = answer(await client.call_tool("get_history", {"limit": 3, "cursor": first["next_cursor"]}))
    assert [row["run_id"] for row in (*first["runs"], *second["runs"])] == ids[::-1]
    assert "next_cursor" not in second
    assert first["runs"][0]["name"] == "test 4"
    assert first["runs"][0]["requests"] == 10


@pytest.mark.slow
async def test_a_page_of_the_longest_rows_keeps_the_budget_and_loses_none(settings: Settings) -> None:
    url = "http://127.0.0.1/" + "é" * 400
    async with connected(settings, free_running()) as client:
        ids = [await ran(client, script=None, url=url, name="漢" * 120) for _ in range(30)]
        seen: list[str] = []
        cursor: str | None = None
        while True:
            result = await client.call_tool("get_history", {"limit": 100, "cursor": cursor})
            assert len(said(result).encode()) <= BUDGET_BYTES
            page = answer(result)
            seen += [row["run_id"] for row in page["runs"]]
            if (cursor := page.get("next_cursor")) is None:
                break
    assert seen == ids[::-1]


async def test_history_filters_reach_the_history(settings: Settings) -> None:
    async with connected(settings, free_running()) as client:
        await ran(client, name="other")
        wanted = await ran(client, name="checkout", tags={"team": "shop"})
        filters: list[dict[str, Any]] = [
            {"name": "checkout"},
            {"tag": "team"},
            {"status": "completed", "name": "checkout", "max_response_time_ms": 100},
        ]
        for given in filters:
            page = answer(await client.call_tool("get_history", given))
            assert [row["run_id"] for row in page["runs"]] == [wanted]
        assert answer(await client.call_tool("get_history", {"status": "failed"}))["runs"] == []


async def read(client: Client, uri: str) -> str:
    """Return the text of a resource."""
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content.text


@over_every_door
async def test_resources_hold_what_is_kept_of_a_run(settings: Settings, door: Door) -> None:
    async with connected(settings, free_running(log="level=info msg=hello"), door=door) as client:
        run_id = await ran(client)
        summary = json.loads(await read(client, f"k6://runs/{run_id}/summary"))
        assert summary == answer(await client.call_tool("get_run", {"run_id": run_id}))
        assert summary["resources"] == [
            f"k6://runs/{run_id}/{part}" for part in ("summary", "metrics", "timeline", "log", "script")
        ]
        assert await read(client, f"k6://runs/{run_id}/log") == f"[{NOTE}]\nlevel=info msg=hello"
        assert await read(client, f"k6://runs/{run_id}/script") == f"// {NOTE}\n{SCRIPT['script']}"


async def test_presets_are_resources_with_their_load_and_thresholds(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        presets = json.loads(await read(client, "k6://presets"))
        high = json.loads(await read(client, "k6://presets/high"))
        with pytest.raises(MCPError, match="use low, medium, high"):
            await read(client, "k6://presets/huge")
    assert list(presets) == ["low", "medium", "high"]
    assert presets["high"] == high
    assert (high["scenario"]["rate"], high["scenario"]["duration"], high["scenario"]["maxVUs"]) == (
        500,
        "30s",
        1000,
    )
    assert high["thresholds"]["http_req_failed"] == ["rate<=0.01"]


@over_every_door
async def test_an_unknown_run_names_those_there_are(settings: Settings, door: Door) -> None:
    async with connected(settings, free_running(), door=door) as client:
        run_id = await ran(client)
        with pytest.raises(MCPError, match=f"unknown_run: .*newest runs: {run_id}"):
            await read(client, "k6://runs/r-nope/log")


async def test_resources_and_templates_are_listed_with_titles_and_types(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
    assert {resource.uri for resource in resources} == {"k6://presets", "ui://k6-mcp/run.html"}
    parts = [f"k6://runs/{{run_id}}/{part}" for part in ("summary", "metrics", "timeline", "log", "script")]
    assert {"k6://presets/{preset}", *parts} <= {template.uri_template for template in templates}
    assert all(item.title and item.description and item.mime_type for item in (*resources, *templates))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("plan_load_test", {"target": "http://127.0.0.1/shop", "goal": "p95 under 300 ms"}),
        ("plan_load_test", {"target": "http://127.0.0.1/shop"}),
        ("read_result", {"run_id": "r-20260101-abc"}),
    ],
)
async def test_prompts_carry_their_arguments_and_name_only_tools_there_are(
    settings: Settings, name: str, arguments: dict[str, str]
) -> None:
    async with connected(settings, ScriptedK6()) as client:
        (message,) = (await client.get_prompt(name, arguments)).messages
        listed = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        tools = {tool.name for tool in (await client.list_tools()).tools}
    assert isinstance(message.content, TextContent)
    assert all(value in message.content.text for value in arguments.values())
    assert listed[name].description
    mentioned = {
        word.strip(".,:;")
        for word in message.content.text.split()
        if word.startswith(("execute_", "plan_", "get_", "analyze_"))
    }
    assert mentioned
    assert mentioned <= tools


@over_every_door
async def test_run_ids_and_presets_are_completed(settings: Settings, door: Door) -> None:
    runs = ResourceTemplateReference(uri="k6://runs/{run_id}/log")
    presets = ResourceTemplateReference(uri="k6://presets/{preset}")
    async with connected(settings, free_running(), door=door) as client:
        ids = [await ran(client) for _ in range(2)]
        found = await client.complete(runs, {"name": "run_id", "value": ids[0][:3]})
        exact = await client.complete(
            PromptReference(name="read_result"), {"name": "run_id", "value": ids[0]}
        )
        medium = await client.complete(presets, {"name": "preset", "value": "m"})
        nothing = await client.complete(
            PromptReference(name="plan_load_test"), {"name": "goal", "value": "x"}
        )
    assert set(found.completion.values) == set(ids)
    assert exact.completion.values == [ids[0]]
    assert medium.completion.values == ["medium"]
    assert nothing.completion.values == []


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("nope", {}, "no prompt is called 'nope'; use one of plan_load_test, read_result"),
        ("read_result", {}, "read_result: give run_id"),
        (
            "plan_load_test",
            {"gaol": "x"},
            "plan_load_test: give target; unknown argument 'gaol' (allowed: target, goal)",
        ),
    ],
)
@over_every_door
async def test_a_prompt_that_cannot_be_given_says_what_to_correct(
    settings: Settings, name: str, arguments: dict[str, str], told: str, door: Door
) -> None:
    async with connected(settings, ScriptedK6(), door=door) as client:
        with pytest.raises(MCPError) as refused:
            await client.get_prompt(name, arguments)
    assert (refused.value.error.code, refused.value.error.message) == (INVALID_PARAMS, told)
