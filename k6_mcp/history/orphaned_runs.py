"""Orphaned runs: nobody will end them, since their server is dead."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history import runs
from k6_mcp.history.abandoned_folders import clear_leftovers
from k6_mcp.history.database import Database
from k6_mcp.history.runs import Unfinished
from k6_mcp.history.server_locks import Owners
from k6_mcp.models.run import FINAL, Run
from k6_mcp.workspace.run_json import Folders

# Bounds the time of a server's start; the rest is reported and restored by `k6-mcp rebuild`
_FOLDERS_READ = 200


@dataclass(slots=True)
class Orphans:
    """The result of a search.

    `dead` runs still need a verdict. `finished` runs have one in their folder, but not in the database.
    `unread` counts folders that were not read.
    """

    dead: list[Run] = field(default_factory=list[Run])
    finished: list[Run] = field(default_factory=list[Run])
    unread: int = 0


class OrphanedRuns:
    """Finds orphaned runs in the database and in the folders, and gives each to one server alone."""

    def __init__(self, database: Database, folders: Folders, owners: Owners) -> None:
        self._database = database
        self._folders = folders
        self._owners = owners
        self._folders_judged = False

    async def find(self) -> Orphans:
        """Return the orphaned runs; without the database only those that the folders show."""
        rows: tuple[Unfinished, ...] = ()
        known: frozenset[str] | None = frozenset()
        try:
            rows = await runs.unfinished(self._database)
            known = None if self._folders_judged else await runs.known_ids(self._database)
            # A test creates its folder first and its row later. So a folder that is unknown now has no row,
            # or a process that holds it.
            if known is not None:
                await asyncio.to_thread(clear_leftovers, self._folders, known)
            self._folders_judged = True
        except HistoryUnavailable:
            pass
        return await asyncio.to_thread(self._judge, rows, known)

    async def claim(self, run_id: str, get: Callable[[str], Awaitable[Run | None]]) -> bool:
        """Return whether the caller alone may end this run.

        `get` reads the run again, since another server may have ended it in the meantime.
        """
        if not await asyncio.to_thread(self._owners.claim, run_id):
            return False
        run = await get(run_id)
        if (
            run is not None
            and run.status not in FINAL
            and not await asyncio.to_thread(self._owners.alive, run.server_id)
        ):
            return True
        await asyncio.to_thread(self._owners.unclaim, run_id)
        return False

    def _judge(self, rows: tuple[Unfinished, ...], known: frozenset[str] | None) -> Orphans:
        orphans = judge_rows(rows, self._folders, self._owners)
        if known is not None:
            unlisted = judge_folders(known, self._folders, self._owners)
            orphans.dead += unlisted.dead
            orphans.finished += unlisted.finished
            orphans.unread = unlisted.unread
            self._owners.sweep()
        return orphans


def judge_rows(rows: Iterable[Unfinished], folders: Folders, owners: Owners) -> Orphans:
    """Return the orphans among the runs that the database has as unfinished. Blocking."""
    orphans = Orphans()
    here = os.path.realpath(folders.results_dir)
    for row, results_dir in rows:
        if results_dir != here and Path(results_dir).exists():
            # Its server's lock is in that folder, so only servers there can judge
            continue
        if not owners.alive(row.server_id):
            _sort(next(folders.read_some([row.run_id]), row), owners, orphans)
    return orphans


def judge_folders(known: frozenset[str], folders: Folders, owners: Owners) -> Orphans:
    """Return the orphans among the newest runs that only their folders have. Blocking."""
    orphans = Orphans()
    unlisted = [run_id for run_id in folders.ids() if run_id not in known]
    newest = folders.newest(_FOLDERS_READ, among=unlisted)
    orphans.unread = len(unlisted) - len(newest)
    for run in folders.read_some(newest):
        _sort(run, owners, orphans)
    return orphans


def _sort(run: Run, owners: Owners, orphans: Orphans) -> None:
    if run.status in FINAL:
        orphans.finished.append(run)
    elif not owners.alive(run.server_id):
        orphans.dead.append(run)
