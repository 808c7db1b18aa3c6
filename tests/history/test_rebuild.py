"""The history restored from the run folders."""

import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run_folder import RunFolder
from tests.history.processes import child, finish
from tests.history.samples import a_run, damage, open_history


async def test_every_run_and_filter_comes_back_from_the_folders(tmp_path: Path) -> None:
    runs = [a_run(minute, tags={"build": str(minute)}) for minute in range(5)]
    async with open_history(tmp_path) as history:
        for run in runs:
            await history.save(run)
    (tmp_path / "results" / "history.db").unlink()
    async with open_history(tmp_path) as history:
        report = await history.rebuild()

        assert (report.restored, report.unreadable, report.set_aside) == (5, (), None)
        assert [await history.get(run.run_id) for run in runs] == runs
        assert [run.run_id for run in (await history.page(HistoryQuery(tag="build=3"))).runs] == [
            runs[3].run_id
        ]


async def test_a_damaged_file_is_set_aside_untouched(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    run = a_run()
    async with open_history(tmp_path) as history:
        await history.save(run)
    database.write_bytes(b"garbage")
    async with open_history(tmp_path) as history:
        report = await history.rebuild()
        assert report.restored == 1
        assert await history.save(a_run(1)) == ()
        assert (await history.page(HistoryQuery())).total == 2

    assert report.set_aside is not None
    assert report.set_aside.startswith(f"{database}.corrupt-2")
    assert [path.read_bytes() for path in _aside(database)] == [b"garbage"]


async def test_folders_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    good, bad, empty, other = (a_run(minute) for minute in range(4))
    async with open_history(tmp_path) as history:
        for run in (good, bad, empty, other):
            await history.save(run)
        RunFolder(tmp_path / "results", bad.run_id).run_json.write_text("{", encoding="utf-8")
        RunFolder(tmp_path / "results", empty.run_id).run_json.unlink()
        shutil.copy(
            RunFolder(tmp_path / "results", good.run_id).run_json,
            RunFolder(tmp_path / "results", other.run_id).run_json,
        )
        (tmp_path / "results" / "runs" / "notes").mkdir()
        report = await history.rebuild()

        named = {line.partition(": ")[0] for line in report.unreadable}
        assert named == {bad.run_id, empty.run_id, other.run_id, "notes"}
        assert report.restored == 1
        # Rows without a good folder stay
        assert (await history.page(HistoryQuery())).total == 4


async def test_an_older_folder_does_not_undo_what_the_database_knows(tmp_path: Path) -> None:
    running = a_run(status="running")
    done = running.model_copy(update={"status": "completed"})
    async with open_history(tmp_path) as history:
        await history.save(done)
        RunFolder(tmp_path / "results", running.run_id).run_json.write_text(
            running.model_dump_json(), encoding="utf-8"
        )
        report = await history.rebuild()

        assert report.restored == 0
        assert await history.get(running.run_id) == done


@pytest.mark.slow
async def test_other_servers_continue_while_one_rebuilds(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history, open_history(tmp_path) as other:
        await history.save(a_run(0))
        with child("write", tmp_path, 30) as process:
            for _ in range(5):
                await history.rebuild()
            assert finish(process) == ["0"]
        assert await other.save(a_run(99)) == ()

        assert (await history.page(HistoryQuery())).total == 32


async def test_a_server_that_had_the_damaged_file_open_moves_to_the_new_one(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    async with open_history(tmp_path) as history, open_history(tmp_path) as other:
        await other.save(a_run(0))
        damage(database)
        assert (await history.rebuild()).set_aside is not None
        assert await other.save(a_run(1)) == ()

        assert (await history.page(HistoryQuery())).total == 2
    assert {path.name.partition("Z")[2] for path in _aside(database)} == {"", "-wal", "-shm"}


async def test_a_damaged_file_is_set_aside_only_once(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    database.parent.mkdir()
    database.write_bytes(b"garbage")
    async with open_history(tmp_path) as history, open_history(tmp_path) as other:
        reports = [await history.rebuild(), await other.rebuild()]

    assert [report.set_aside is not None for report in reports] == [True, False]
    assert len(_aside(database)) == 1


async def test_a_database_of_another_program_is_neither_changed_nor_set_aside(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    database.parent.mkdir()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE invoices (id)")
    connection.close()
    before = database.read_bytes()
    async with open_history(tmp_path) as history:
        (notice,) = await history.save(a_run())
        with pytest.raises(HistoryUnavailable, match="invoices"):
            await history.rebuild()

    assert "another program" in notice.message
    assert database.read_bytes() == before


@pytest.mark.slow
async def test_several_processes_write_one_history(tmp_path: Path) -> None:
    with (
        child("write", tmp_path, 40) as one,
        child("write", tmp_path, 40) as two,
        child("write", tmp_path, 40) as three,
    ):
        notices = [finish(process) for process in (one, two, three)]
    async with open_history(tmp_path) as history:
        page = await history.page(HistoryQuery(status="completed"))

    assert notices == [["0"], ["0"], ["0"]]
    assert (page.total, page.degraded) == (120, None)


async def test_a_process_killed_while_writing_leaves_a_sound_database(tmp_path: Path) -> None:
    with child("write", tmp_path, 10_000) as process:
        async with open_history(tmp_path) as history:
            while (await history.page(HistoryQuery())).total in (None, 0):
                pass
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert (await history.rebuild()).set_aside is None
            assert await history.save(a_run()) == ()
            lost = await history.orphans()

        assert len(lost) <= 1


def _aside(database: Path) -> list[Path]:
    return sorted(database.parent.glob(f"{database.name}.corrupt-*"))
