"""Running tests of other servers, read from the records that k6 writes."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.run import Run
from k6_mcp.workspace.workspace import Workspace

T = TypeVar("T")
# This many records stay in memory. The record of an hour-long run takes up to a few MB. A dropped one is read
# again.
_MOST = 10


class OtherServersRuns:
    """Reads the records of runs that other processes drive.

    Each look at a running one reads only the new lines.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._followed_runs: OrderedDict[str, _Followed] = OrderedDict()

    async def look(self, run: Run, read: Callable[[Record], T]) -> T:
        """Return the result of `read` for the run's record so far, or for an empty one without a record.

        `read` is called in a thread. It must keep no part of the record, which keeps growing.
        """
        return await anyio.to_thread.run_sync(self._followed(run).look, read)

    def forget(self, run_id: str) -> None:
        """Release the record of a run that is over."""
        self._followed_runs.pop(run_id, None)

    def _followed(self, run: Run) -> "_Followed":
        followed = self._followed_runs.pop(run.run_id, None)
        if followed is None or followed.server_id != run.server_id:
            followed = _Followed(self._workspace, run)
        if run.status == "running":
            self._followed_runs[run.run_id] = followed
            if len(self._followed_runs) > _MOST:
                self._followed_runs.popitem(last=False)
        return followed


class _Followed:
    """One record and the position up to which it was read.

    Only one caller reads at a time, because an abandoned look can still be reading in its thread.
    """

    def __init__(self, workspace: Workspace, run: Run) -> None:
        self.server_id = run.server_id
        self._workspace = workspace
        self._run = run
        self._turn = threading.Lock()
        self._begin()

    def look(self, read: Callable[[Record], T]) -> T:
        with self._turn:
            # The record was removed, or replaced by one without secrets, because the run has ended.
            if not self._feed_new_lines():
                self._begin()
                self._feed_new_lines()
            return read(self._record)

    def _begin(self) -> None:
        self._record = empty_record(self._run)
        self._feed_new_lines = self._workspace.follow(self._run.run_id, self._record.feed)


def empty_record(run: Run) -> Record:
    """Return an empty record for the lines that k6 writes for `run`."""
    return Record(run.plan is None or run.plan.tells_scenarios)
