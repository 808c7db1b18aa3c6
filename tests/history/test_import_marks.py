"""The marks of an import hold from the moment at which a run stands in its folder."""

from pathlib import Path

import pytest

from k6_mcp.history.archives import Archives
from k6_mcp.models.archive import IMPORTED, ArchivedFiles
from k6_mcp.models.run import Notice, Run
from tests.history.archived import a_kept_run
from tests.history.samples import open_history


def _marked(run: Run, _: ArchivedFiles) -> Run:
    return run.with_warnings((Notice(code=IMPORTED, message="from a file"),))


async def test_a_server_that_dies_before_it_saves_an_import_leaves_a_marked_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_history(tmp_path / "a") as history:
        run = await a_kept_run(tmp_path / "a", history)
        await history.archives.export([run], tmp_path / "run.zip")

    moved = Archives._move  # pyright: ignore[reportPrivateUsage]

    def die(archives: Archives, unpacked: Path, run: Run) -> None:
        moved(archives, unpacked, run)
        raise KeyboardInterrupt

    async with open_history(tmp_path / "b") as history:
        monkeypatch.setattr(Archives, "_move", die)
        with pytest.raises(KeyboardInterrupt):
            await history.archives.take_in(tmp_path / "run.zip", _marked)

    async with open_history(tmp_path / "b") as history:
        await history.orphans()
        found = await history.get(run.run_id)

    assert found is not None
    assert [notice.code for notice in found.warnings if notice.code == IMPORTED] == [IMPORTED]
