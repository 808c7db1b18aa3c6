"""The space that run folders take: measured once per run and remembered in the database.

Runs are read page by page, those that were stored longest first.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Iterable, Sequence

from k6_mcp.history.database import Database
from k6_mcp.history.retention import Kept
from k6_mcp.models.prune import SpaceReport
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.run_json import Folders

# Rows per query or transaction: they take a few milliseconds, so that nobody waits for long
_PAGE = 500
_START = (-1, "")

_ENDED = """SELECT coalesce(r.aged_us, r.created_us) AS since_us, r.run_id, s.size_bytes, s.results_dir,
        r.created_us
    FROM results AS r INDEXED BY results_by_age LEFT JOIN space AS s ON s.run_id = r.run_id
    WHERE (coalesce(r.aged_us, r.created_us), r.run_id) > (?, ?) AND r.status NOT IN ('queued', 'running')
    ORDER BY coalesce(r.aged_us, r.created_us), r.run_id LIMIT ?"""
_REMEMBER = """INSERT OR REPLACE INTO space (run_id, results_dir, size_bytes)
    SELECT run_id, results_dir, ? FROM documents WHERE run_id = ? AND final = 1"""


class Space:
    """The sizes of the folders in one results folder; runs of other results folders aren't counted."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders

    async def ended(self) -> AsyncGenerator[list[Kept]]:
        """Yield pages of the ended runs of this results folder, those stored longest first.

        A run without a measured size has 0 bytes.

        Raises:
            HistoryUnavailable: If the database cannot be read.
        """
        here = self._here()
        async for rows in self._pages():
            yield [
                Kept(run_id, created_us, size or 0, aged_us)
                for aged_us, run_id, size, where, created_us in rows
                if where == here
            ]

    async def measure(self, within_s: float) -> SpaceReport:
        """Measure new runs for at most `within_s`, and return the total. Raises HistoryUnavailable."""
        here, until = self._here(), time.monotonic() + within_s
        runs = size_bytes = unmeasured = 0
        async for rows in self._pages():
            fresh = {run_id: 0 for _, run_id, _, where, _ in rows if where is None}
            if fresh and time.monotonic() < until:
                fresh = await self._measure(fresh, here)
            else:
                unmeasured += len(fresh)
                fresh = {}
            runs += sum(where == here for _, _, _, where, _ in rows) + len(fresh)
            size_bytes += sum(size or 0 for _, _, size, where, _ in rows if where == here) + sum(
                fresh.values()
            )
        return SpaceReport(runs=runs + unmeasured, size_bytes=size_bytes, unmeasured=unmeasured)

    async def forget(self, run_id: str) -> None:
        """Have a run measured again, for example after a report was added. Raises HistoryUnavailable."""
        async with self._database.atomic() as connection:
            await connection.execute("DELETE FROM space WHERE run_id = ?", (run_id,))

    async def _pages(self) -> AsyncGenerator[Sequence[tuple[int, str, int | None, str | None, int]]]:
        position = _START
        while True:
            rows = [tuple(row) for row in await self._database.fetch(_ENDED, (*position, _PAGE))]
            yield rows
            if len(rows) < _PAGE:
                return
            position = rows[-1][:2]

    async def _measure(self, run_ids: Iterable[str], here: str) -> dict[str, int]:
        """Return the sizes of those of `run_ids` that are stored here; all sizes are remembered."""
        sizes = await asyncio.to_thread(self._sizes, [*run_ids])
        async with self._database.atomic() as connection:
            await connection.executemany(_REMEMBER, [(size, run_id) for run_id, size in sizes.items()])
            marks = ",".join("?" * len(sizes))
            rows = await connection.execute_fetchall(
                f"SELECT run_id FROM space WHERE run_id IN ({marks}) AND results_dir = ?", (*sizes, here)
            )
        return {run_id: sizes[run_id] for (run_id,) in rows}

    def _here(self) -> str:
        return os.path.realpath(self._folders.results_dir)

    def _sizes(self, run_ids: Sequence[str]) -> dict[str, int]:
        return {run_id: folder_bytes(RunFolder(self._folders.results_dir, run_id).path) for run_id in run_ids}


def folder_bytes(folder: os.PathLike[str]) -> int:
    """Return the bytes of all files in `folder`, 0 if it doesn't exist. Blocking.

    Links aren't followed.
    """
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += folder_bytes(entry)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    except OSError:
        return total
    return total
