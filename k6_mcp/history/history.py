"""The history: every run in the database and, as its backup, in its own folder.

Most of it is imported at its first use, since a process for one test waits for each import.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history import runs
from k6_mcp.history.baselines import Baselines
from k6_mcp.history.database import Database
from k6_mcp.history.orphaned_runs import OrphanedRuns
from k6_mcp.history.server_locks import Owners
from k6_mcp.history.shield import shielded
from k6_mcp.history.storage_notices import only_in_folders, outside_notice, trouble_notice
from k6_mcp.models.run import FINAL, Notice, Run
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.workspace.report_files import write_report
from k6_mcp.workspace.run_json import Folders
from k6_mcp.workspace.timelines import read_timeline, remove_record, write_timeline
from k6_mcp.workspace.workspace import Workspace

if TYPE_CHECKING:
    from k6_mcp.history.archives import Archives
    from k6_mcp.history.catalog import Catalog
    from k6_mcp.history.cleanup import Cleanup
    from k6_mcp.models.comparison import Baseline
    from k6_mcp.models.history import HistoryPage, HistoryQuery, RebuildReport
    from k6_mcp.models.past_runs import Past
    from k6_mcp.models.service_answers import Component
    from k6_mcp.models.timeline import Timeline

# After trouble with the database, requests fail immediately for this time instead of waiting each
_RETRY_S = 5.0
# Runs in memory that the database could not take; each one is in its folder too
_MOST_PENDING = 1000


class History:
    """Stores runs and finds them again.

    Trouble with the database or a folder causes notices, never an exception or the loss of a run. Runs that
    the database could not take are written to it as soon as it can be written again.
    """

    def __init__(self, workspace: Workspace, database: Path, *, retry_s: float = _RETRY_S) -> None:
        self._workspace, self._folders = workspace, Folders(workspace.results_dir)
        self._owners = Owners(workspace.results_dir)
        self._database = Database(database.absolute(), retry_s)
        self._orphaned = OrphanedRuns(self._database, self._folders, self._owners)
        self._baselines = Baselines(workspace.results_dir, self._database)
        self._pending: dict[str, Run] = {}
        self._saving = asyncio.Lock()
        self._left_in_folders = 0

    async def __aenter__(self) -> Self:
        try:
            await shielded(asyncio.to_thread(self._enter))
        except BaseException:
            await shielded(self._leave())
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await shielded(self._leave())

    @property
    def server_id(self) -> str:
        """The name of this process in its own runs."""
        return self._owners.server_id

    @cached_property
    def archives(self) -> Archives:
        """Export and import of runs as files."""
        from k6_mcp.history.archives import Archives

        return Archives(self._folders, self.get, self.save)

    @cached_property
    def cleanup(self) -> Cleanup:
        """The removal of old runs."""
        from k6_mcp.history.cleanup import Cleanup

        return Cleanup(self._database, self._folders, self._baselines.ids)

    async def get_ready(self) -> None:
        """Open the database before the first save. Never raises."""
        with suppress(HistoryUnavailable):
            await self._database.open()

    async def save(self, run: Run) -> tuple[Notice, ...]:
        """Keep a run, first in its folder, then in the database; return a notice for each that failed.

        `outside` is the folder that has the run's files, if that isn't here. A cancellation waits until the
        run is stored.
        """
        return await shielded(self._save(run))

    async def move_home(self, run_id: str) -> tuple[Notice, ...]:
        """Move a run's files from a temporary folder to where runs are kept.

        Return a notice with their location if that fails. `save` comes next.
        """
        if self._workspace.temporary_folder(run_id) is None:
            return ()
        try:
            await shielded(asyncio.to_thread(self._workspace.move_home, run_id))
        except OSError as error:
            return (outside_notice(self._workspace.folder(run_id), self._workspace.results_dir, error),)
        return ()

    async def keep_timeline(self, run_id: str, versions: Iterable[Timeline]) -> tuple[Notice, ...]:
        """Write a run's timeline: the first of ever smaller `versions` that is small enough.

        A notice reports a failure.
        """
        try:
            await shielded(asyncio.to_thread(write_timeline, self._folders.results_dir, run_id, versions))
        except (OSError, ValueError) as error:
            return (
                trouble_notice(
                    "timeline_unavailable", f"the timeline of {run_id} could not be written", error
                ),
            )
        return ()

    async def timeline(self, run_id: str) -> Timeline | None:
        """Return a run's timeline, None if none is kept or it is damaged."""
        return await asyncio.to_thread(read_timeline, self._folders.results_dir, run_id)

    async def remove_record(self, run_id: str) -> None:
        """Remove k6's record of a run that is over, if its timeline is kept."""
        await shielded(asyncio.to_thread(remove_record, self._folders.results_dir, run_id))

    async def get(self, run_id: str) -> Run | None:
        """Return a run, or None if no run has this id."""
        if not RUN_ID.match(run_id):
            return None
        if run_id in self._pending:
            return self._pending[run_id]
        run = None
        with suppress(HistoryUnavailable, ValueError):
            run = await runs.read(self._database, run_id)
        # The folder is written first, so it is never older than the row
        if run is None or run.status not in FINAL:
            run = next(iter(await asyncio.to_thread(self._read_folders, [run_id])), run)
        return run

    async def page(self, query: HistoryQuery) -> HistoryPage:
        """Return one page of runs, newest first, with key figures but without plans, checks and metric rows.

        Raises:
            InvalidArguments: If the cursor isn't one of get_history.
        """
        await self._catch_up()
        page = await self._catalog.page(query, self._pending)
        return page.changed(degraded=page.degraded or only_in_folders(self._left_in_folders))

    async def baselines(self) -> Mapping[str, Baseline]:
        """Return the baseline of each test by its name. Raises HistoryUnavailable."""
        return await self._baselines.all()

    async def set_baseline(self, baseline: Baseline) -> None:
        """Store a baseline in place of the one with the same name. Raises HistoryUnavailable."""
        await self._baselines.set(baseline)

    async def repeats(self, run_id: str) -> tuple[Run, ...]:
        """Return the runs that repeat one request, in their order.

        A run that was not repeated is returned alone, if it exists.
        """
        run_ids: tuple[str, ...] = (run_id,)
        with suppress(HistoryUnavailable):
            await self._catch_up()
            run_ids = await runs.ids_of_repeats(self._database, run_id)
        repeats = {run.run_id: run for run in self._pending.values() if run.repeat_of == run_ids[0]}
        for repeat_id in run_ids:
            if repeat_id not in repeats and (run := await self.get(repeat_id)):
                repeats[repeat_id] = run
        return tuple(sorted(repeats.values(), key=lambda run: (run.repeat or 0, run.created_at)))

    async def past(self, since: datetime) -> Past:
        """Return the counts of all runs since then, and the tests with most runs in detail.

        Raises HistoryUnavailable.
        """
        await self._catch_up()
        return await self._catalog.past(since, len(self._pending))

    async def run_ids(self, prefix: str, limit: int) -> tuple[str, ...]:
        """Return up to `limit` ids that begin with `prefix`, newest first."""
        return await self._catalog.run_ids(prefix, limit)

    async def orphans(self) -> tuple[Run, ...]:
        """Return the queued and running runs whose server is dead, oldest first.

        `claim` a run before you end it. Runs that ended without the database are written to it here.
        """
        await self._catch_up()
        found = await self._orphaned.find()
        self._left_in_folders = max(self._left_in_folders, found.unread)
        if found.finished:
            with suppress(HistoryUnavailable, ValueError):
                await shielded(self._store(found.finished, from_folders=True))
        return tuple(sorted(found.dead, key=lambda run: run.created_at))

    async def claim(self, run_id: str) -> bool:
        """Return whether the caller alone may end this orphan.

        The claim ends when the final run is saved, or with this process.
        """
        return await shielded(self._orphaned.claim(run_id, self.get))

    async def rebuild(self) -> RebuildReport:
        """Restore the database from the run folders.

        A damaged file is set aside, a healthy one is added to.

        Raises:
            HistoryUnavailable: If the database can neither be written nor replaced.
        """
        from k6_mcp.history.rebuild import rebuild_from_folders

        report = await shielded(rebuild_from_folders(self._database, self._folders, self._results_dir()))
        await shielded(self._baselines.restore())
        self._database.replaced = False
        self._left_in_folders = 0
        return report

    async def keep_report(self, run_id: str, name: str, content: bytes) -> Path:
        """Write a report into a run's folder and return its path. Raises ReportUnavailable."""
        path = await asyncio.to_thread(write_report, self._folders.results_dir, run_id, name, content)
        with suppress(HistoryUnavailable):
            await self.cleanup.resized(run_id)
        return path

    async def health(self) -> tuple[Component, ...]:
        """Return the state of the database and of the disk with the run folders, both tried now."""
        from k6_mcp.history.health import database_health, disk_health

        database = await database_health(self._database, self._left_in_folders)
        return (database, await asyncio.to_thread(disk_health, self._folders.results_dir))

    def _enter(self) -> None:
        # Every save tries again, and reports a failure
        with suppress(OSError):
            self._folders.prepare()
        self._owners.enter()

    @cached_property
    def _catalog(self) -> Catalog:
        from k6_mcp.history.catalog import Catalog

        return Catalog(self._database, self._folders, self._baselines)

    async def _leave(self) -> None:
        try:
            self._database.forgive()
            with suppress(HistoryUnavailable, ValueError):
                await self._catch_up()
        finally:
            # This must happen even if the loop ends meanwhile
            try:
                await self._database.end()
            finally:
                await asyncio.to_thread(self._owners.leave)

    async def _save(self, run: Run) -> tuple[Notice, ...]:
        # Two saves of one run keep their order
        async with self._saving:
            notices = await asyncio.to_thread(self._back_up, run)
            try:
                await self._store([run])
            except (HistoryUnavailable, ValueError) as error:
                notices.append(
                    trouble_notice("history_unavailable", "the run is not in the history database yet", error)
                )
            if run.status in FINAL:
                await asyncio.to_thread(self._owners.unclaim, run.run_id)
        return tuple(notices)

    def _back_up(self, run: Run) -> list[Notice]:
        self._owners.stay()
        try:
            temporary = self._workspace.temporary_folder(run.run_id)
            (Folders(temporary.results_dir) if temporary else self._folders).write(run)
        except (OSError, ValueError) as error:
            return [
                trouble_notice("backup_unavailable", f"run.json of {run.run_id} could not be written", error)
            ]
        return []

    async def _store(self, fresh: list[Run], *, from_folders: bool = False) -> None:
        waiting = self._pending | {run.run_id: run for run in fresh}
        try:
            async with self._database.atomic() as connection:
                await runs.write(connection, waiting.values(), self._results_dir(), from_folders=from_folders)
        except HistoryUnavailable:
            self._pending = dict([*waiting.items()][-_MOST_PENDING:])
            raise
        self._pending = {}

    async def _catch_up(self) -> None:
        if self._pending:
            with suppress(HistoryUnavailable):
                await shielded(self._store([]))

    def _results_dir(self) -> str:
        return os.path.realpath(self._folders.results_dir)

    def _read_folders(self, run_ids: list[str]) -> list[Run]:
        return [*self._folders.read_some(run_ids)]
