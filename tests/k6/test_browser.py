"""Scripts that use k6/browser, as far as no browser is needed: their plan, and browsers that do not start."""

import dataclasses
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.errors import InvalidArguments
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.browser import Browser
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Settings
from tests.k6.scripted import accepted

_SCRIPT = """
import { browser } from 'k6/browser';
export const options = { scenarios: {
  ui: { executor: 'constant-vus', vus: 12, duration: '5s', options: { browser: { type: 'chromium' } } },
}, thresholds: { 'browser_http_req_failed{ resource_type:Document , status:500 }': ['rate<2'] } };
export default async function () { await (await browser.newPage()).close(); }
"""
_UNUSED = (
    "export const options = { scenarios: { a: { executor: 'shared-iterations', options: { browser: { type:"
    " 'chromium' } } } } };"
)


async def test_a_plan_tells_its_browsers_and_their_memory(settings: Settings) -> None:
    plan = await accepted(settings, script=_SCRIPT)
    assert (plan.browser, plan.browser_vus) == (True, 12)
    assert [note.partition(":")[0] for note in plan.notes] == ["browser_memory"]


async def test_load_arguments_keep_the_browser_of_the_only_scenario(settings: Settings) -> None:
    plan = await accepted(settings, script=_SCRIPT, vus=2, duration="3s", override_load=True)
    assert (plan.browser, plan.browser_vus, plan.scenarios[0].name) == (True, 2, "default")


async def test_a_scenario_that_only_names_a_browser_is_no_trouble(settings: Settings) -> None:
    script = f"{_UNUSED}\nexport default function () {{}}"
    async with open_app(settings) as service:
        run = await service.execute(parse_load_test({"script": script}), wait_s=30.0)
    assert run.plan and run.plan.browser
    assert run.failure is None or run.failure.kind != "invalid_config", run.failure


async def test_a_browser_that_does_not_start_is_told_in_its_own_words(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "chrome"
    path.write_text(
        '#!/bin/sh\necho "$0: error while loading shared libraries: libnss3.so: no such file" >&2\nexit 127\n'
    )
    path.chmod(0o755)
    with_it = dataclasses.replace(settings, browser=Browser(path=str(path)))
    async with open_app(with_it) as service:
        run = await service.execute(
            parse_load_test({"script": _SCRIPT, "vus": 1, "iterations": 1, "override_load": True}),
            wait_s=30.0,
        )
    assert run.failure and run.failure.kind == "script_error"
    assert "libnss3.so" in run.failure.message and "install the library" in run.failure.hint
    assert str(tmp_path) not in str(run.failure)
    assert not (RunFolder(settings.results_dir, run.run_id).path / "home").exists()
    without = dataclasses.replace(settings, browser=Browser(path=str(tmp_path / "none")))
    async with open_app(without) as service:
        run = await service.execute(
            parse_load_test({"script": _SCRIPT, "vus": 1, "iterations": 1, "override_load": True}),
            wait_s=30.0,
        )
    assert run.failure and "K6_MCP_BROWSER_PATH" in run.failure.hint and "install" not in run.failure.hint
    assert str(tmp_path) not in str(run.failure)


async def test_a_browser_that_never_gets_ready_is_named_where_no_iteration_finished(
    settings: Settings, tmp_path: Path
) -> None:
    # Hangs as often as k6 starts it, and says why when it is started once more
    path = tmp_path / "chrome"
    path.write_text(
        '#!/bin/sh\ncase "$*" in *enable-automation*) exec sleep 60;; esac\necho "cannot open display" >&2;'
        " exit 1\n"
    )
    path.chmod(0o755)
    with_it = dataclasses.replace(settings, browser=Browser(path=str(path)))
    script = _SCRIPT.replace("vus: 12, duration: '5s'", "vus: 1, duration: '1s', gracefulStop: '0s'")
    async with open_app(with_it) as service:
        run = await service.execute(parse_load_test({"script": script}), wait_s=30.0)
    assert run.failure and run.failure.kind == "no_samples"
    assert "the browser had not started when the test ended" in run.failure.message
    assert "cannot open display" in run.failure.message and "K6_MCP_BROWSER_ARGS" in run.failure.hint


@pytest.mark.parametrize(
    "name", ["K6_BROWSER_ARGS", "K6_BROWSER_EXECUTABLE_PATH", "K6_BROWSER_WS_URL", "K6_MCP_BROWSER_ARGS"]
)
def test_a_caller_cannot_set_the_browser(name: str) -> None:
    with pytest.raises(InvalidArguments, match=name):
        parse_load_test({"script": _SCRIPT, "env": {name: "no-sandbox"}})
