"""Saving of a run, and reading it back."""

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import anyio
import pytest

from k6_mcp.history.history import History
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.temporary_folders import copy_files
from k6_mcp.workspace.workspace import Workspace
from tests.history.samples import a_run, open_history


async def test_a_saved_run_comes_back_whole_from_the_database(tmp_path: Path) -> None:
    run = a_run(failure_kind="thresholds_exceeded", status="failed")
    async with open_history(tmp_path) as history:
        assert await history.save(run) == ()
        RunFolder(tmp_path / "results", run.run_id).run_json.unlink()

        assert await history.get(run.run_id) == run


async def test_a_saved_run_is_also_in_its_folder(tmp_path: Path) -> None:
    run = a_run()
    async with open_history(tmp_path) as history:
        await history.save(run)

    assert Run.model_validate_json(RunFolder(tmp_path / "results", run.run_id).run_json.read_bytes()) == run


async def test_saving_again_replaces_the_run(tmp_path: Path) -> None:
    running = a_run(status="running", tags={"env": "test", "build": "1"})
    done = running.model_copy(update={"status": "completed", "tags": {"env": "live"}})
    async with open_history(tmp_path) as history:
        await history.save(running)
        await history.save(done)

        assert await history.get(running.run_id) == done
        assert (await history.page(HistoryQuery())).total == 1
        assert (await history.page(HistoryQuery(tag="build=1"))).runs == ()


async def test_everything_stored_is_readable_by_this_user_alone(tmp_path: Path) -> None:
    run = a_run()
    async with open_history(tmp_path) as history:
        await history.save(run)
        paths = list((tmp_path / "results").rglob("*"))

        assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
        assert stat.S_IMODE((tmp_path / "results").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "run_id",
    ["", "..", "../../etc", "r-20260301-", "R-20260301-aaaaaaaaaaaaaaaa", "r-20260301-aaaaaaaaaaaaaaaa/.."],
)
async def test_an_invalid_id_finds_nothing(tmp_path: Path, run_id: str) -> None:
    async with open_history(tmp_path) as history:
        assert await history.get(run_id) is None


async def test_an_id_that_leads_elsewhere_is_not_written(tmp_path: Path) -> None:
    run = a_run().model_copy(update={"run_id": "../escaped"})
    async with open_history(tmp_path) as history:
        notices = await history.save(run)

    assert [notice.code for notice in notices] == ["backup_unavailable"]
    assert not (tmp_path / "results" / "escaped").exists()


@pytest.mark.parametrize("library", ["anyio", "asyncio"])
async def test_a_cancelled_save_is_complete(tmp_path: Path, library: str) -> None:
    run = a_run()
    async with open_history(tmp_path) as history:
        if library == "anyio":
            with anyio.CancelScope() as scope:
                scope.cancel()
                await history.save(run)
            assert scope.cancelled_caught or scope.cancel_called
        else:
            task = asyncio.create_task(history.save(run))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        rows = _ids(tmp_path / "results" / "history.db")

    assert rows == [run.run_id]


async def test_a_save_waits_for_the_write_of_another_program(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.save(a_run(0))
        other = sqlite3.connect(tmp_path / "results" / "history.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(history.save(a_run(1)))
        done, _ = await asyncio.wait([task], timeout=0.2)
        other.execute("COMMIT")
        other.close()

        assert not done
        assert await task == ()


async def test_the_later_of_two_concurrent_saves_stays(tmp_path: Path) -> None:
    running = a_run(status="running")
    done = running.model_copy(update={"status": "completed"})
    async with open_history(tmp_path) as history:
        await asyncio.gather(history.save(running), history.save(done))

        assert await history.get(running.run_id) == done
    assert (
        Run.model_validate_json(RunFolder(tmp_path / "results", running.run_id).run_json.read_bytes()) == done
    )


@pytest.mark.parametrize(
    "name", ["sp ace/h?s#1%20.db", "ünï/cödé.db", "deep/" * 20 + "history.db", "file:x?mode=ro"]
)
async def test_the_database_may_lie_on_an_unusual_path(tmp_path: Path, name: str) -> None:
    run = a_run()
    async with History(Workspace(tmp_path / "results"), tmp_path / name) as history:
        assert await history.save(run) == ()

    assert _ids(tmp_path / name) == [run.run_id]


@pytest.mark.parametrize("few", [0, 100])
async def test_ids_are_completed_newest_first(
    tmp_path: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k6_mcp.history.runs.FEW", few)
    runs = [a_run(minute) for minute in range(4)]
    async with open_history(tmp_path) as history:
        for run in runs:
            await history.save(run)

        assert await history.run_ids("r-2026", 3) == tuple(run.run_id for run in (runs[3], runs[2], runs[1]))
        assert await history.run_ids(runs[0].run_id[:-1], 20) == (runs[0].run_id,)
        assert await history.run_ids("s-", 20) == ()
        assert await history.run_ids("\ud800", 20) == ()


async def test_a_closed_history_leaves_no_temporary_files(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.save(a_run())

    assert [*(tmp_path / "results" / "servers").iterdir()] == []
    assert sorted(path.name for path in (tmp_path / "results").glob("history*")) == ["history.db"]


async def test_opening_and_closing_often_leaks_no_descriptor(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.save(a_run())
    before = _open_descriptors()
    for _ in range(20):
        async with open_history(tmp_path) as history:
            await history.save(a_run())

    assert _open_descriptors() <= before


def _open_descriptors() -> int:
    return len([*Path("/dev/fd").iterdir()])


def _ids(database: Path) -> list[str]:
    connection = sqlite3.connect(database)
    try:
        return [run_id for (run_id,) in connection.execute("SELECT run_id FROM runs")]
    finally:
        connection.close()


@pytest.mark.parametrize("was_there", [False, True])
def test_files_are_brought_home_whole_and_without_their_run_json(tmp_path: Path, was_there: bool) -> None:
    run_id = a_run().run_id
    home, outside = (RunFolder(tmp_path / name, run_id) for name in ("results", "outside"))
    outside.path.mkdir(parents=True)
    outside.log.write_text("k6 says", encoding="utf-8")
    outside.run_json.write_text("older", encoding="utf-8")
    # Cannot be copied
    os.mkfifo(pipe := outside.path / "pipe")
    if was_there:
        home.path.mkdir(parents=True)
        home.run_json.write_text("newer", encoding="utf-8")

    with pytest.raises(OSError, match="named pipe"):
        copy_files(outside, home)
    there_after_failure = home.path.exists()
    pipe.unlink()
    copy_files(outside, home)

    assert there_after_failure == was_there
    assert home.log.read_text(encoding="utf-8") == "k6 says"
    assert not was_there or home.run_json.read_text(encoding="utf-8") == "newer"
    assert was_there or not home.run_json.exists()
