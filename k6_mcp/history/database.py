"""The owner of the connection to SQLite.

It opens the connection at its first use and again after trouble, and admits one writer at a time.
"""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.migrations import migrate, pending
from k6_mcp.history.shield import shielded
from k6_mcp.history.sqlite import BUSY_TIMEOUT_S, begin, connect, patiently, unavailable

Value = str | int | float | bytes | None
# Keeps the filter columns of 100 000 runs in memory after their first use
_CACHE_KIB = 32_768
# A connection that failed in one of these ways isn't used again
_LASTING = {"damaged", "unusable", "readonly"}


class Refusal:
    """A failure that is repeated to every caller for a while, without a new attempt that costs them time."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self._error: HistoryUnavailable | None = None
        self._until = 0.0

    def note(self, error: HistoryUnavailable) -> None:
        """Remember a failure."""
        self._error, self._until = error, time.monotonic() + self._lasts_s

    def clear(self) -> None:
        """Forget the failure."""
        self._error = None

    def check(self) -> None:
        """Raise the failure if it is recent."""
        if self._error is not None and time.monotonic() < self._until:
            raise self._error


class Database:
    """One SQLite file.

    After trouble it waits `retry_s` before the next attempt; trouble with writing doesn't affect reading.
    `replaced` is set if the file disappeared while it was open and a new one was created.
    """

    def __init__(self, path: Path, retry_s: float) -> None:
        self.path = path
        self.replaced = False
        self._opening = Refusal(retry_s)
        self._writing = Refusal(retry_s)
        self._connection: aiosqlite.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None
        self._ended = False

    @asynccontextmanager
    async def atomic(self) -> AsyncGenerator[aiosqlite.Connection]:
        """Yield the connection inside a write transaction.

        All of it is stored, or nothing if the body fails or is cancelled.

        Raises:
            HistoryUnavailable: If the database cannot be written.
            RuntimeError: If it is entered inside itself.
        """
        self._writing.check()
        try:
            async with self._exclusive() as connection:
                try:
                    await shielded(begin(connection))
                    yield connection
                    await shielded(connection.commit())
                except BaseException:
                    await shielded(_roll_back(connection))
                    raise
        except HistoryUnavailable as error:
            self._writing.note(error)
            raise
        self._writing.clear()

    async def fetch(self, sql: str, parameters: Iterable[Value] = ()) -> Sequence[sqlite3.Row]:
        """Return every row of a query. Raises HistoryUnavailable."""
        async with self._exclusive() as connection:
            return list(await connection.execute_fetchall(sql, tuple(parameters)))

    async def fetch_at_once(
        self, columns: Sequence[str], sql: str, parameters: Iterable[Value] = ()
    ) -> list[tuple[Any, ...]]:
        """Return these columns of a query in no particular order, made into one text by SQLite.

        SQLite's thread releases the interpreter at every row and waits for it at the next one, which takes
        some milliseconds while others work. Raises HistoryUnavailable.
        """
        whole = f"SELECT json_group_array(json_array({', '.join(columns)})) FROM ({sql})"
        ((text,),) = await self.fetch(whole, parameters)
        return [tuple(row) for row in json.loads(text)]

    async def open(self) -> None:
        """Open the connection before its first use. Raises HistoryUnavailable."""
        async with self._exclusive():
            pass

    async def close(self) -> None:
        """Close the connection; the next use opens it again."""
        async with self._lock:
            await shielded(self._drop())

    async def end(self) -> None:
        """Close the connection permanently.

        Later users get an error, so that no connection, and no thread of one, outlives the owner.
        """
        self._ended = True
        try:
            await self.close()
        # Cancelled while waiting for the lock: the loop ends, and the task that holds the lock ends with it
        except asyncio.CancelledError:
            await shielded(self._drop())
            raise

    def forgive(self) -> None:
        """Forget an earlier failure, so that the next use tries again immediately."""
        self._opening.clear()
        self._writing.clear()

    @asynccontextmanager
    async def _exclusive(self) -> AsyncGenerator[aiosqlite.Connection]:
        # A task that entered again would wait for itself forever
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("atomic() is not re-entrant: pass the connection on instead")
        async with self._lock:
            self._holder = asyncio.current_task()
            try:
                yield await self._ready()
            except sqlite3.Error as error:
                trouble = unavailable(error, self.path)
                if trouble.kind in _LASTING:
                    await shielded(self._drop())
                raise trouble from error
            finally:
                self._holder = None

    async def _ready(self) -> aiosqlite.Connection:
        if self._ended:
            raise HistoryUnavailable("the history is closed", hint="start the server again")
        if self._connection is not None and _identity(self.path) != self._file:
            # What is written to a removed file disappears with it
            self.replaced = True
            await shielded(self._drop())
        if self._connection is None:
            self._opening.check()
            await shielded(self._open())
        assert self._connection is not None
        return self._connection

    async def _open(self) -> None:
        try:
            await asyncio.to_thread(_make_file, self.path)
            connection = await connect(self.path, BUSY_TIMEOUT_S)
            try:
                await _prepare(connection)
            except BaseException:
                await connection.close()
                raise
        # RuntimeError: when memory is short, no thread can be started
        except (sqlite3.Error, OSError, RuntimeError, HistoryUnavailable) as error:
            trouble = error if isinstance(error, HistoryUnavailable) else unavailable(error, self.path)
            self._opening.note(trouble)
            raise trouble from error
        self._connection, self._file = connection, _identity(self.path)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                await connection.close()


async def _prepare(connection: aiosqlite.Connection) -> None:
    # Rejects another program's database before anything is written to it
    await pending(connection)
    await patiently(connection, "PRAGMA journal_mode = WAL")
    # NORMAL is safe against crashes with WAL, and needs no fsync per commit
    await connection.execute("PRAGMA synchronous = NORMAL")
    await connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    await migrate(connection)


async def _roll_back(connection: aiosqlite.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            await connection.rollback()


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        # The files of the WAL and its shared memory inherit this mode
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
