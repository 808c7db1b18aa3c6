"""Restore the history from the run folders, into the existing database or, if damaged, a new one."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.abandoned_folders import clear_leftovers
from k6_mcp.history.database import Database
from k6_mcp.history.runs import known_ids, write
from k6_mcp.history.server_locks import FileLock
from k6_mcp.models.history import RebuildReport
from k6_mcp.models.run import Run
from k6_mcp.workspace.run_json import Folders

# Small enough to leave room for other servers' writes
_BATCH = 100


async def rebuild_from_folders(database: Database, folders: Folders, results_dir: str) -> RebuildReport:
    """Write every run folder into the database; rows without a folder stay.

    Raises:
        HistoryUnavailable: If the database is locked or read-only, its disk is full, or another program or
            a newer version created it.
    """
    database.forgive()
    set_aside = await _set_aside_if_damaged(database)
    removed = await asyncio.to_thread(clear_leftovers, folders, await known_ids(database))
    restored = 0
    unreadable: list[str] = []
    names = await asyncio.to_thread(folders.names)
    for start in range(0, len(names), _BATCH):
        runs, problems = await asyncio.to_thread(_read, folders, names[start : start + _BATCH])
        async with database.atomic() as connection:
            restored += await write(connection, runs, results_dir, from_folders=True)
        unreadable += problems
    aside = str(set_aside) if set_aside else None
    return RebuildReport(
        restored=restored, unreadable=tuple(unreadable), removed=tuple(removed), set_aside=aside
    )


def _read(folders: Folders, names: Sequence[str]) -> tuple[list[Run], list[str]]:
    runs: list[Run] = []
    problems: list[str] = []
    for name in names:
        try:
            run = folders.read(name)
        except (OSError, ValueError) as error:
            problems.append(f"{name}: {str(error).splitlines()[0][:200]}")
            continue
        if run is None:
            problems.append(f"{name}: has no run.json")
        else:
            runs.append(run)
    return runs, problems


async def _set_aside_if_damaged(database: Database) -> Path | None:
    if not await _damaged(database):
        return None
    guard_path = database.path.with_name(f"{database.path.name}.rebuild.lock")
    guard = await asyncio.to_thread(FileLock.acquire, guard_path)
    if guard is None:
        raise HistoryUnavailable(
            "another process is rebuilding the history", hint="wait until it is done", kind="locked"
        )
    try:
        database.forgive()
        if not await _damaged(database):
            # The other process has done it in the meantime
            return None
        await database.close()
        return await asyncio.to_thread(_set_aside, database.path)
    finally:
        database.forgive()
        guard.release()


async def _damaged(database: Database) -> bool:
    try:
        rows = await database.fetch("PRAGMA quick_check(1)")
    except HistoryUnavailable as error:
        if error.kind == "damaged":
            return True
        raise
    return rows[0][0] != "ok"


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        if (companion := path.with_name(path.name + suffix)).exists():
            companion.replace(aside.with_name(aside.name + suffix))
    return aside
