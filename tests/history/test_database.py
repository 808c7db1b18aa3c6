"""The owner of the connection to SQLite."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.database import Database
from k6_mcp.history.shield import shielded
from k6_mcp.history.sqlite import unavailable

_INSERT = "INSERT INTO tags VALUES (?, '', 0, '')"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    """Open a database and close it even if a test fails: its thread would keep the suite from ending."""
    opened = Database(tmp_path / "x.db", 0)
    yield opened
    await opened.end()


async def _names(database: Database) -> list[str]:
    return [name for (name,) in await database.fetch("SELECT name FROM tags ORDER BY name")]


async def test_a_body_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.atomic() as connection:
            await connection.execute(_INSERT, ("half",))
            raise KeyError
    async with database.atomic() as connection:
        await connection.execute(_INSERT, ("whole",))

    assert await _names(database) == ["whole"]


@pytest.mark.parametrize("library", ["anyio", "asyncio"])
async def test_a_cancelled_body_leaves_nothing_for_the_next_commit(database: Database, library: str) -> None:
    inserted = asyncio.Event()

    async def cut() -> None:
        async with database.atomic() as connection:
            await connection.execute(_INSERT, ("half",))
            inserted.set()
            await asyncio.Event().wait()

    if library == "anyio":
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cut)
            await inserted.wait()
            tasks.cancel_scope.cancel()
    else:
        task = asyncio.create_task(cut())
        await inserted.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with database.atomic() as connection:
        await connection.execute(_INSERT, ("whole",))

    assert await _names(database) == ["whole"]


async def test_a_nested_transaction_is_refused_at_once(database: Database) -> None:
    with pytest.raises(RuntimeError, match="not re-entrant"):
        async with database.atomic():
            await database.fetch("SELECT 1")

    assert await database.fetch("SELECT 1") == [(1,)]


async def test_writers_take_turns(database: Database) -> None:
    async def write(name: str) -> None:
        async with database.atomic() as connection:
            await connection.execute(_INSERT, (name,))
            await asyncio.sleep(0)
            await connection.execute(_INSERT, (name + "+",))

    await asyncio.gather(*(write(str(number)) for number in range(10)))

    assert len(await _names(database)) == 20


async def test_no_commit_waits_for_the_disk(database: Database) -> None:
    assert await database.fetch("PRAGMA journal_mode") == [("wal",)]
    assert await database.fetch("PRAGMA synchronous") == [(1,)]


async def test_a_failed_opening_is_not_tried_again_while_it_is_recent(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"garbage")
    database = Database(path, 60)
    with pytest.raises(HistoryUnavailable):
        await database.fetch("SELECT 1")
    path.unlink()
    with pytest.raises(HistoryUnavailable):
        await database.fetch("SELECT 1")
    database.forgive()

    assert await database.fetch("SELECT 1") == [(1,)]
    await database.close()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_BUSY, "locked", "locked by another program"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked", "locked by another program"),
        (sqlite3.SQLITE_CORRUPT, "damaged", "is damaged"),
        (sqlite3.SQLITE_NOTADB, "damaged", "not a SQLite database"),
        (sqlite3.SQLITE_FULL, "full", "disk is full"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "readonly", "read-only"),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, "unusable", "cannot be opened"),
        (sqlite3.SQLITE_IOERR_WRITE, "unusable", "cannot be used (disk I/O error)"),
    ],
)
def test_every_failure_of_sqlite_names_a_next_step(code: int, kind: str, words: str) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    trouble = unavailable(error, Path("/data/history.db"))

    assert trouble.kind == kind
    assert words in str(trouble) and "/data/history.db" in str(trouble) and "next step: " in str(trouble)


async def test_an_ended_database_is_not_opened_again_for_a_late_caller(database: Database) -> None:
    await database.fetch("SELECT 1")
    await database.end()

    with pytest.raises(HistoryUnavailable, match="closed"):
        await database.fetch("SELECT 1")


async def test_shielded_work_ends_before_the_cancellation_continues() -> None:
    steps: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        steps.append("worked")

    async def caller() -> None:
        try:
            await shielded(work())
        except asyncio.CancelledError:
            steps.append("cancelled")
            raise

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert steps == ["worked", "cancelled"]


async def test_shielded_work_raises_its_own_error() -> None:
    async def work() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await shielded(work())
