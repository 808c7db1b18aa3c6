"""Help for SQLite: patience with its locks, texts for its errors, and threads that end before the loop."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import aiosqlite

from k6_mcp.errors import HistoryUnavailable

BUSY_TIMEOUT_S = 0.5
# With the timeout above, another process has two seconds to finish its write
_ATTEMPTS = 4
# The default of aiosqlite
_ROWS_AT_ONCE = 64
_REBUILD = "`k6-mcp rebuild` sets it aside and restores the history from the run folders"

_WORDS: dict[int, tuple[str, str, str]] = {
    sqlite3.SQLITE_BUSY: (
        "locked",
        "is locked by another program",
        "k6-mcp keeps trying; find the program that holds the lock",
    ),
    sqlite3.SQLITE_LOCKED: (
        "locked",
        "is locked by another program",
        "k6-mcp keeps trying; find the program that holds the lock",
    ),
    sqlite3.SQLITE_CORRUPT: ("damaged", "is damaged", _REBUILD),
    sqlite3.SQLITE_NOTADB: ("damaged", "is not a SQLite database", _REBUILD),
    sqlite3.SQLITE_FULL: ("full", "cannot grow: the disk is full", "free some space; nothing else is needed"),
    sqlite3.SQLITE_READONLY: (
        "readonly",
        "is read-only",
        "let this user write to it and its folder, or set DATABASE_URL",
    ),
    sqlite3.SQLITE_PERM: (
        "readonly",
        "is read-only",
        "let this user write to it and its folder, or set DATABASE_URL",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "unusable",
        "cannot be opened",
        "check that its folder exists and can be written, or set DATABASE_URL",
    ),
}
_OTHERWISE = ("unusable", "cannot be used", "check its disk, or set DATABASE_URL to another place")


def unavailable(error: Exception, database: Path) -> HistoryUnavailable:
    """Return the error for a failure of SQLite or of the file system below it."""
    code = getattr(error, "sqlite_errorcode", None) or -1
    kind, what, hint = _WORDS.get(code & 0xFF, _OTHERWISE)
    detail = "" if code & 0xFF in _WORDS else f" ({error})"
    return HistoryUnavailable(f"the history database {database} {what}{detail}", hint=hint, kind=kind)


class _Connection(aiosqlite.Connection):
    """Remembers when its thread ends.

    aiosqlite waits for that in `close`, but not after an opening that failed or was cancelled.
    """

    ended: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        # aiosqlite doesn't declare the type of the future's result
        self.ended = super().stop()  # pyright: ignore[reportUnknownMemberType]
        return self.ended


async def connect(database: Path, timeout_s: float) -> aiosqlite.Connection:
    """Return an open connection that begins no transaction by itself.

    Raises sqlite3.Error; the connection's thread has ended by then.
    """
    opened: list[sqlite3.Connection] = []

    def connect_here() -> sqlite3.Connection:
        opened.append(
            sqlite3.connect(database, isolation_level=None, timeout=timeout_s, check_same_thread=False)
        )
        return opened[0]

    connection = _Connection(connect_here, _ROWS_AT_ONCE)
    try:
        return await connection
    except BaseException:
        if connection.ended is not None:
            # A thread that finds its loop closed dies with a traceback
            await connection.ended
        # It was cancelled too late to keep SQLite from opening
        for unwanted in opened:
            unwanted.close()
        raise


async def begin(connection: aiosqlite.Connection) -> None:
    """Begin a write transaction; wait a bounded time for other writers."""
    await patiently(connection, "BEGIN IMMEDIATE")


async def patiently(connection: aiosqlite.Connection, statement: str) -> None:
    """Execute `statement`; retry a few times while other processes hold the lock that it needs."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == _ATTEMPTS:
                raise
