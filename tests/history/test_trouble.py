"""Trouble with the database or the folder: it is reported, and the run is stored all the same."""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k6_mcp.history.history import History
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run import Notice
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.workspace import Workspace
from tests.history.processes import child, finish
from tests.history.samples import a_run, damage, open_history


@contextmanager
def locked(database: Path) -> Generator[sqlite3.Connection]:
    """Hold the write lock as another program would."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait briefly: no other program frees a lock during these tests."""
    monkeypatch.setattr("k6_mcp.history.database.BUSY_TIMEOUT_S", 0.01)


def _everything(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]


def codes(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.code for notice in notices]


async def test_a_locked_database_is_reported_and_written_as_soon_as_it_is_free(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    first, second, third = a_run(0), a_run(1), a_run(2)
    async with open_history(tmp_path) as history, open_history(tmp_path) as other:
        await history.save(first)
        with locked(database):
            notices = await history.save(second)
            assert await history.get(second.run_id) == second
            during = await history.page(HistoryQuery())
        await history.save(third)

        assert codes(notices) == ["history_unavailable"]
        assert "locked" in notices[0].message and "next step" in notices[0].message
        assert "not in the database yet" in (during.degraded or "") and "1 run" in (during.degraded or "")
        assert [run.run_id for run in during.runs] == [second.run_id, first.run_id]
        page = await other.page(HistoryQuery())
        assert [run.run_id for run in page.runs] == [third.run_id, second.run_id, first.run_id]
        assert page.degraded is None


async def test_runs_that_wait_for_the_database_are_shown_in_order_and_counted_as_missing(
    tmp_path: Path,
) -> None:
    runs = [a_run(number) for number in range(5)]
    async with open_history(tmp_path) as history:
        for number in (0, 2, 4):
            await history.save(runs[number])
        with locked(tmp_path / "results" / "history.db"):
            await history.save(runs[3])
            await history.save(runs[1])
            first = await history.page(HistoryQuery(limit=2))
            second = await history.page(HistoryQuery(limit=2, cursor=first.next_cursor))
            third = await history.page(HistoryQuery(limit=2, cursor=second.next_cursor))
            failed = await history.page(HistoryQuery(status="failed"))
            past = await history.past(runs[0].created_at)

    shown = [[run.run_id for run in page.runs] for page in (first, second, third)]
    assert shown == [[runs[n].run_id for n in numbers] for numbers in ((4, 3), (2, 1), (0,))]
    assert (failed.runs, third.next_cursor) == ((), None)
    assert "2 runs" in (past.degraded or "")


async def test_other_servers_read_the_end_of_a_run_that_the_database_missed(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history, open_history(tmp_path) as other:
        running = a_run(status="running", server_id=history.server_id)
        done = running.model_copy(update={"status": "completed"})
        await history.save(running)
        with locked(tmp_path / "results" / "history.db"):
            await history.save(done)

            assert await other.get(running.run_id) == done


async def test_closing_writes_the_runs_that_still_wait(tmp_path: Path) -> None:
    run = a_run()
    async with open_history(tmp_path, retry_s=60) as history:
        await history.save(a_run(1))
        with locked(tmp_path / "results" / "history.db"):
            assert codes(await history.save(run)) == ["history_unavailable"]
    shutil.rmtree(tmp_path / "results" / "runs")
    async with open_history(tmp_path) as history:
        assert await history.get(run.run_id) == run


async def test_while_trouble_is_recent_saves_do_not_wait_for_it(tmp_path: Path) -> None:
    async with open_history(tmp_path, retry_s=60) as history:
        await history.save(a_run(0))
        with locked(tmp_path / "results" / "history.db"):
            assert codes(await history.save(a_run(1))) == ["history_unavailable"]
        assert codes(await history.save(a_run(2))) == ["history_unavailable"]

        # A health check tries again immediately
        assert (await history.health())[0].state == "ok"
        assert codes(await history.save(a_run(3))) == []
        assert (await history.page(HistoryQuery())).total == 4


async def test_while_the_database_is_unreadable_runs_are_read_from_the_folders(tmp_path: Path) -> None:
    run = a_run()
    async with open_history(tmp_path) as history:
        await history.save(run)
    connection = sqlite3.connect(tmp_path / "results" / "history.db", isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        async with open_history(tmp_path) as history:
            page = await history.page(HistoryQuery(name="checkout"))
            assert [run.run_id for run in page.runs] == [run.run_id]
            assert "locked" in (page.degraded or "") and "500 run folders" in (page.degraded or "")
            assert await history.run_ids("r-", 5) == (run.run_id,)
            assert await history.orphans() == ()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "content",
    [b"not a database " * 400, b"SQLite format 3\0" + b"\xff" * 8192, b"\0" * 5000],
    ids=["text", "header", "zeros"],
)
async def test_a_damaged_database_loses_no_run(tmp_path: Path, content: bytes) -> None:
    database = tmp_path / "results" / "history.db"
    database.parent.mkdir()
    database.write_bytes(content)
    run = a_run()
    async with open_history(tmp_path) as history:
        notices = await history.save(run)
        page = await history.page(HistoryQuery())
        components = await history.health()

        assert codes(notices) == ["history_unavailable"]
        assert "k6-mcp rebuild" in notices[0].message
        assert await history.get(run.run_id) == run
        assert page.runs == (run,)
        assert [(component.name, component.state) for component in components] == [
            ("database", "degraded"),
            ("disk", "ok"),
        ]
    assert database.read_bytes() == content


async def test_damage_while_the_database_is_open_loses_no_run(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    async with open_history(tmp_path) as history:
        for minute in range(40):
            await history.save(a_run(minute))
        damage(database)
        run = a_run(50)
        # SQLite may have the pages that it needs in memory
        assert codes(await history.save(run)) in (
            [],
            ["history_unavailable"],
        )

        assert await history.get(run.run_id) == run
        report = await history.rebuild()
        assert report.restored == 41
        assert (await history.page(HistoryQuery())).total == 41


async def test_a_database_removed_while_open_is_created_again(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    before, after = a_run(0), a_run(1)
    async with open_history(tmp_path) as history:
        await history.save(before)
        for path in database.parent.glob("history.db*"):
            path.unlink()
        assert codes(await history.save(after)) == []
        page = await history.page(HistoryQuery())
        assert [run.run_id for run in page.runs] == [after.run_id]
        assert "k6-mcp rebuild" in (page.degraded or "")
        assert await history.get(before.run_id) == before

        assert (await history.rebuild()).restored == 2
        assert (await history.page(HistoryQuery())).degraded is None
    async with open_history(tmp_path) as history:
        assert (await history.page(HistoryQuery())).total == 2


async def test_a_results_folder_removed_while_open_is_created_again(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history, open_history(tmp_path) as other:
        run = a_run(status="running", server_id=history.server_id)
        await history.save(a_run())
        shutil.rmtree(tmp_path / "results")
        assert codes(await history.save(run)) == []

        assert await other.get(run.run_id) == run
        assert await other.orphans() == ()


async def test_without_a_results_folder_the_database_still_works(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    run = a_run()
    async with History(Workspace(tmp_path / "results"), tmp_path / "history.db") as history:
        assert codes(await history.save(run)) == ["backup_unavailable"]
        assert await history.get(run.run_id) == run
        assert [component.state for component in await history.health()] == ["ok", "broken"]


async def test_with_neither_folder_nor_database_the_run_is_known_to_this_server(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    run = a_run()
    async with open_history(tmp_path) as history:
        assert codes(await history.save(run)) == ["backup_unavailable", "history_unavailable"]
        assert await history.get(run.run_id) == run
        assert (await history.page(HistoryQuery())).runs == (run,)
        assert await history.orphans() == ()


async def test_a_folder_in_the_place_of_the_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "results" / "history.db").mkdir(parents=True)
    async with open_history(tmp_path) as history:
        notices = await history.save(a_run())

    assert codes(notices) == ["history_unavailable"]
    assert "cannot be opened" in notices[0].message


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"run_id": 1}', "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")]
)
async def test_a_damaged_run_json_is_not_a_run(tmp_path: Path, content: str) -> None:
    folder = RunFolder(tmp_path / "results", a_run().run_id)
    folder.path.mkdir(parents=True)
    folder.run_json.write_text(content, encoding="utf-8")
    async with open_history(tmp_path) as history:
        assert await history.get(folder.run_id) is None
        assert await history.orphans() == ()


def test_no_run_is_lost_while_no_file_can_grow(tmp_path: Path) -> None:
    with child("fill", tmp_path, 0) as process:
        codes_of_save, page = finish(process)

    assert codes_of_save == "backup_unavailable history_unavailable"
    assert page == "2 None"
    assert list((tmp_path / "results").rglob(".run-*")) == []


@pytest.mark.slow
def test_a_full_disk_causes_notices_until_there_is_space_again(tmp_path: Path) -> None:
    mounted = (
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        f'mount -t tmpfs -o size=2m none "{tmp_path}" && exec "$@"',
        "sh",
    )
    if (
        shutil.which("unshare") is None
        or subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("this system does not let its users mount a small file system")
    with child("full", tmp_path, under=mounted) as process:
        codes_of_save, states, codes_afterward, total = finish(process)

    assert codes_of_save == "backup_unavailable history_unavailable"
    # One more page may fit into the space that the database has already taken
    assert states.endswith("broken")
    assert codes_afterward == ""
    assert total == "3"


async def test_a_readonly_history_can_be_read(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_history(folder) as history:
            await history.save(a_run())
        paths = _everything(folder)
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            with child("readonly", folder) as process:
                codes_of_save, page = finish(process)
        finally:
            for path in paths:
                path.chmod(0o755)

    assert codes_of_save == "backup_unavailable history_unavailable"
    # The server still knows the run that could not be stored
    assert page == "2 degraded broken"


async def test_runs_that_are_only_in_their_folders_are_counted_until_a_rebuild(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k6_mcp.history.orphaned_runs._FOLDERS_READ", 2)
    async with open_history(tmp_path) as history:
        for minute in range(5):
            await history.save(a_run(minute))
    (tmp_path / "results" / "history.db").unlink()

    async with open_history(tmp_path) as history:
        await history.orphans()
        page, (database, _) = await history.page(HistoryQuery()), await history.health()
        await history.rebuild()
        whole, (healthy, _) = await history.page(HistoryQuery()), await history.health()

    assert (page.total, database.state) == (2, "degraded")
    for text in (page.degraded, database.detail):
        assert "3 more runs are in their folders only" in (text or "")
    assert (whole.total, whole.degraded, healthy.state) == (5, None, "ok")
