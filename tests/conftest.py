"""Fixtures for the whole suite: settings in a temporary folder, a clean environment, a local target."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from k6_mcp.settings import Settings
from tests.target import Target, open_target

_OURS = ("K6_", "DATABASE_URL", "LOG_LEVEL", "GEMINI_API_KEY")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the machine reaches a test, and nothing is written to the user's own data folder."""
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data-home"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose results and database are in this test's own folder."""
    results_dir = tmp_path / "results"
    return Settings(results_dir=results_dir, database=results_dir / "history.db", search_path=os.environ.get("PATH", ""))


@pytest.fixture
def target() -> Iterator[Target]:
    """A local HTTP server of its own for one test; see `tests.target` for its paths."""
    with open_target() as running:
        yield running
