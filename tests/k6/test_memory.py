"""Memory: k6 can use only a limited amount, and a run that needs more reports the reason."""

import dataclasses
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.settings import Limits, Settings
from tests.test_entry import SERVER

_GROWS = (
    "const kept = [];\nconst grow = () => { for (let n = 0; n < 40; n += 1) { kept.push(new"
    " ArrayBuffer(2e8)); } };\n"
)
_IN_A_VU = _GROWS + "export const options = { iterations: 1 };\nexport default function () { grow(); }\n"
_WHILE_IT_LOADS = _GROWS + "grow();\nexport default function () {}\n"
_HONEST = (
    "export const options = { vus: 100, iterations: 200 };\nexport default function () {"
    " console.log('ran'); }\n"
)


async def _ran(settings: Settings, script: str, max_mb: int | None) -> Run:
    limits = Limits(max_k6_memory_mb=max_mb)
    async with open_app(dataclasses.replace(settings, limits=limits)) as service:
        return await service.execute(parse_load_test({"script": script}), wait_s=60)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to an address space")
@pytest.mark.parametrize(
    ("script", "doing"), [(_IN_A_VU, "running it"), (_WHILE_IT_LOADS, "loading the script")]
)
async def test_a_script_that_grows_beyond_its_memory_is_ended_and_told_the_limit_and_the_setting(
    settings: Settings, script: str, doing: str
) -> None:
    run = await _ran(settings, script, 50)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "script_error")
    assert run.failure.message.startswith(
        f"k6 needed more than the 50 MB of memory that it may use for {doing}"
    )
    assert "K6_MCP_MAX_K6_MEMORY_MB" in run.failure.hint


# A limit of the address space would end Chromium, so what names a browser has none and is watched.
_BESIDE_A_BROWSER = """
import { sleep } from "k6";
const browser = { type: "chromium" };
export const options = { scenarios: {
  ui: { executor: "shared-iterations", iterations: 1, options: { browser } },
} };
const kept = [];
export function setup() {
  for (let n = 0; n < 40; n += 1) {
    kept.push("x".repeat(1e8));
    sleep(0.2);
  }
}
export default function () {}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of a process")
async def test_a_script_that_names_a_browser_is_held_to_its_memory_too(settings: Settings) -> None:
    run = await _ran(settings, _BESIDE_A_BROWSER, 50)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "script_error")
    assert run.failure.message.startswith(
        "k6 needed more than the 50 MB of memory that it may use for running it"
    )


@pytest.mark.parametrize("max_mb", [None, 100])
async def test_an_honest_run_does_not_meet_the_limit(settings: Settings, max_mb: int | None) -> None:
    assert (await _ran(settings, _HONEST, max_mb)).status == "completed"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to an address space")
def test_a_server_with_too_little_memory_for_k6_says_so(settings: Settings, tmp_path: Path) -> None:
    line = (
        b'{"method": "execute_k6_test", "params": {"script": "export default function () {}", "vus": 1,'
        b' "iterations": 1}}\n'
    )
    environment = {"K6_RESULTS_DIR": str(tmp_path), "K6_BIN": str(settings.k6_bin), "HOME": str(tmp_path)}
    bounded = ["/bin/sh", "-c", f'ulimit -v {700 * 1024}; exec "$@"', "sh", sys.executable, str(SERVER)]
    answer = subprocess.run(
        bounded, input=line, env=environment, capture_output=True, check=False
    ).stdout.decode()
    assert (
        "cannot be started: the server has too little memory: its process is limited to 700 MB of address"
        " space" in answer
    )
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 700 * 1024 * 1024
