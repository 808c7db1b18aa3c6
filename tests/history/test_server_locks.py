"""Which servers are alive, from locks that the kernel frees."""

import os
import signal
import threading
from pathlib import Path

import pytest

from k6_mcp.history.history import History
from k6_mcp.history.server_locks import FileLock, Owners, is_held
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.workspace import Workspace
from tests.history.processes import child, finish, read_line
from tests.history.samples import a_run, open_history

pytestmark = pytest.mark.slow


async def test_a_run_of_a_living_server_is_never_an_orphan(tmp_path: Path) -> None:
    with child("hold", tmp_path) as process:
        run_id, server_id = read_line(process).split()
        async with open_history(tmp_path) as history:
            assert await history.orphans() == ()
            assert not await history.claim(run_id)
            run = await history.get(run_id)
            assert run is not None and (run.status, run.server_id) == ("running", server_id)
        finish(process)


async def test_a_run_of_a_killed_server_is_an_orphan_at_once(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        with child("hold", tmp_path) as process:
            run_id, server_id = read_line(process).split()
            assert await history.orphans() == ()
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

            (orphan,) = await history.orphans()

        assert (orphan.run_id, orphan.server_id, orphan.plan is not None) == (run_id, server_id, True)
        assert await history.claim(run_id)
        await history.save(orphan.model_copy(update={"status": "lost"}))
        assert await history.orphans() == ()
        assert (await history.page(HistoryQuery(status="lost"))).total == 1


async def test_a_run_that_only_its_folder_knows_is_an_orphan_too(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.save(a_run())
    running = a_run(status="running")
    folder = RunFolder(tmp_path / "results", running.run_id)
    folder.path.mkdir()
    folder.run_json.write_text(running.model_dump_json(), encoding="utf-8")
    async with open_history(tmp_path) as history:
        assert await history.orphans() == (running,)
        assert await history.claim(running.run_id)


async def test_a_run_that_ended_without_the_database_is_brought_in(tmp_path: Path) -> None:
    running = a_run(status="running")
    ended, unknown = running.model_copy(update={"status": "completed"}), a_run(1)
    async with open_history(tmp_path) as history:
        await history.save(running)
    for run in (ended, unknown):
        folder = RunFolder(tmp_path / "results", run.run_id)
        folder.path.mkdir(exist_ok=True)
        folder.run_json.write_text(run.model_dump_json(), encoding="utf-8")
    async with open_history(tmp_path) as history:
        assert await history.orphans() == ()
        page = await history.page(HistoryQuery(status="completed"))

    assert [run.run_id for run in page.runs] == [unknown.run_id, ended.run_id]


async def test_runs_of_another_results_folder_are_left_to_the_servers_there(tmp_path: Path) -> None:
    database = tmp_path / "shared.db"
    async with (
        History(Workspace(tmp_path / "a"), database) as elsewhere,
        History(Workspace(tmp_path / "b"), database) as here,
    ):
        run = a_run(status="running", server_id=elsewhere.server_id)
        await elsewhere.save(run)

        assert await here.orphans() == ()
        assert await here.get(run.run_id) == run


async def test_a_run_can_be_claimed_once(tmp_path: Path) -> None:
    run = a_run(status="running")
    async with open_history(tmp_path) as history, open_history(tmp_path) as other:
        await history.save(run)

        assert [
            await history.claim(run.run_id),
            await history.claim(run.run_id),
            await other.claim(run.run_id),
        ] == [
            True,
            False,
            False,
        ]
        await history.save(run.model_copy(update={"status": "lost"}))
        assert not await other.claim(run.run_id)
        assert {path.stem for path in (tmp_path / "results" / "servers").glob("*")} == {
            history.server_id,
            other.server_id,
        }


async def test_the_claim_of_a_closed_server_is_free_again(tmp_path: Path) -> None:
    run = a_run(status="running")
    async with open_history(tmp_path) as history:
        await history.save(run)
        assert await history.claim(run.run_id)
    async with open_history(tmp_path) as other:
        assert await other.claim(run.run_id)


async def test_servers_that_start_together_share_the_orphans_without_a_fight(tmp_path: Path) -> None:
    runs = [a_run(minute, status="running") for minute in range(10)]
    async with open_history(tmp_path) as history:
        for run in runs:
            await history.save(run)
        with child("claim", tmp_path) as one, child("claim", tmp_path) as two:
            assert [read_line(one), read_line(two)] == ["ready", "ready"]
            for process in (one, two):
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            claimed = [int(finish(process)[-1]) for process in (one, two)]

        assert sum(claimed) == len(runs)
        assert (await history.page(HistoryQuery(status="lost"))).total == len(runs)


async def test_the_files_of_dead_servers_are_cleared_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    servers = tmp_path / "results" / "servers"
    with child("hold", tmp_path) as dead, child("hold", tmp_path) as living:
        _, dead_id = read_line(dead).split()
        _, living_id = read_line(living).split()
        os.kill(dead.pid, signal.SIGKILL)
        dead.wait()
        assert (servers / f"{dead_id}.lock").exists()
        async with open_history(tmp_path) as history:
            await history.orphans()
            left = {path.stem for path in servers.iterdir()}
            assert left == {living_id, history.server_id}
        finish(living)


def test_a_server_without_a_lock_never_counts_as_dead(tmp_path: Path) -> None:
    (tmp_path / "servers").write_text("a file", encoding="utf-8")
    owners = Owners(tmp_path)
    owners.enter()
    (tmp_path / "servers").unlink()

    assert Owners(tmp_path).alive(owners.server_id)


def test_a_lock_whose_file_was_removed_is_taken_again(tmp_path: Path) -> None:
    owners, other = Owners(tmp_path), Owners(tmp_path)
    owners.enter()
    (tmp_path / "servers" / f"{owners.server_id}.lock").unlink()
    assert not other.alive(owners.server_id)
    owners.stay()

    assert other.alive(owners.server_id)
    owners.leave()
    assert not other.alive(owners.server_id)


def test_looking_at_a_lock_never_makes_it_look_held(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.touch()
    seen: set[bool] = set()
    threads = [
        threading.Thread(target=lambda: seen.update(is_held(path) for _ in range(200))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == {False}


def test_one_of_many_gets_the_lock_while_others_sweep(tmp_path: Path) -> None:
    owners = Owners(tmp_path)
    owners.enter()
    stop = threading.Event()

    def sweep() -> None:
        while not stop.is_set():
            owners.sweep()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(100):
            lock = FileLock.acquire(tmp_path / "servers" / "other.lock")
            assert lock is not None and lock.in_place()
            assert is_held(tmp_path / "servers" / "other.lock")
            lock.release()
    finally:
        stop.set()
        sweeper.join()
        owners.leave()
