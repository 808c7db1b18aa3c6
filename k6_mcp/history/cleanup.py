"""Removing runs beyond the limits: rows and folders together, a few at a time, one process at a time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.database import Database
from k6_mcp.history.folders import Folders
from k6_mcp.history.owners import FileLock
from k6_mcp.history.retention import Excess, Removal
from k6_mcp.history.runs import delete, ids_of_repeats
from k6_mcp.history.shelter import shielded
from k6_mcp.history.space import Space
from k6_mcp.history.trash import Trash
from k6_mcp.models.prune import Pruned, PruneReport, SpaceReport
from k6_mcp.models.retention import Retention

_FEWEST, _MOST = 1, 50  # runs per transaction
_HELD_S = 0.02  # how long a transaction should keep other writers waiting; the number of runs follows from the last ones
_PAUSE_S = 0.01  # between batches, for those writers
_LISTED = 100
_EVERY_S = 3600.0
_AUTOMATIC_S = 30.0
_MEASURING_S = 86_400.0
_SPARED = timedelta(hours=2)  # somebody may still be reading about a run that ended lately; a run lasts about an hour at most

log = logging.getLogger(__name__)
Protected = Callable[[], Awaitable[frozenset[str]]]


class Cleanup:
    """Keeps the history within its limits. `protected` tells the runs that must stay; their repeats stay too."""

    def __init__(self, database: Database, folders: Folders, protected: Protected) -> None:
        self._database = database
        self._results_dir = folders.results_dir
        self._protected = protected
        self._space = Space(database, folders)
        self._trash = Trash(folders.results_dir)
        self._stamp = folders.results_dir / "last-prune"
        self.batch = 10  # runs per transaction at present

    async def prune(self, limits: Retention, *, dry_run: bool = False) -> PruneReport:
        """Remove every ended run beyond `limits`, or tell which those are.

        Raises:
            HistoryUnavailable: If the database cannot be used, or another process is cleaning up.
        """
        if dry_run:
            return await _Pass(self, limits, dry_run=True).report()
        if (lock := await self._lock()) is None:
            raise HistoryUnavailable("another process is removing old runs", hint="wait until it is done", kind="locked")
        try:
            return await _Pass(self, limits).report()
        finally:
            await asyncio.to_thread(lock.release)

    async def tidy(self, limits: Retention, within_s: float = _AUTOMATIC_S) -> None:
        """Do the same by itself: about once an hour among all servers, for a bounded time; runs of the last two hours stay.

        Never raises: what goes wrong is logged.
        """
        try:
            if not await asyncio.to_thread(self._due) or (lock := await self._lock()) is None:
                return
            try:
                if await asyncio.to_thread(self._due):  # another server may have been first
                    await asyncio.to_thread(self._stamp.touch, 0o600)
                    report = await _Pass(self, limits, spare=_SPARED, within_s=within_s).report()
                    log.info("cleanup: %d runs removed, %d bytes freed", report.removed, report.freed_bytes)
            finally:
                await shielded(asyncio.to_thread(lock.release))
        except (HistoryUnavailable, OSError) as error:
            log.warning("old runs could not be removed: %s", error)

    async def space(self, within_s: float) -> SpaceReport:
        """Return what the runs take; what was never measured is, `within_s` at most. Raises HistoryUnavailable."""
        return await self._space.measure(within_s)

    async def resized(self, run_id: str) -> None:
        """Have a run measured again, because a file was added to its folder. Raises HistoryUnavailable."""
        await self._space.forget(run_id)

    async def _lock(self) -> FileLock | None:
        try:
            return await shielded(asyncio.to_thread(FileLock.acquire, self._results_dir / "prune.lock"))
        except OSError as error:
            reason = f"{self._results_dir} cannot be written: {error.strerror or error}"
            raise HistoryUnavailable(reason, hint="let this user write to it, or set K6_RESULTS_DIR", kind="readonly") from error

    def _due(self) -> bool:
        try:
            return not 0 <= time.time() - self._stamp.stat().st_mtime < _EVERY_S
        except OSError:
            return True

    async def spared(self) -> frozenset[str]:
        """Return the runs that no limit removes: the protected ones and their repeats. Raises HistoryUnavailable."""
        run_ids = await self._protected()
        return run_ids.union(*[await ids_of_repeats(self._database, run_id) for run_id in sorted(run_ids)])

    async def settle(self) -> None:
        """Finish what an interrupted removal began: a run that still has its row gets its folder back, others go for good."""
        await asyncio.to_thread(self._trash.sweep)
        for run_id in await asyncio.to_thread(self._trash.run_ids):
            known = await self._database.fetch("SELECT 1 FROM documents WHERE run_id = ?", (run_id,))
            await shielded(asyncio.to_thread(self._trash.give_back if known else self._trash.empty, [run_id]))

    async def remove(self, run_ids: Sequence[str]) -> tuple[frozenset[str], list[str]]:
        """Remove runs, folder first aside, then rows, then the folder; return those that are gone and what hindered the others."""
        gone, problems = await asyncio.to_thread(self._trash.take, run_ids)
        try:
            await self._remove_rows(gone)
        except HistoryUnavailable as error:
            if error.kind != "full":
                await asyncio.to_thread(self._trash.give_back, gone)
                raise
            await asyncio.to_thread(self._trash.empty, gone)  # makes the room that the database needs to forget them
            self._database.forgive()
            await self._remove_rows(gone)
        await asyncio.to_thread(self._trash.empty, gone)
        return frozenset(gone), problems

    async def _remove_rows(self, run_ids: Sequence[str]) -> None:
        async with self._database.atomic() as connection:
            began = time.monotonic()
            await delete(connection, *run_ids)
        held_s = time.monotonic() - began
        self.batch = max(_FEWEST, self.batch // 2) if held_s > _HELD_S else min(_MOST, self.batch + 2)

    def pages(self) -> Space:
        """Return where sizes are told."""
        return self._space


class _Pass:
    """One way through the history, from the oldest run on."""

    def __init__(
        self,
        cleanup: Cleanup,
        limits: Retention,
        *,
        dry_run: bool = False,
        spare: timedelta | None = None,
        within_s: float | None = None,
    ) -> None:
        self._cleanup = cleanup
        self._limits = limits
        self._dry_run = dry_run
        self._spare = spare
        self._until = None if within_s is None else time.monotonic() + within_s
        self._removed: list[Removal] = []
        self._count = 0
        self._freed_bytes = 0
        self._problems: list[str] = []
        self._complete = True

    async def report(self) -> PruneReport:
        """Go through, and return what was done."""
        if not self._dry_run:
            await self._cleanup.settle()
        left_s = _MEASURING_S if self._until is None else self._until - time.monotonic()
        space = await self._cleanup.space(left_s)
        excess = Excess.of(space.runs, space.size_bytes, self._limits, datetime.now(UTC), self._spare)
        protected = await self._cleanup.spared()
        async for page in self._cleanup.pages().ended():
            if page and excess.ends_before(page[0].created_us):
                break
            chosen = [*excess.choose(page, protected)]
            if not await self._take(chosen):
                break
        return PruneReport(
            dry_run=self._dry_run,
            limits=self._limits,
            removed=self._count,
            freed_bytes=self._freed_bytes,
            listed=tuple(_told(removal) for removal in self._removed),
            protected=len(excess.spared),
            kept=space.runs - self._count,
            kept_bytes=space.size_bytes - self._freed_bytes,
            problems=tuple(self._problems[:_LISTED]),
            complete=self._complete,
        )

    async def _take(self, chosen: list[Removal]) -> bool:
        while chosen:
            if self._until is not None and time.monotonic() >= self._until:
                self._complete = False
                return False
            batch, chosen = chosen[: self._cleanup.batch], chosen[self._cleanup.batch :]
            gone = frozenset(removal.run.run_id for removal in batch)
            if not self._dry_run:
                batch, gone = await self._remove(batch)
            self._note([removal for removal in batch if removal.run.run_id in gone])
        return True

    async def _remove(self, batch: list[Removal]) -> tuple[list[Removal], frozenset[str]]:
        protected = await self._cleanup.spared()  # a run may have become a baseline since
        batch = [removal for removal in batch if removal.run.run_id not in protected]
        gone, problems = await shielded(self._cleanup.remove([removal.run.run_id for removal in batch]))
        self._problems += problems
        await asyncio.sleep(_PAUSE_S)
        return batch, gone

    def _note(self, gone: list[Removal]) -> None:
        self._removed += gone[: _LISTED - len(self._removed)]
        self._count += len(gone)
        self._freed_bytes += sum(removal.run.size_bytes for removal in gone)


def _told(removal: Removal) -> Pruned:
    run = removal.run
    created_at = datetime.fromtimestamp(run.created_us / 1_000_000, UTC)
    return Pruned(run_id=run.run_id, created_at=created_at, size_bytes=run.size_bytes, reason=removal.reason)
