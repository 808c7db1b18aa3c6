"""Fixtures for the whole suite: settings in a temporary folder, a clean environment, a local target."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from k6_mcp.settings import Settings
from lab.target import Target, open_target
from tests.collected import COLLECTED

_OURS = ("K6_", "DATABASE_URL", "LOG_LEVEL", "GEMINI_API_KEY")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Keep nothing of an earlier session."""
    session.config.stash[COLLECTED] = []
    return (yield)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note every test, also those that are left out later."""
    item.config.stash[COLLECTED].append(item)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests, with a line that reports it, unless their file is named or this is CI."""
    words = config.invocation_params.args
    lasting = [
        item
        for item in items
        if item.get_closest_marker("lasting") and not any(item.path.name in word for word in words)
    ]
    if not lasting or os.environ.get("K6_MCP_CI"):
        return
    items[:] = [item for item in items if item not in lasting]
    config.hook.pytest_deselected(items=lasting)
    if reporter := config.pluginmanager.get_plugin("terminalreporter"):
        files = ", ".join(sorted({item.path.name for item in lasting}))
        reporter.write_line(
            f"left out: {len(lasting)} tests that take long; name their files to run them: {files}"
        )


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the machine's settings out of a test, and a test's data out of the user's data folder."""
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data-home"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with the results and the database in this test's own folder."""
    results_dir = tmp_path / "results"
    return Settings(
        results_dir=results_dir, database=results_dir / "history.db", search_path=os.environ.get("PATH", "")
    )


@pytest.fixture
def target() -> Iterator[Target]:
    """Run a local HTTP server for one test; `lab.target` lists its paths."""
    with open_target() as running:
        yield running
