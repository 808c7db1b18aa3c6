"""Removal of runs beyond the limits: rows and folders together, a few at a time, one process at a time."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.cleanup_pass import Manner, Pass
from k6_mcp.history.database import Database
from k6_mcp.history.disk_space import Space
from k6_mcp.history.elapsed_time import Witness, look, peek
from k6_mcp.history.removing import Removals
from k6_mcp.history.runs import ids_of_repeats
from k6_mcp.history.server_locks import FileLock
from k6_mcp.history.shield import shielded
from k6_mcp.models.prune import PruneReport, RestoreReport, SpaceReport, TrashReport
from k6_mcp.models.retention import Retention
from k6_mcp.models.wording import count
from k6_mcp.workspace.run_json import Folders

_EVERY_S = 3600.0
_AUTOMATIC_S = 30.0
# A client may still be reading about a run that ended recently; a run lasts about an hour at most
_SPARED = timedelta(hours=2)
_NAMED = 5

log = logging.getLogger(__name__)
Protected = Callable[[], Awaitable[frozenset[str]]]


class Cleanup:
    """Keeps the history within its limits.

    `protected` returns the runs that must stay; their repeats stay too.
    """

    def __init__(self, database: Database, folders: Folders, protected: Protected) -> None:
        self._database = database
        self._results_dir = folders.results_dir
        self._protected = protected
        self._space = Space(database, folders)
        self._removing = Removals(database, folders)
        self._stamp = folders.results_dir / "last-prune"

    async def prune(
        self, limits: Retention, *, dry_run: bool = False, by_clock: bool = False, for_good: bool = False
    ) -> PruneReport:
        """Move every ended run beyond `limits` to the trash; with `dry_run` only report them.

        Ages are those that the history has measured, or with `by_clock` those of this machine's clock.
        `for_good` deletes the runs permanently and empties the trash.

        Raises:
            HistoryUnavailable: If the database cannot be used, or another process is cleaning up.
        """
        if dry_run:
            return await self._pass(limits, Manner(dry_run=True, by_clock=by_clock))
        async with self._alone():
            return await self._pass(limits, Manner(by_clock=by_clock, for_good=for_good))

    async def restore(self, run_ids: Iterable[str] | None = None) -> RestoreReport:
        """Restore runs from the trash, all without `run_ids`; they count as stored since now.

        Raises HistoryUnavailable.
        """
        async with self._alone():
            return await self._removing.restore(run_ids)

    async def tidy(self, limits: Retention, within_s: float = _AUTOMATIC_S) -> None:
        """Prune automatically: about once an hour among all servers, for a bounded time.

        Runs of the last two hours stay. Never raises: failures and removed runs are logged.
        """
        try:
            if not await asyncio.to_thread(self._due) or (lock := await self._lock()) is None:
                return
            try:
                # Another server may have been first
                if await asyncio.to_thread(self._due):
                    await asyncio.to_thread(self._touch)
                    report = await self._pass(limits, Manner(spare=_SPARED, within_s=within_s))
                    _log(report)
            finally:
                await shielded(asyncio.to_thread(lock.release))
        except (HistoryUnavailable, OSError) as error:
            log.warning("old runs could not be removed: %s", error)

    async def space(self, within_s: float) -> SpaceReport:
        """Return the space that the runs take; new runs are measured for at most `within_s`.

        Raises HistoryUnavailable.
        """
        return await self._space.measure(within_s)

    async def trash(self, limits: Retention) -> TrashReport:
        """Return the content of the trash. Raises HistoryUnavailable."""
        return await self._removing.report(limits.trash_days)

    async def witness(self) -> Witness:
        """Return the time that this history has measured. Raises HistoryUnavailable."""
        return await peek(self._database.fetch)

    async def resized(self, run_id: str) -> None:
        """Have a run measured again, because a file was added to its folder. Raises HistoryUnavailable."""
        await self._space.forget(run_id)

    async def spared(self) -> frozenset[str]:
        """Return the runs that no limit removes: the protected ones and their repeats.

        Raises HistoryUnavailable.
        """
        run_ids = await self._protected()
        return run_ids.union(*[await ids_of_repeats(self._database, run_id) for run_id in sorted(run_ids)])

    async def _pass(self, limits: Retention, manner: Manner) -> PruneReport:
        if manner.dry_run:
            witness = await self.witness()
        else:
            async with self._database.atomic() as connection:
                witness = await look(connection)
        return await Pass(self._space, self._removing, self.spared, limits, manner, witness).report()

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None]:
        if (lock := await self._lock()) is None:
            raise HistoryUnavailable(
                "another process is removing old runs", hint="wait until it is done", kind="locked"
            )
        try:
            yield
        finally:
            await shielded(asyncio.to_thread(lock.release))

    async def _lock(self) -> FileLock | None:
        try:
            return await shielded(asyncio.to_thread(FileLock.acquire, self._results_dir / "prune.lock"))
        except OSError as error:
            reason = f"{self._results_dir} cannot be written: {error.strerror or error}"
            raise HistoryUnavailable(
                reason, hint="let this user write to it, or set K6_RESULTS_DIR", kind="readonly"
            ) from error

    def _due(self) -> bool:
        try:
            return not 0 <= time.time() - self._stamp.stat().st_mtime < _EVERY_S
        except OSError:
            return True

    def _touch(self) -> None:
        Path(self._stamp).touch(0o600)


def _log(report: PruneReport) -> None:
    if not report.removed and not report.deleted and not report.postponed:
        log.info("cleanup: nothing to remove, %s kept", count(report.kept, "run"))
        return
    named = ", ".join(f"{run.run_id} ({run.reason})" for run in report.listed[:_NAMED])
    more = f" and {report.removed - _NAMED} more" if report.removed > _NAMED else ""
    log.warning(
        "cleanup: %s removed%s; %s deleted permanently from the trash; %s left for the next cleanup;"
        " `k6-mcp prune --restore RUN` restores a run from the trash",
        count(report.removed, "run"),
        f" ({named}{more})" if named else "",
        count(report.deleted, "run"),
        count(report.postponed, "old run"),
    )
