"""Search for runs: pages, ids and statistics.

While the database is unavailable, the newest run folders are read instead.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history import runs
from k6_mcp.history.baselines import Baselines
from k6_mcp.history.database import Database
from k6_mcp.history.filters import bounds
from k6_mcp.history.pages import FoundPage, find, select, with_waiting
from k6_mcp.history.past_runs import read_past
from k6_mcp.models.history import HistoryPage, HistoryQuery
from k6_mcp.models.past_runs import Past
from k6_mcp.models.run import Run
from k6_mcp.models.wording import count
from k6_mcp.workspace.run_json import Folders

# Bounds the time of a page that is read from folders
_FOLDERS_READ = 500
_REMOVED = (
    "the database file was removed while in use, and a new one was created; `k6-mcp rebuild` restores earlier"
    " runs"
)


class Catalog:
    """The reading side of the history."""

    def __init__(self, database: Database, folders: Folders, baselines: Baselines) -> None:
        self._database = database
        self._folders = folders
        self._baselines = baselines
        self._turn = asyncio.Lock()
        self._waiting: dict[HistoryQuery, asyncio.Future[FoundPage]] = {}

    async def page(self, query: HistoryQuery, pending: Mapping[str, Run]) -> HistoryPage:
        """Return one page of runs, newest first; `pending` are those not yet in the database.

        Raises:
            InvalidArguments: If the cursor isn't one of get_history.
        """
        bounds(query)
        try:
            found = await self._find(query)
        except HistoryUnavailable as error:
            newest = await asyncio.to_thread(self._newest)
            why = (
                f"{'; '.join(error.reasons)}: these runs were read from the newest {_FOLDERS_READ} run"
                f" folders ({error.hint})"
            )
            return await self._marked(select((newest | dict(pending)).values(), query, why), None)
        page = with_waiting(found.page, pending, query) if pending else found.page
        remarks = [page.degraded, _REMOVED if self._database.replaced else None, _waiting(len(pending))]
        return await self._marked(
            page.changed(degraded="; ".join(filter(None, remarks)) or None), found.baselines
        )

    async def past(self, since: datetime, pending: int) -> Past:
        """Return the counts of all runs since then, and the tests with most runs in detail.

        Raises HistoryUnavailable.
        """
        past = await read_past(self._database, runs.to_us(since))
        return past._replace(degraded=_waiting(pending))

    async def run_ids(self, prefix: str, limit: int) -> tuple[str, ...]:
        """Return up to `limit` ids that begin with `prefix`, newest first."""
        if not prefix.isascii():
            return ()
        try:
            return await runs.ids_by_prefix(self._database, prefix, limit)
        except HistoryUnavailable:
            ids = await asyncio.to_thread(self._folders.ids)
            return tuple([run_id for run_id in ids if run_id.startswith(prefix)][:limit])

    async def _find(self, query: HistoryQuery) -> FoundPage:
        """Return the page.

        Everyone who requests the same page while another one is read gets one answer. It is read after the
        last of these requests.
        """
        waiting = self._waiting.get(query)
        if waiting is None or waiting.done():
            waiting = self._waiting[query] = asyncio.ensure_future(self._find_in_turn(query))
            waiting.add_done_callback(_retrieved)
        return await asyncio.shield(waiting)

    async def _find_in_turn(self, query: HistoryQuery) -> FoundPage:
        async with self._turn:
            self._waiting.pop(query, None)
            return await find(self._database, query)

    async def _marked(self, page: HistoryPage, mark: str | None) -> HistoryPage:
        with suppress(HistoryUnavailable):
            known = await self._baselines.ids_at(mark)
            return page.changed(baselines=tuple(run.run_id for run in page.runs if run.run_id in known))
        return page

    def _newest(self) -> dict[str, Run]:
        return {run.run_id: run for run in self._folders.read_some(self._folders.newest(_FOLDERS_READ))}


def _retrieved(done: asyncio.Future[FoundPage]) -> None:
    """Keep asyncio from reporting a failure that nobody waited for."""
    if not done.cancelled():
        done.exception()


def _waiting(number_of: int) -> str | None:
    if not number_of:
        return None
    return f"not in the database yet, because it cannot be written: {count(number_of, 'run')}"
