"""Removal of runs and their return: folder and rows go into the trash together, or come back from it."""

import asyncio
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.abandoned_folders import clear_leftovers
from k6_mcp.history.database import Database
from k6_mcp.history.elapsed_time import DAY_US, look, peek
from k6_mcp.history.retention import Removal
from k6_mcp.history.runs import SET_AGE, delete, known_ids, read, to_us, write
from k6_mcp.history.shield import shielded
from k6_mcp.history.trash import Trash
from k6_mcp.models.prune import RestoreReport, TrashReport
from k6_mcp.models.retention import Retention
from k6_mcp.models.run_folder import RunFile, RunFolder
from k6_mcp.workspace.run_json import Folders

# Runs per transaction
_FEWEST, _MOST = 1, 50
# The longest that a transaction should delay other writers; the number of runs is adapted to it
_HELD_S = 0.02
# With less free disk space than this, the trash is emptied
_LITTLE_BYTES = 200_000_000
_PUT = "INSERT OR REPLACE INTO trash (run_id, results_dir, put_us, size_bytes, reason) VALUES (?, ?, ?, ?, ?)"
# The reason of a run that an older version, or another database, set aside
_UNKNOWN_REASON = "unknown"


class Removals:
    """Moves runs of one results folder to its trash and back."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders
        self._trash = Trash(folders.results_dir)
        # The number of runs per transaction at present
        self.batch = 10

    async def settle(self) -> None:
        """Complete an interrupted removal.

        A run that still has its row gets its folder back; others are in the trash.
        """
        await asyncio.to_thread(clear_leftovers, self._folders, await known_ids(self._database))
        unknown: list[str] = []
        for run_id in await asyncio.to_thread(self._trash.names):
            if await self._database.fetch("SELECT 1 FROM documents WHERE run_id = ?", (run_id,)):
                await shielded(asyncio.to_thread(self._give_back, run_id))
                await self._forget([run_id])
            else:
                unknown.append(run_id)
        await asyncio.to_thread(self._trash.sweep, unknown)
        listed = {run_id for run_id, _, _ in await self._rows()}
        here = await asyncio.to_thread(self._trash.run_ids)
        for run_id in [run_id for run_id in unknown if run_id in here and run_id not in listed]:
            size_bytes = await asyncio.to_thread(self._trash.bytes_of, run_id)
            async with self._database.atomic() as connection:
                witness = await look(connection)
                await connection.execute(
                    _PUT, (run_id, self._here(), witness.now_us, size_bytes, _UNKNOWN_REASON)
                )

    async def remove(self, removals: Sequence[Removal], *, keep: bool) -> tuple[frozenset[str], list[str]]:
        """Set runs aside, folders first, then rows; with `keep` they stay in the trash.

        Return the runs that are gone, and the problems with the others.
        """
        gone, problems = await asyncio.to_thread(
            self._trash.take, [removal.run.run_id for removal in removals]
        )
        try:
            if keep:
                await self._keep_documents(gone)
            await self._remove_rows(
                [removal for removal in removals if removal.run.run_id in gone], keep=keep
            )
        except HistoryUnavailable as error:
            if error.kind != "full":
                await asyncio.to_thread(self._trash.give_back, gone)
                raise
            # This frees the space that the database needs to delete their rows
            await asyncio.to_thread(self._trash.empty, self._trash.run_ids())
            self._database.forgive()
            await self._remove_rows(
                [removal for removal in removals if removal.run.run_id in gone], keep=False
            )
        if not keep:
            await asyncio.to_thread(self._trash.empty, gone)
        return frozenset(gone), problems

    async def delete(self, limits: Retention, kept_bytes: int | None = None) -> int:
        """Delete runs permanently that were in the trash long enough or have no room there.

        Room is the disk's free space and, if `kept_bytes` is given, the rest of the limit on size. Return the
        number of deleted runs.
        """
        rows = await self._rows()
        now_us = (await peek(self._database.fetch)).now_us
        excess = await asyncio.to_thread(self._lacking_bytes)
        if kept_bytes is not None and limits.size_bytes is not None:
            excess = max(excess, kept_bytes + sum(size for _, _, size in rows) - limits.size_bytes)
        chosen: list[str] = []
        for run_id, put_us, size in rows:
            if excess > 0 or now_us - put_us >= limits.trash_days * DAY_US:
                chosen.append(run_id)
                excess -= size
        await shielded(asyncio.to_thread(self._trash.empty, chosen))
        await self._forget(chosen)
        return len(chosen)

    async def restore(self, run_ids: Iterable[str] | None) -> RestoreReport:
        """Restore runs from the trash, all without `run_ids`; they count as stored since now.

        Raises HistoryUnavailable.
        """
        await self.settle()
        here = await asyncio.to_thread(self._trash.run_ids)
        requested = here if run_ids is None else [*dict.fromkeys(run_ids)]
        problems = [f"{run_id}: is not in the trash" for run_id in requested if run_id not in here]
        restored: list[str] = []
        for run_id in requested:
            if run_id in here and (problem := await shielded(self._restore(run_id))):
                problems.append(f"{run_id}: {problem}")
            elif run_id in here:
                restored.append(run_id)
        return RestoreReport(restored=tuple(restored), problems=tuple(problems))

    async def report(self, trash_days: float) -> TrashReport:
        """Return the content of the trash. Raises HistoryUnavailable."""
        here = (self._here(),)
        counts = await self._database.fetch(
            "SELECT reason, count(*), sum(size_bytes), min(put_us) FROM trash WHERE results_dir = ? GROUP BY"
            " reason",
            here,
        )
        if not counts:
            return TrashReport()
        now_us = (await peek(self._database.fetch)).now_us
        left_us = min(put_us for *_, put_us in counts) + trash_days * DAY_US - now_us
        return TrashReport(
            runs=sum(runs for _, runs, _, _ in counts),
            size_bytes=sum(size for _, _, size, _ in counts),
            reasons={reason: runs for reason, runs, _, _ in counts},
            days_left=round(max(0.0, left_us / DAY_US), 2),
        )

    async def _restore(self, run_id: str) -> str | None:
        """Restore one run; return the reason if that failed."""
        if not await asyncio.to_thread(self._trash.give_back, [run_id]):
            return "its folder could not be moved back"
        try:
            run = await asyncio.to_thread(self._folders.read, run_id)
        except (OSError, ValueError) as error:
            run, reason = None, str(error).splitlines()[0][:200]
        else:
            reason = "its folder has no run.json"
        if run is None:
            return f"its folder is back, but {reason}"
        async with self._database.atomic() as connection:
            witness = await look(connection)
            await write(connection, [run], self._here())
            await connection.execute(SET_AGE, (witness.now_us, to_us(run.created_at), run_id))
            await connection.execute("DELETE FROM trash WHERE run_id = ?", (run_id,))
        return None

    async def _keep_documents(self, run_ids: Iterable[str]) -> None:
        """Create a folder with run.json for those runs that had none."""
        for run_id in run_ids:
            if not (self._trash.path / run_id / RunFile.RUN_JSON).exists():
                with suppress(OSError, ValueError):
                    if run := await read(self._database, run_id):
                        await asyncio.to_thread(self._trash.add, run)

    async def _remove_rows(self, removals: Sequence[Removal], *, keep: bool) -> None:
        async with self._database.atomic() as connection:
            began = time.monotonic()
            await delete(connection, *(removal.run.run_id for removal in removals))
            if keep:
                now_us = (await look(connection)).now_us
                rows = [
                    (removal.run.run_id, self._here(), now_us, removal.run.size_bytes, removal.reason)
                    for removal in removals
                ]
                await connection.executemany(_PUT, rows)
        held_s = time.monotonic() - began
        self.batch = max(_FEWEST, self.batch // 2) if held_s > _HELD_S else min(_MOST, self.batch + 2)

    async def _rows(self) -> list[tuple[str, int, int]]:
        rows = await self._database.fetch(
            "SELECT run_id, put_us, size_bytes FROM trash WHERE results_dir = ? ORDER BY put_us, run_id",
            (self._here(),),
        )
        return [tuple(row) for row in rows]

    async def _forget(self, run_ids: Sequence[str]) -> None:
        if run_ids:
            async with self._database.atomic() as connection:
                await connection.executemany(
                    "DELETE FROM trash WHERE run_id = ?", [(run_id,) for run_id in run_ids]
                )

    def _give_back(self, run_id: str) -> None:
        if (
            not self._trash.give_back([run_id])
            and RunFolder(self._folders.results_dir, run_id).run_json.exists()
        ):
            # The run was imported again in the meantime
            self._trash.empty([run_id])

    def _lacking_bytes(self) -> int:
        try:
            return _LITTLE_BYTES - shutil.disk_usage(self._folders.results_dir).free
        except OSError:
            return 0

    def _here(self) -> str:
        return os.path.realpath(self._folders.results_dir)
