"""Browsers end with their run in every case, and a browser that does not start gives its own reason."""

import dataclasses
import os
import signal
import tempfile
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.browser import AS_K6_DOES
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Settings
from lab.target import Target
from tests.chromium.browser import find
from tests.chromium.pages import UNSANDBOXED, WAIT_S, processes_of, requested, visiting
from tests.k6.processes import until
from tests.k6.servers import other_server

_STAY = "await page.waitForTimeout(60000);"


def _temporary() -> set[str]:
    folder = Path(tempfile.gettempdir())
    return {
        path.name for path in folder.iterdir() if path.name.startswith(("k6-mcp-browser-", "org.chromium"))
    }


@pytest.fixture
def settings(settings: Settings, k6_bin: str) -> Settings:
    return dataclasses.replace(settings, k6_bin=k6_bin, browser=UNSANDBOXED)


async def test_a_stopped_browser_run_leaves_no_process_and_no_profile(
    settings: Settings, target: Target
) -> None:
    async with open_app(settings) as service:
        run = await service.start(parse_load_test({"script": visiting(target.url("/page/200"), then=_STAY)}))
        folder = RunFolder(settings.results_dir, run.run_id).path
        await until(requested(target, "/page/200"), "a page", WAIT_S)
        assert len(processes_of(folder)) > 2
        stopped = await service.stop(run.run_id)
        await until(lambda: not processes_of(folder), "no process of the run")
    assert stopped.status == "cancelled"
    assert stopped.metrics and stopped.metrics.browser
    assert not (folder / "home").exists()


async def test_chromium_dies_with_its_server_and_its_profile_goes_with_the_next_one(
    settings: Settings, target: Target
) -> None:
    script = visiting(target.url("/page/200"), then=_STAY, vus=2)
    with other_server(settings, script, K6_MCP_BROWSER_ARGS="no-sandbox") as (server, run_id):
        folder = RunFolder(settings.results_dir, run_id).path
        await until(requested(target, "/page/200"), "a page", WAIT_S)
        server.send_signal(signal.SIGKILL)
        await until(lambda: not processes_of(folder), "no process of the run", 5.0)
    assert (folder / "home").exists()
    async with open_app(settings) as service:
        assert (await service.get(run_id)).status == "lost"
    assert not (folder / "home").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="Chromium refuses its sandbox to root alone")
async def test_root_is_told_which_setting_lets_the_browser_that_is_there_start(
    settings: Settings, target: Target
) -> None:
    sandboxed = dataclasses.replace(settings, browser=AS_K6_DOES)
    async with open_app(sandboxed) as service:
        run = await service.execute(
            parse_load_test({"script": visiting(target.url("/page/200"))}), wait_s=WAIT_S
        )
        health = await service.maintenance.health()
    assert run.failure
    assert "Running as root without --no-sandbox is not supported" in run.failure.message
    assert "K6_MCP_BROWSER_ARGS=no-sandbox" in run.failure.hint and "install" not in run.failure.hint
    (browser,) = [component for component in health.components if component.name == "browser"]
    assert (browser.state, health.ok) == ("degraded", True)
    assert "K6_MCP_BROWSER_ARGS=no-sandbox" in (browser.hint or "")


async def test_health_tells_the_browser_its_version_and_that_it_starts(settings: Settings) -> None:
    before = _temporary()
    async with open_app(settings) as service:
        (browser,) = [
            part for part in (await service.maintenance.health()).components if part.name == "browser"
        ]
    assert browser.state == "ok", browser
    assert str(find()) in browser.detail and "starts as this user" in browser.detail
    assert not _temporary() - before
