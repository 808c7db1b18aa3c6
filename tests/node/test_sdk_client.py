"""The TypeScript SDK drives the server over stdio: the 1.x line, the 2.x line, and its modern revision."""

from pathlib import Path
from typing import Any

import pytest

from lab.target import Target
from tests.node.node import K6_SERVER, run_program
from tests.node.test_simple_client import CLOSED_PORT, script

LISTED = [
    "execute_k6_test",
    "plan_k6_test",
    "get_run",
    "stop_run",
    "get_history",
    "analyze_run",
    "compare_runs",
    "set_baseline",
    "get_statistics",
    "get_report",
    "check_health",
]
every_client = pytest.mark.parametrize("client", ["sdk", "legacy", "auto"])


async def drive(client: str, env: dict[str, str], *steps: dict[str, Any]) -> Any:
    """Connect, take the steps, disconnect; return what the program saw."""
    return await run_program(
        "sdk_client.mjs", {"client": client, "command": K6_SERVER, "env": env, "steps": steps}
    )


def execute(**arguments: object) -> dict[str, Any]:
    """Return the step that runs a load test."""
    return {"call": "execute_k6_test", "arguments": arguments, "progress": True}


@every_client
async def test_everything_offered_can_be_listed_and_the_server_says_who_it_is(
    client: str, server_env: dict[str, str]
) -> None:
    seen = await drive(client, server_env, {"list": True})

    (listed,) = seen["results"]
    assert [tool["name"] for tool in listed["tools"]] == LISTED
    assert all(tool["outputSchema"] and tool["annotations"] for tool in listed["tools"])
    assert "k6://presets" in [resource["uri"] for resource in listed["resources"]]
    assert listed["resourceTemplates"]
    assert listed["prompts"]
    assert seen["server"]["name"] == "k6-mcp"
    assert seen.get("version") == {"legacy": "2025-11-25", "auto": "2026-07-28"}.get(client)


@every_client
async def test_a_run_reports_progress_and_a_result_that_fits_its_schema(
    client: str, server_env: dict[str, str], target: Target, tmp_path: Path
) -> None:
    script_file = script(tmp_path, target.url("/ok"))

    seen = await drive(
        client, server_env, {"list": True}, execute(script_file=script_file, vus=2, duration="3s")
    )

    result = seen["results"][1]
    answer = result["structuredContent"]
    assert (result.get("isError") or False, answer["status"]) == (False, "completed")
    assert answer["figures"]["requests"] == target.total
    progress = [update["progress"] for update in result["progress"]]
    assert len(progress) >= 2
    assert progress == sorted(progress)
    assert any("VU" in update.get("message", "") for update in result["progress"])


@every_client
async def test_a_crossed_threshold_is_a_failed_result_and_no_error(
    client: str, server_env: dict[str, str], target: Target, tmp_path: Path
) -> None:
    options = "{ thresholds: { http_req_duration: ['p(95)<0.001'] } }"
    script_file = script(tmp_path, target.url("/ok"), options=options)

    seen = await drive(
        client, server_env, {"list": True}, execute(script_file=script_file, vus=1, iterations=5)
    )

    result = seen["results"][1]
    assert (result.get("isError") or False, result["structuredContent"]["status"]) == (False, "failed")
    assert result["structuredContent"]["failure"]["kind"] == "thresholds_exceeded"


@every_client
async def test_an_unreachable_target_fits_the_schema_too(
    client: str, server_env: dict[str, str], tmp_path: Path
) -> None:
    script_file = script(tmp_path, CLOSED_PORT)

    seen = await drive(
        client, server_env, {"list": True}, execute(script_file=script_file, vus=1, iterations=5)
    )

    answer = seen["results"][1]["structuredContent"]
    assert answer["failure"]["kind"] == "target_unreachable"


@every_client
async def test_a_wrong_argument_is_refused_by_name(client: str, server_env: dict[str, str]) -> None:
    seen = await drive(client, server_env, execute(url=CLOSED_PORT, bogus=1))

    (result,) = seen["results"]
    assert result["isError"] is True
    assert result["content"][0]["text"].startswith("invalid_arguments: ")
    assert "bogus" in result["content"][0]["text"]


@every_client
async def test_the_tool_of_older_servers_still_answers_though_it_is_not_listed(
    client: str, server_env: dict[str, str], target: Target, tmp_path: Path
) -> None:
    arguments = {"script_file": script(tmp_path, target.url("/ok")), "duration": "1s", "vus": 2}

    seen = await drive(client, server_env, {"call": "execute_k6_test_with_options", "arguments": arguments})

    (result,) = seen["results"]
    assert result["structuredContent"]["status"] == "completed"
    assert result["structuredContent"]["figures"]["requests"] == target.total


@every_client
async def test_a_cancelled_call_stops_the_run_and_keeps_its_figures(
    client: str, server_env: dict[str, str], target: Target, tmp_path: Path
) -> None:
    script_file = script(tmp_path, target.url("/ok"))
    cancelled = {**execute(script_file=script_file, vus=1, duration="60s"), "cancelAfterProgress": 2}
    stopped = {"call": "get_history", "arguments": {"status": "cancelled"}, "until": "runs"}

    seen = await drive(client, server_env, cancelled, stopped, {"call": "check_health"})

    call, history, health = seen["results"]
    (run,) = history["structuredContent"]["runs"]
    assert "no longer needed" in call["rejected"]
    # k6 does not count the request that the stop interrupts
    assert 0 <= target.total - run["requests"] <= 1
    assert run["requests"] > 0
    assert health["structuredContent"].get("running", []) == []
