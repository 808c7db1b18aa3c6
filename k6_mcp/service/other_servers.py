"""Running tests of other servers: what k6 has recorded of them so far, read as it grows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from k6_mcp.analysis.measure.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from k6_mcp.models.run import Run
    from k6_mcp.runners.base import Runner

T = TypeVar("T")
# Records that are held. One of an hour-long run takes up to a few MB; one that was dropped is read again.
_MOST = 10


class Following:
    """Reads the records of runs that are not driven here; of those going on, each look reads only what came
    since the last one.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._going_on: OrderedDict[str, _Followed] = OrderedDict()

    async def look(self, run: Run, tell: Callable[[Record], T]) -> T:
        """Return what `tell` says of the run's record as far as it is written and still there, else of an
        empty one.

        `tell` is called in a thread; it may keep nothing of the record, which goes on.
        """
        return await anyio.to_thread.run_sync(self._followed(run).look, tell)

    def forget(self, run_id: str) -> None:
        """Let go of a run that is over."""
        self._going_on.pop(run_id, None)

    def _followed(self, run: Run) -> _Followed:
        followed = self._going_on.pop(run.run_id, None)
        if followed is None or followed.server_id != run.server_id:
            followed = _Followed(self._runner, run)
        if run.status == "running":
            self._going_on[run.run_id] = followed
            if len(self._going_on) > _MOST:
                self._going_on.popitem(last=False)
        return followed


class _Followed:
    """One record and how far it was read. One caller at a time: a look that was given up may still be reading
    in its thread.
    """

    def __init__(self, runner: Runner, run: Run) -> None:
        self.server_id = run.server_id
        self._runner = runner
        self._run = run
        self._turn = threading.Lock()
        self._begin()

    def look(self, tell: Callable[[Record], T]) -> T:
        with self._turn:
            # When a run ends, its record is removed or replaced by one without secrets
            if not self._read():
                self._begin()
                self._read()
            return tell(self._record)

    def _begin(self) -> None:
        self._record = record_of(self._run)
        self._read = self._runner.follow(self._run.run_id, self._record.feed)


def record_of(run: Run) -> Record:
    """Return an empty record that reads what k6 was asked to write for `run`."""
    return Record(run.plan is None or run.plan.tells_scenarios)
