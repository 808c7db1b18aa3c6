"""Databases of earlier and later versions."""

import sqlite3
from pathlib import Path

import aiosqlite
import pytest

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.migrations import MIGRATIONS, Migration, migrate
from k6_mcp.models.history import HistoryQuery
from tests.history.samples import a_run, open_history

VERSIONS = sorted(Path(__file__).with_name("versions").glob("*.sql"))


def test_a_database_of_every_version_is_kept_for_the_tests() -> None:
    assert [path.stem.partition("-")[2] for path in VERSIONS] == [
        migration.__name__ for migration in MIGRATIONS
    ]


@pytest.mark.parametrize("version", VERSIONS, ids=[path.stem for path in VERSIONS])
async def test_a_database_made_by_an_earlier_version_opens_with_its_runs(
    tmp_path: Path, version: Path
) -> None:
    _load(tmp_path, version)
    async with open_history(tmp_path) as history:
        page = await history.page(
            HistoryQuery(tag="env=test", status="completed", name="checkout", max_response_time_ms=120)
        )
        assert (page.total, page.degraded) == (1, None)
        run = await history.get(page.runs[0].run_id)
        assert run is not None and run.metrics is not None and run.metrics.rows
        assert await history.save(a_run()) == ()


async def test_a_new_database_has_the_newest_schema(tmp_path: Path) -> None:
    _load(tmp_path / "kept", VERSIONS[-1])
    async with open_history(tmp_path / "new") as history:
        await history.save(a_run())

    assert _schema(tmp_path / "new") == _schema(tmp_path / "kept")


async def test_a_database_of_a_newer_version_is_refused_and_not_changed(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.save(a_run())
    connection = sqlite3.connect(_database(tmp_path))
    with connection:
        connection.execute("INSERT INTO k6_mcp_migrations VALUES ('something_later', '2030-01-01')")
    connection.close()
    before = _database(tmp_path).read_bytes()
    run = a_run(1)
    async with open_history(tmp_path) as history:
        (notice,) = await history.save(run)
        page = await history.page(HistoryQuery())
        with pytest.raises(HistoryUnavailable, match="newer"):
            await history.rebuild()

        assert (
            "newer k6-mcp" in notice.message
            and "something_later" in notice.message
            and "upgrade" in notice.message
        )
        assert page.runs[0] == run
    assert _database(tmp_path).read_bytes() == before


async def test_a_migration_that_fails_leaves_neither_change_nor_record(tmp_path: Path) -> None:
    async def half(connection: aiosqlite.Connection) -> None:
        await connection.execute("CREATE TABLE half (x)")
        await connection.execute("INSERT INTO nowhere VALUES (1)")

    async with aiosqlite.connect(tmp_path / "x.db", isolation_level=None) as connection:
        await migrate(connection)
        with pytest.raises(sqlite3.OperationalError):
            await migrate(connection, (*MIGRATIONS, half))
        tables = [
            name
            for (name,) in await connection.execute_fetchall(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        ]
        records = [
            name
            for (name,) in await connection.execute_fetchall(
                "SELECT name FROM k6_mcp_migrations ORDER BY rowid"
            )
        ]

    assert "half" not in tables
    assert records == [migration.__name__ for migration in MIGRATIONS]


async def test_each_migration_is_applied_once_and_in_order(tmp_path: Path) -> None:
    applied: list[str] = []
    migrations = tuple(_noting(name, applied) for name in ("first", "second", "third"))
    async with aiosqlite.connect(tmp_path / "x.db", isolation_level=None) as connection:
        await migrate(connection, migrations[:1])
        await migrate(connection, migrations)
        await migrate(connection, migrations)

    assert applied == ["first", "second", "third"]


def _noting(name: str, applied: list[str]) -> Migration:
    async def migration(connection: aiosqlite.Connection) -> None:
        assert connection.in_transaction
        applied.append(name)

    migration.__name__ = name
    return migration


def _database(folder: Path) -> Path:
    return folder / "results" / "history.db"


def _load(folder: Path, version: Path) -> None:
    _database(folder).parent.mkdir(parents=True)
    connection = sqlite3.connect(_database(folder))
    connection.executescript(version.read_text(encoding="utf-8"))
    connection.close()


def _schema(folder: Path) -> set[str]:
    connection = sqlite3.connect(_database(folder))
    try:
        return {
            " ".join(sql.split())
            for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        }
    finally:
        connection.close()
