"""Old runs removed from real folders and a real database.

Several processes do it at once, and some of them die on the way.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.cleanup import Cleanup
from k6_mcp.history.database import Database
from k6_mcp.history.history import History
from k6_mcp.history.removing import Removals
from k6_mcp.history.retention import Removal
from k6_mcp.history.server_locks import FileLock
from k6_mcp.models.comparison import Baseline
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.retention import Retention
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.run_json import Folders
from k6_mcp.workspace.workspace import Workspace
from tests.history.processes import child, finish, read_line
from tests.history.samples import a_run, open_history

KEEP_ALL = Retention(days=None, runs=None, size_bytes=None)


def newest(runs: int) -> Retention:
    """Return limits that keep this number of runs."""
    return Retention(days=None, runs=runs, size_bytes=None)


async def keep(folder: Path, history: History, count: int) -> list[Run]:
    """Save runs a minute apart, each with a log in its folder; return them, oldest first."""
    runs = [a_run(minute) for minute in range(count)]
    for run in runs:
        assert await history.save(run) == ()
        RunFolder(folder / "results", run.run_id).log.write_text("x" * 1000, encoding="utf-8")
    return runs


async def listed(history: History) -> list[str]:
    """Return the ids that a page shows, oldest first."""
    return [run.run_id for run in reversed((await history.page(HistoryQuery(limit=100))).runs)]


def folders(folder: Path) -> list[str]:
    """Return the names of the run folders."""
    return sorted(path.name for path in (folder / "results" / "runs").iterdir())


def trashed(folder: Path) -> list[str]:
    """Return the names of the run folders in the trash."""
    return sorted(path.name for path in (folder / "results" / "trash").iterdir())


def ids(runs: Sequence[Run]) -> list[str]:
    """Return the ids of runs."""
    return [run.run_id for run in runs]


async def test_rows_and_folders_beyond_the_limits_go_together(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 60)
        report = await history.cleanup.prune(newest(5))

        assert (report.removed, report.kept, report.protected, report.complete, report.problems) == (
            55,
            5,
            0,
            True,
            (),
        )
        assert [pruned.run_id for pruned in report.listed] == ids(runs[:55])
        assert {pruned.reason for pruned in report.listed} == {"count"}
        assert report.freed_bytes > 55 * 1000
        assert await listed(history) == ids(runs[55:])
        assert await history.get(runs[0].run_id) is None
        assert (await history.page(HistoryQuery(tag="env=test"))).total == 5
        assert await history.run_ids("r-", 100) != ()
        assert (report.deleted, report.trash.runs, report.trash.reasons) == (0, 55, {"count": 55})
    assert folders(tmp_path) == sorted(ids(runs[55:]))
    assert trashed(tmp_path) == sorted(ids(runs[:55]))


async def test_a_dry_run_reports_the_same_and_removes_nothing(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 7)
        planned = await history.cleanup.prune(newest(3), dry_run=True)
        assert await listed(history) == ids(runs)
        assert folders(tmp_path) == sorted(ids(runs))
        done = await history.cleanup.prune(newest(3))

    assert planned.model_copy(update={"dry_run": False, "trash": done.trash}) == done


async def test_age_counts_from_when_a_run_was_created(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with open_history(tmp_path) as history:
        old = a_run().model_copy(update={"created_at": now - timedelta(days=31)})
        young = a_run().model_copy(update={"created_at": now - timedelta(days=29)})
        for run in (old, young):
            await history.save(run)
        report = await history.cleanup.prune(Retention(days=30, runs=None, size_bytes=None))

        assert [(pruned.run_id, pruned.reason) for pruned in report.listed] == [(old.run_id, "age")]
        assert await listed(history) == [young.run_id]


async def test_space_is_that_of_the_folders_with_reported_additions(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 3)
        before = await history.cleanup.space(10)
        report = RunFolder(tmp_path / "results", runs[2].run_id).reports / "report.html"
        report.parent.mkdir()
        report.write_bytes(b"x" * 50_000)
        await history.cleanup.resized(runs[2].run_id)
        after = await history.cleanup.space(10)

        assert (before.runs, before.unmeasured, after.size_bytes - before.size_bytes) == (3, 0, 50_000)
        limits = Retention(days=None, runs=None, size_bytes=after.size_bytes - 1)
        assert [pruned.run_id for pruned in (await history.cleanup.prune(limits)).listed] == ids(runs[:1])


async def test_unfinished_runs_stay_whatever_their_age(tmp_path: Path) -> None:
    with child("hold", tmp_path) as process:
        run_id, _ = read_line(process).split()
        async with open_history(tmp_path) as history:
            queued = a_run(-5, status="queued", server_id=history.server_id)
            await history.save(queued)
            await keep(tmp_path, history, 3)
            report = await history.cleanup.prune(Retention(days=0.0, runs=0, size_bytes=0))

            assert (report.removed, report.kept) == (3, 0)
            assert await listed(history) == [queued.run_id, run_id]
            assert folders(tmp_path) == sorted([queued.run_id, run_id])
        finish(process)


async def test_protected_runs_and_their_repeats_stay(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        first, second, third, other = await keep(tmp_path, history, 4)
        for number, run in enumerate((second, third), 2):
            await history.save(run.model_copy(update={"repeat_of": first.run_id, "repeat": number}))
        cleanup = _cleanup(tmp_path, frozenset({second.run_id}))
        report = await cleanup[0].prune(newest(0))
        await cleanup[1].close()

        assert (report.removed, report.protected) == (1, 3)
        assert await listed(history) == ids([first, second, third])
        assert await history.get(other.run_id) is None


async def test_old_baselines_do_not_push_out_new_runs(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 6)
        for name, run in zip("xy", runs[:2], strict=True):
            await history.set_baseline(Baseline(name=name, run_id=run.run_id, set_at=run.created_at))
        report = await history.cleanup.prune(newest(2))

        assert (report.removed, report.kept, report.protected) == (2, 4, 2)
        assert await listed(history) == ids([*runs[:2], *runs[4:]])


async def test_runs_of_another_results_folder_are_not_touched(tmp_path: Path) -> None:
    database = tmp_path / "shared.db"
    async with (
        History(Workspace(tmp_path / "a"), database) as elsewhere,
        History(Workspace(tmp_path / "b"), database) as here,
    ):
        run = a_run()
        await elsewhere.save(run)

        assert (await here.cleanup.prune(newest(0))).removed == 0
        assert (await elsewhere.cleanup.prune(newest(0))).removed == 1


async def test_a_row_without_its_folder_goes_too(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 2)
        shutil.rmtree(RunFolder(tmp_path / "results", runs[0].run_id).path)
        assert (await history.cleanup.prune(newest(1))).removed == 1
        assert await listed(history) == ids(runs[1:])


async def test_a_locked_database_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k6_mcp.history.database.BUSY_TIMEOUT_S", 0.01)
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 3)
        await history.cleanup.space(10)
        connection = _lock(tmp_path)
        with pytest.raises(HistoryUnavailable, match="locked"):
            await history.cleanup.prune(newest(1))
        assert folders(tmp_path) == sorted(ids(runs))
        connection.close()

        assert (await history.cleanup.prune(newest(1))).removed == 2


@pytest.mark.slow
@pytest.mark.parametrize("point", range(5))
async def test_a_process_killed_while_pruning_leaves_runs_whole_or_gone(tmp_path: Path, point: int) -> None:
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 6)
    with child("prune_and_die", tmp_path, 2, point) as process:
        assert process.wait() == -9
    async with open_history(tmp_path) as history:
        assert await history.orphans() == ()
        before = await listed(history)
        assert before == ids(runs if point < 2 else runs[4:])
        assert [await history.get(run.run_id) for run in runs if run.run_id in before] == [
            run for run in runs if run.run_id in before
        ]
        assert (await history.rebuild()).unreadable == ()
        assert await listed(history) == before
        settled = await history.cleanup.prune(KEEP_ALL)

        assert (settled.removed, folders(tmp_path)) == (0, sorted(before))
        half = {*ids(runs)} - {*before} - {*trashed(tmp_path)}
        assert len(half) == (point == 4)
        assert (await history.cleanup.prune(newest(2))).kept == 2
        assert await listed(history) == ids(runs[4:])
        restored = await history.cleanup.restore()
        assert (sorted(restored.restored), restored.problems) == (
            sorted({*ids(runs)} - {*ids(runs[4:])} - {*half}),
            (),
        )
        back = [run for run in runs if run.run_id not in half]
        assert await listed(history) == ids(back)
        assert [await history.get(run.run_id) for run in back] == back


@pytest.mark.slow
async def test_several_processes_prune_one_history_once(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 80)
    with (
        child("prune", tmp_path, 10) as one,
        child("prune", tmp_path, 10) as two,
        child("write", tmp_path, 30) as writer,
    ):
        assert [read_line(one), read_line(two)] == ["ready", "ready"]
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert finish(writer) == ["0"]
        removed = [int(finish(process)[-1]) for process in (one, two)]
    async with open_history(tmp_path) as history:
        left = await listed(history)

        assert sum(removed) + len(left) == len(runs) + 30
        assert folders(tmp_path) == sorted(left)


async def test_a_second_process_is_refused_while_another_one_prunes(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        lock = FileLock.acquire(tmp_path / "results" / "prune.lock")
        assert lock is not None
        with pytest.raises(HistoryUnavailable, match="another process is removing old runs"):
            await history.cleanup.prune(newest(0))
        lock.release()


async def test_automatic_cleanup_runs_once_an_hour_and_spares_the_last_two_hours(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with open_history(tmp_path) as history:
        runs = [
            a_run().model_copy(update={"created_at": now - timedelta(hours=hours)}) for hours in (4, 3, 1)
        ]
        for run in runs:
            await history.save(run)
        await history.cleanup.tidy(newest(1))
        assert await listed(history) == ids(runs[2:])
        await history.save(runs[0])
        await history.cleanup.tidy(newest(1))
        assert len(await listed(history)) == 2
        an_hour_ago = time.time() - 3601
        os.utime(tmp_path / "results" / "last-prune", (an_hour_ago, an_hour_ago))
        await history.cleanup.tidy(newest(1))

        assert await listed(history) == ids(runs[2:])


async def test_a_failure_of_automatic_cleanup_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_history(tmp_path) as history:
        (tmp_path / "results" / "history.db").write_bytes(b"garbage")
        await history.cleanup.tidy(newest(1))

    assert "old runs could not be removed" in caplog.text
    assert "k6-mcp rebuild" in caplog.text


async def test_without_time_to_measure_runs_count_as_unmeasured(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await keep(tmp_path, history, 3)
        hurried = await history.cleanup.space(0)
        measured = await history.cleanup.space(10)

    assert (hurried.runs, hurried.unmeasured, hurried.size_bytes) == (3, 3, 0)
    assert (measured.runs, measured.unmeasured, measured.size_bytes > 3000) == (3, 0, True)


def _cleanup(folder: Path, protected: frozenset[str]) -> tuple[Cleanup, Database]:
    async def baselines() -> frozenset[str]:
        return protected

    database = Database(folder / "results" / "history.db", 0.0)
    return Cleanup(database, Folders(folder / "results"), baselines), database


def _lock(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "results" / "history.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


async def test_an_unwritable_results_folder_is_reported(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        (tmp_path / "results" / "prune.lock").mkdir()
        with pytest.raises(HistoryUnavailable, match="cannot be written"):
            await history.cleanup.prune(newest(0))


async def test_a_full_disk_does_not_prevent_the_removal_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_removed = Removals._remove_rows  # pyright: ignore[reportPrivateUsage]
    attempts: list[bool] = []

    async def full_until_folders_are_gone(
        removing: Removals, removals: Sequence[Removal], *, keep: bool
    ) -> None:
        aside = any((tmp_path / "results" / "trash").iterdir())
        attempts.append(aside)
        if aside:
            raise HistoryUnavailable("the disk is full", kind="full")
        await rows_removed(removing, removals, keep=keep)

    monkeypatch.setattr(Removals, "_remove_rows", full_until_folders_are_gone)
    async with open_history(tmp_path) as history:
        runs = await keep(tmp_path, history, 4)
        report = await history.cleanup.prune(newest(1))

        assert (report.removed, attempts) == (3, [True, False])
        assert await listed(history) == ids(runs[3:])
