"""The history of the database schema. Append only.

A released migration is never changed, and its function's name is its record in the database.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import aiosqlite

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.sqlite import begin

Migration = Callable[[aiosqlite.Connection], Awaitable[None]]


async def runs_with_documents_and_tags(connection: aiosqlite.Connection) -> None:
    """Create the first schema.

    `runs` contains only the values that filters use, in the order of time. So even a filter without a
    matching index reads it quickly from end to end. Its indexes include the primary key, and thus the time.
    """
    statements = (
        """CREATE TABLE runs (
            created_us INTEGER NOT NULL, run_id TEXT NOT NULL, status TEXT NOT NULL, failure_kind TEXT,
            error_rate REAL, p95_ms REAL, name TEXT, url TEXT, tags TEXT NOT NULL,
            PRIMARY KEY (created_us, run_id)) WITHOUT ROWID""",
        "CREATE INDEX runs_by_status ON runs (status)",
        "CREATE INDEX runs_by_failure_kind ON runs (failure_kind)",
        "CREATE INDEX runs_by_name ON runs (name)",
        "CREATE INDEX runs_by_url ON runs (url)",
        "CREATE INDEX runs_by_error_rate ON runs (error_rate)",
        "CREATE INDEX runs_by_p95_ms ON runs (p95_ms)",
        """CREATE TABLE documents (
            run_id TEXT PRIMARY KEY, created_us INTEGER NOT NULL, final INTEGER NOT NULL,
            server_id TEXT NOT NULL, results_dir TEXT NOT NULL, brief TEXT NOT NULL, whole BLOB NOT NULL)""",
        "CREATE INDEX documents_unfinished ON documents (run_id) WHERE final = 0",
        """CREATE TABLE tags (
            name TEXT NOT NULL, value TEXT NOT NULL, created_us INTEGER NOT NULL, run_id TEXT NOT NULL,
            PRIMARY KEY (name, value, created_us, run_id)) WITHOUT ROWID""",
        "CREATE INDEX tags_by_run ON tags (run_id)",
    )
    for statement in statements:
        await connection.execute(statement)


async def space_of_run_folders(connection: aiosqlite.Connection) -> None:
    """Store how many bytes a run's folder takes: measuring a hundred thousand folders takes seconds."""
    await connection.execute("""CREATE TABLE space (
            run_id TEXT PRIMARY KEY, results_dir TEXT NOT NULL, size_bytes INTEGER NOT NULL) WITHOUT ROWID""")


async def baselines_by_name(connection: aiosqlite.Connection) -> None:
    """Store which run the later runs of a test are compared with."""
    await connection.execute(
        "CREATE TABLE baselines (name TEXT PRIMARY KEY, run_id TEXT NOT NULL, set_us INTEGER NOT NULL)"
        " WITHOUT ROWID"
    )


async def results_for_statistics(connection: aiosqlite.Connection) -> None:
    """Store the values for statistics in a narrow table, which is fast to read from end to end.

    Earlier runs are filled in.
    """
    await connection.execute("""CREATE TABLE results (
            created_us INTEGER NOT NULL, run_id TEXT NOT NULL, status TEXT NOT NULL, failure_kind TEXT,
            worst TEXT, name TEXT, script_sha256 TEXT NOT NULL, p95_ms REAL, error_rate REAL,
            requests_per_s REAL,
            PRIMARY KEY (created_us, run_id)) WITHOUT ROWID""")
    # Documents are large and read in their own order. One whose brief isn't JSON must not keep the database
    # from opening.
    await connection.execute(
        """INSERT INTO results SELECT r.created_us, r.run_id, r.status, r.failure_kind,
            json_extract(b.brief, '$.worst'), r.name,
            coalesce(json_extract(b.brief, '$.script_sha256'), ''), r.p95_ms, r.error_rate,
            json_extract(b.brief, '$.metrics.figures.requests_per_s')
            FROM (SELECT created_us, run_id, CASE WHEN json_valid(brief) THEN brief ELSE '{}' END AS brief
                FROM documents) AS b
            CROSS JOIN runs AS r ON r.created_us = b.created_us AND r.run_id = b.run_id"""
    )
    await connection.execute("CREATE INDEX results_by_name ON results (name)")


async def witnessed_time_and_trash(connection: aiosqlite.Connection) -> None:
    """Store clock readings, the trash, and since when a run counts as stored if a clock was wrong."""
    statements = (
        """CREATE TABLE clock (
            boot TEXT PRIMARY KEY, seen_us INTEGER NOT NULL, uptime_us INTEGER NOT NULL,
            wall_us INTEGER NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE trash (
            run_id TEXT PRIMARY KEY, results_dir TEXT NOT NULL, put_us INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID""",
        "ALTER TABLE results ADD COLUMN aged_us INTEGER",
        "CREATE INDEX results_by_age ON results (coalesce(aged_us, created_us), run_id)",
    )
    for statement in statements:
        await connection.execute(statement)


MIGRATIONS: tuple[Migration, ...] = (
    runs_with_documents_and_tags,
    space_of_run_folders,
    baselines_by_name,
    results_for_statistics,
    witnessed_time_and_trash,
)


async def migrate(connection: aiosqlite.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the database up to date, each migration in one transaction with its record.

    Raises:
        HistoryUnavailable: If a newer k6-mcp or another program created it; nothing is changed then.
    """
    while await pending(connection, migrations):
        await begin(connection)
        try:
            # Checked again: another server may have been first
            for migration in (await pending(connection, migrations))[:1]:
                await migration(connection)
                await _record(connection, migration)
            await connection.commit()
        except BaseException:
            await connection.rollback()
            raise


async def pending(
    connection: aiosqlite.Connection, migrations: Sequence[Migration] = MIGRATIONS
) -> list[Migration]:
    """Return the migrations that are still to be applied; only reads.

    Raises HistoryUnavailable as `migrate` does.
    """
    tables = {
        name
        for (name,) in await connection.execute_fetchall(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        )
    }
    if not tables:
        return list(migrations)
    if "k6_mcp_migrations" not in tables:
        raise HistoryUnavailable(
            f"the database belongs to another program (its tables: {', '.join(sorted(tables))[:200]})",
            hint="set DATABASE_URL to a file that only k6-mcp uses",
            kind="foreign",
        )
    applied = {name for (name,) in await connection.execute_fetchall("SELECT name FROM k6_mcp_migrations")}
    if unknown := applied - {migration.__name__ for migration in migrations}:
        raise HistoryUnavailable(
            f"the history database was created by a newer k6-mcp (it has {', '.join(sorted(unknown))[:200]})",
            hint="upgrade this k6-mcp, or set DATABASE_URL to another file",
            kind="newer",
        )
    return [migration for migration in migrations if migration.__name__ not in applied]


async def _record(connection: aiosqlite.Connection, migration: Migration) -> None:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS k6_mcp_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)"
    )
    await connection.execute(
        "INSERT INTO k6_mcp_migrations VALUES (?, ?)", (migration.__name__, datetime.now(UTC).isoformat())
    )
