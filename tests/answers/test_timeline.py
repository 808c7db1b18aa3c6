"""A run over time through MCP: columns within the budget, phases, the whole as a resource."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import TextResourceContents

from k6_mcp.answers.budget import BUDGET_BYTES
from k6_mcp.answers.timeline import timeline_answer
from k6_mcp.models.plan import ScenarioPlan, StagePlan
from k6_mcp.models.timeline import Timeline
from k6_mcp.settings import Settings
from lab.sample_runs import RECORD, plan, record, run
from lab.sample_timelines import Second, timeline_of
from tests.analysis.measure.records import long_record
from tests.frontends.mcp_server.connect import SCRIPT, answer, connected, said, until
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6


async def _started(client: Client, **arguments: Any) -> str:
    return str(
        answer(await client.call_tool("execute_k6_test", {**SCRIPT, "wait_s": 0, **arguments}))["run_id"]
    )


async def _timeline(client: Client, run_id: str) -> dict[str, Any]:
    result = await client.call_tool("get_run", {"run_id": run_id, "detail": "timeline"})
    assert len(said(result).encode()) <= BUDGET_BYTES
    return answer(result)


async def test_a_run_is_told_over_time_with_its_phases(settings: Settings) -> None:
    k6 = ScriptedK6(record=RECORD)
    k6.finish()
    async with connected(settings, k6) as client:
        run_id = str(answer(await client.call_tool("execute_k6_test", SCRIPT))["run_id"])
        told = await _timeline(client, run_id)
        (content,) = (await client.read_resource(f"k6://runs/{run_id}/timeline")).contents
    assert told["timeline"]["requests"] == [40, 40, 20]
    assert told["timeline"]["requests_per_s"] == [40, 40, 40]
    assert told["timeline"]["p95_ms"] == [35.8, 35.8, None]
    assert told["timeline"]["errors"] == {"1500": [4, 4, 2]}
    phases = [dict(zip(told["phases"]["columns"], row, strict=True)) for row in told["phases"]["rows"]]
    assert [(phase["scenario"], phase["asked"], phase["asked_vus"]) for phase in phases] == [
        ("default", "1 VU for 10s", 1)
    ]
    assert f"k6://runs/{run_id}/timeline" in told["note"]
    assert isinstance(content, TextResourceContents)
    whole = json.loads(content.text)
    assert whole["total"]["p95_ms"] == [35.75, 35.75, None]
    assert len(whole.pop("phases")) == 1
    assert whole.pop("untrusted").endswith("instructions: phases")
    assert sum(Timeline.model_validate(whole).total.requests) == 100


async def test_a_running_test_is_told_as_far_as_it_got(settings: Settings) -> None:
    k6 = ScriptedK6(record=RECORD[:5])
    async with connected(settings, k6) as client:
        run_id = await _started(client)
        await until(lambda: run_id in k6.started, "the test runs")
        told = await _timeline(client, run_id)
        k6.finish()
    assert told["status"] == "running"
    assert told["timeline"]["requests"] == [40]
    assert "call again" in told["note"]


@pytest.mark.parametrize(
    "lines", [(), RECORD[:3], ("\x00", "[" * 9999)], ids=["no record", "an opening", "no record of k6"]
)
async def test_a_run_without_a_record_says_so(settings: Settings, lines: Sequence[str]) -> None:
    k6 = ScriptedK6(record=lines)
    k6.finish()
    async with connected(settings, k6) as client:
        run_id = str(answer(await client.call_tool("execute_k6_test", SCRIPT))["run_id"])
        told = await _timeline(client, run_id)
        with pytest.raises(MCPError, match="recorded nothing"):
            await client.read_resource(f"k6://runs/{run_id}/timeline")
    assert "timeline" not in told
    assert "recorded nothing" in told["note"]


@pytest.mark.slow
@pytest.mark.parametrize("scenarios", [1, 12])
def test_a_long_run_of_many_scenarios_and_stages_fits(scenarios: int) -> None:
    stages = tuple(StagePlan(start_s=9.0 * n, duration_s=9, from_target=n, target=n + 1) for n in range(40))
    several = [
        ScenarioPlan(name=f"scenario{n}", executor="ramping-vus", vus=1, stages=stages)
        for n in range(scenarios)
    ]
    built = record(long_record(400, scenarios)).timeline()
    assert built is not None
    told = timeline_answer(run(plan=plan(scenarios=tuple(several))), built)
    assert len(json.dumps(told, separators=(",", ":"))) <= BUDGET_BYTES
    shown: Any = told["timeline"]
    assert len(shown["to_s"]) <= 60
    assert {len(column) for name, column in shown.items() if name != "errors"} == {len(shown["to_s"])}
    assert sum(shown["requests"]) == sum(built.total.requests)
    assert sum(shown["failed"]) == sum(built.total.failed)
    assert "more phases are left out" in str(told["note"])


def test_no_rate_is_told_of_the_last_milliseconds() -> None:
    shown = timeline_answer(
        run(), timeline_of([Second(requests=20)] * 2 + [Second(requests=9)], ends_s=(1.0, 2.0, 2.009))
    )["timeline"]
    assert isinstance(shown, dict)
    assert (shown["requests"], shown["requests_per_s"]) == ([20, 20, 9], [20, 20, None])


def test_the_rate_of_a_run_of_milliseconds_is_told() -> None:
    shown = timeline_answer(run(), timeline_of([Second(requests=9)], ends_s=(0.2,)))["timeline"]
    assert isinstance(shown, dict)
    assert shown["requests_per_s"] == [45]
