"""Fixtures that several tests of the history share."""

from pathlib import Path

import pytest

from tests.history.archived import a_kept_run
from tests.history.samples import open_history


@pytest.fixture
async def exported(tmp_path: Path) -> Path:
    """Return a file with one run, exported by another machine."""
    async with open_history(tmp_path / "origin") as history:
        run = await a_kept_run(tmp_path / "origin", history)
        await history.archives.export([run], tmp_path / "run.zip")
    return tmp_path / "run.zip"
