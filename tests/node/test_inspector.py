"""The Inspector's command line drives the server in both eras.

It covers every tool, resource and prompt, and checks schemas strictly.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.target import Target
from tests.node.node import K6_SERVER, PACKAGES, Done, node, run
from tests.node.test_simple_client import script

LAUNCHER = PACKAGES / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
TOOL_IS_ERROR = 5
both_eras = pytest.mark.parametrize("era", ["legacy", "modern"])


async def inspect(era: str, env: dict[str, str], home: Path, *arguments: str) -> Done:
    """Let the Inspector start the server and send it one request."""
    settings = [item for name, value in env.items() for item in ("-e", f"{name}={value}")]
    command = [
        node() or "node",
        str(LAUNCHER),
        "--cli",
        *K6_SERVER,
        *settings,
        "--protocol-era",
        era,
        "--format",
        "json",
        *arguments,
    ]
    return await run(command, {"HOME": str(home)})


async def call(era: str, env: dict[str, str], home: Path, tool: str, **arguments: object) -> Any:
    """Call a tool and return its structured result."""
    done = await inspect(
        era,
        env,
        home,
        "--method",
        "tools/call",
        "--tool-name",
        tool,
        "--tool-args-json",
        json.dumps(arguments),
    )
    return done.json()["result"]["structuredContent"]


@both_eras
async def test_the_tools_pass_the_strict_lint(era: str, server_env: dict[str, str], tmp_path: Path) -> None:
    done = await inspect(era, server_env, tmp_path, "--method", "tools/list", "--strict")

    assert len(done.json()["result"]["tools"]) == 11
    assert "error" not in done.stderr.lower()
    assert "warning" not in done.stderr.lower()


@both_eras
async def test_every_listed_tool_can_be_called(
    era: str, server_env: dict[str, str], target: Target, tmp_path: Path
) -> None:
    asked = (era, server_env, tmp_path)
    script_file = script(tmp_path, target.url("/ok"))

    health = await call(*asked, "check_health")
    plan = await call(*asked, "plan_k6_test", script_file=script_file, vus=2, duration="1s")
    done = await call(*asked, "execute_k6_test", script_file=script_file, vus=2, iterations=10)
    one = await call(*asked, "get_run", run_id=done["run_id"])
    stopped = await call(*asked, "stop_run", run_id=done["run_id"])
    analysis = await call(*asked, "analyze_run", run_id=done["run_id"])
    history = await call(*asked, "get_history")
    report = await call(*asked, "get_report", run_id=done["run_id"])

    assert health["ok"] is True
    assert plan["plan"]["max_vus"] == 2
    assert done["status"] == "completed"
    assert one == stopped == done
    assert analysis["status"] == "completed"
    assert [run["run_id"] for run in history["runs"]] == [done["run_id"]]
    assert report["path"].endswith(f"/{done['run_id']}/reports/report.html")


@both_eras
async def test_a_refused_call_is_told_apart_from_a_failed_test(
    era: str, server_env: dict[str, str], tmp_path: Path
) -> None:
    done = await inspect(
        era,
        server_env,
        tmp_path,
        "--method",
        "tools/call",
        "--tool-name",
        "get_run",
        "--tool-args-json",
        '{"run_id": "r-0"}',
    )

    assert done.code == TOOL_IS_ERROR
    assert "unknown_run" in done.stdout + done.stderr


@both_eras
async def test_resources_and_prompts_can_be_read(
    era: str, server_env: dict[str, str], tmp_path: Path
) -> None:
    asked = (era, server_env, tmp_path)

    listed = (await inspect(*asked, "--method", "resources/list")).json()["result"]["resources"]
    presets = (await inspect(*asked, "--method", "resources/read", "--uri", "k6://presets")).json()["result"][
        "contents"
    ]
    prompts = (await inspect(*asked, "--method", "prompts/list")).json()["result"]["prompts"]
    prompt = await inspect(
        *asked, "--method", "prompts/get", "--prompt-name", "read_result", "--prompt-args", "run_id=r-0"
    )

    assert {resource["uri"]: resource["mimeType"] for resource in listed} == {
        "ui://k6-mcp/run.html": "text/html;profile=mcp-app",
        "k6://presets": "application/json",
    }
    assert set(json.loads(presets[0]["text"])) == {"low", "medium", "high"}
    assert "read_result" in [item["name"] for item in prompts]
    assert "r-0" in prompt.stdout


@both_eras
async def test_the_inspector_finds_the_app_of_the_tools_that_have_one(
    era: str, server_env: dict[str, str], tmp_path: Path
) -> None:
    done = await inspect(
        era, server_env, tmp_path, "--advertise-apps", "--method", "tools/list", "--app-info"
    )

    assert '"ui://k6-mcp/run.html"' in done.stdout
    assert done.code == 0
