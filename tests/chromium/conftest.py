"""Everything below this folder needs Chromium and two minutes.

It runs if it is selected by name, or if all tests are. Otherwise a line reports that it is left out.
"""

import os
from collections.abc import Iterator

import pytest

from tests.chromium.browser import Browser, find, open_browser
from tests.chromium.listener import Listener, listening
from tests.k6.conftest import BINARIES, NEEDS, mark_version

_CHROMIUM = find()
# Where everything is installed, a missing Chromium is a failure
_REQUIRED = bool(os.environ.get("K6_MCP_CI"))
_NEED = "two minutes, and Chromium or Chrome on PATH (Debian: apt-get install chromium)"
_HOW = "python -m pytest tests/chromium"
# CI fails without one of them, as below
_K6 = {version: binary for version, binary in BINARIES.items() if binary}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder, and those that run on k6 2.x."""
    item.add_marker(pytest.mark.chromium)
    mark_version(item)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without Chromium, leave out this folder's tests and report it, or fail where they are required."""
    ours = [item for item in items if item.get_closest_marker("chromium")]
    asked = any("chromium" in word for word in config.invocation_params.args)
    if not ours or (_CHROMIUM and not _REQUIRED and asked):
        return
    if _REQUIRED and not _CHROMIUM:
        raise pytest.UsageError(f"K6_MCP_CI is set, but tests/chromium needs {_NEED}")
    if _REQUIRED and (missing := BINARIES.keys() - _K6.keys()):
        raise pytest.UsageError(
            f"K6_MCP_CI is set, but tests/chromium needs {', '.join(NEEDS[name] for name in missing)}"
        )
    if _REQUIRED:
        return
    items[:] = [item for item in items if item not in ours]
    config.hook.pytest_deselected(items=ours)
    if reporter := config.pluginmanager.get_plugin("terminalreporter"):
        reporter.write_line(f"left out: {len(ours)} tests of tests/chromium, which need {_NEED}: {_HOW}")


@pytest.fixture(scope="session", params=_K6)
def k6_bin(request: pytest.FixtureRequest) -> str:
    """The path of a real k6; a test that uses it runs on every version available."""
    return _K6[request.param]


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """Yield a stand-in for the network.

    It notes every address that the browser requests and answers none.
    """
    with listening() as proxy:
        yield proxy


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Iterator[Browser]:
    """One browser for all tests, whose whole network is `listener`."""
    proxy = (f"--proxy-server=http://127.0.0.1:{listener.port}", "--proxy-bypass-list=<-loopback>")
    with open_browser(_CHROMIUM or "", tmp_path_factory.mktemp("chromium"), *proxy) as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser, listener: Listener) -> Browser:
    """The browser, with nothing noted yet."""
    listener.asked.clear()
    return chromium
