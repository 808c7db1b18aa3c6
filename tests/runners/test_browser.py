"""Finding, starting and clearing up after Chromium; scripts replace browsers that do not start."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k6_mcp.models.browser import Browser
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.runners.browser import (
    available_bytes,
    browser_environment,
    browser_notes,
    locate_browser,
)
from k6_mcp.runners.browser_start import start_again, telling
from k6_mcp.runners.health import browser_health
from k6_mcp.runners.launcher import Launcher
from k6_mcp.workspace.files import remove_folder
from k6_mcp.workspace.workspace import Workspace

_LIBRARY = (
    'echo "$0: error while loading shared libraries: libnss3.so: cannot open shared object file" >&2;'
    " exit 127"
)
_DBUS = "[12:13:1130/015349.9:ERROR:dbus/bus.cc:405] Failed to connect to the bus: no such file"
_SANDBOX = (
    "[1:1:1130/01:FATAL:zygote_host_impl_linux.cc(132)] No usable sandbox! See /usr/share/doc/x for help"
)


def _browser(folder: Path, body: str) -> str:
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@contextmanager
def _launcher(folder: Path, browser: Browser, search_path: str = "") -> Generator[Launcher]:
    launcher = Launcher(Workspace(folder / "results"), None, search_path, browser=browser)
    try:
        yield launcher
    finally:
        launcher.close()


def _exists(path: str) -> bool:
    return Path(path).exists()


def _folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path, "r-20260101-aaaaaaaaaaaaaaaa")
    folder.path.mkdir(parents=True)
    return folder


def test_the_operators_browser_comes_before_those_on_path(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    found, chosen = _browser(tmp_path, "exit 0"), _browser(other, "exit 0")
    assert str(locate_browser(Browser(), str(tmp_path))) == found
    assert str(locate_browser(Browser(path=chosen), str(tmp_path))) == chosen
    assert str(locate_browser(Browser(path="chromium"), str(other))) == chosen
    assert locate_browser(Browser(path=str(tmp_path / "none")), str(tmp_path)) is None


def test_k6_is_told_path_arguments_and_patience(tmp_path: Path) -> None:
    browser = Browser(_browser(tmp_path, "exit 0"), ("no-sandbox", "lang=de"), 45.0)
    given = browser_environment(browser, "", _folder(tmp_path))
    assert given["K6_BROWSER_EXECUTABLE_PATH"] == browser.path
    assert (given["K6_BROWSER_ARGS"], given["K6_BROWSER_TIMEOUT"]) == ("no-sandbox,lang=de", "45000ms")


def test_a_path_that_is_none_is_left_to_k6_to_refuse(tmp_path: Path) -> None:
    given = browser_environment(Browser(path="/nowhere/chrome"), "", _folder(tmp_path))
    assert given["K6_BROWSER_EXECUTABLE_PATH"] == "/nowhere/chrome"
    assert not {"K6_BROWSER_ARGS", "K6_BROWSER_TIMEOUT"} & given.keys()


@pytest.mark.skipif(sys.platform != "linux", reason="the path goes through /proc")
def test_temporary_files_go_into_the_runs_folder_by_a_path_short_enough_for_a_socket(tmp_path: Path) -> None:
    folder = _folder(tmp_path / ("a" * 200))
    temporary = browser_environment(Browser(), "", folder)["TMPDIR"]
    assert len(f"{temporary}/org.chromium.Chromium.abcdef/SingletonSocket") < 108
    assert (folder.path / "home" / "tmp").is_dir()
    assert temporary.removeprefix("/proc/self/cwd/") == "home/tmp"
    remove_folder(folder.home)
    assert not (folder.path / "home").exists() and folder.path.is_dir()


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (f"{_DBUS}\n{_SANDBOX}\n", "No usable sandbox! See x for help"),
        (f"{_DBUS}\n", "it ended without a word"),
        ("", "it ended without a word"),
        (
            "/opt/chrome/chrome: error while loading shared libraries: libnss3.so: not there",
            "chrome: error while loading",
        ),
        (
            "Running as root without --no-sandbox is not supported. See https://crbug.com/638180.",
            "Running as root without",
        ),
        ("one\ntwo words\n", "two words"),
    ],
)
def test_the_telling_line_of_a_browsers_output_is_chosen(output: str, told: str) -> None:
    assert telling(output).startswith(told)


async def test_a_missing_library_is_told_by_health_and_after_a_run(tmp_path: Path) -> None:
    browser = Browser(path=_browser(tmp_path, _LIBRARY), args=("no-sandbox",))
    with _launcher(tmp_path, browser) as launcher:
        health, again = await browser_health(launcher), await start_again(launcher)
    assert health.state == "degraded"
    assert "libnss3.so" in health.detail and "install the library" in (health.hint or "")
    assert "libnss3.so" in again.said and again.hint == health.hint


async def test_a_sandbox_that_is_not_allowed_is_told_with_the_setting(tmp_path: Path) -> None:
    with _launcher(tmp_path, Browser(path=_browser(tmp_path, f"echo '{_SANDBOX}' >&2; exit 1"))) as launcher:
        health = await browser_health(launcher)
    assert "No usable sandbox" in health.detail and "K6_MCP_BROWSER_ARGS=no-sandbox" in (health.hint or "")


async def test_a_browser_that_is_ready_is_ended_and_leaves_nothing(tmp_path: Path) -> None:
    body = (
        f'echo "$$ $HOME" > {tmp_path}/started; case "$1" in --version) echo Chromium 1.2.3 tests; exit;;'
        " esac"
    )
    body += '\necho "DevTools listening on ws://127.0.0.1:1/x" >&2; sleep 60 & wait'
    with _launcher(tmp_path, Browser(path=_browser(tmp_path, body))) as launcher:
        health = await browser_health(launcher)
    pid, home = (tmp_path / "started").read_text().split()
    assert (health.state, health.detail.startswith("Chromium 1.2.3 at ")) == ("ok", True)
    assert not _exists(f"/proc/{pid}") and not _exists(home)


async def test_no_browser_is_no_trouble_and_a_wrong_path_is(tmp_path: Path) -> None:
    with _launcher(tmp_path, Browser(path=str(tmp_path / "none"))) as launcher:
        health, again = await browser_health(launcher), await start_again(launcher)
    assert (health.state, "K6_MCP_BROWSER_PATH" in health.detail) == ("degraded", True)
    assert (again.said, again.hint) == (health.detail, health.hint)


def _plan(vus: int) -> Plan:
    scenario = ScenarioPlan(name="ui", executor="constant-vus", vus=vus, max_vus=vus, browser=True)
    other = ScenarioPlan(name="api", executor="constant-vus", vus=900, max_vus=900)
    return Plan(scenarios=(scenario, other), thresholds=(), max_vus=900 + vus, duration_s=1, longest_s=1)


def test_many_browsers_are_warned_of_with_the_memory_they_take() -> None:
    (note,) = browser_notes(_plan(20))
    assert note.startswith(
        "browser_memory: 20 browser VUs start 20 Chromium process groups, which take about 6 GB of memory"
    )
    assert (len([*browser_notes(_plan(1))]) == 0) is ((available_bytes() or 1e12) > 600e6)
