"""One request run several times in a row: each a run of its own, told together under the id of the first."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import anyio
from anyio.abc import TaskGroup

from k6_mcp.analysis.many.series import ends_series, series_of, worst
from k6_mcp.errors import K6McpError
from k6_mcp.history.history import History
from k6_mcp.models.run import FINAL, Run
from k6_mcp.service.queue import RunQueue

# The next repeat of another server's series begins within this time, or there is none
_NEXT_WITHIN = timedelta(seconds=10)
_KEPT_IN_MEMORY = 100
StartNext = Callable[[str, int], Awaitable[Run]]

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Series:
    """A series that goes on here."""

    first: str
    asked: int
    current: str
    ended: list[Run] = field(default_factory=list[Run])
    stopped: bool = False
    done: anyio.Event = field(default_factory=anyio.Event)


class Repeats:
    """The series of this process, each driven by a task of its own; the queue treats every repeat like any
    other run.
    """

    def __init__(self, queue: RunQueue, history: History) -> None:
        self._queue = queue
        self._history = history
        self._series: dict[str, _Series] = {}
        self._over: OrderedDict[str, list[Run]] = OrderedDict()

    def follow(self, first: Run, asked: int, start_next: StartNext, tasks: TaskGroup) -> None:
        """Run what `first` has begun again until it has run `asked` times; a repeat that did not run as
        planned is the last.
        """
        series = _Series(first.run_id, asked, first.run_id)
        self._series[first.run_id] = series
        tasks.start_soon(self._drive, series, start_next)

    def stop(self, run_id: str) -> str | None:
        """Let no repeat follow in the series of `run_id`; return the run that goes on in it, None if no
        series does.
        """
        for series in self._series.values():
            if run_id in (series.first, series.current, *(run.run_id for run in series.ended)):
                series.stopped = True
                return series.current
        return None

    def stop_all(self) -> None:
        """Let no repeat follow in any series."""
        for series in self._series.values():
            series.stopped = True

    def going_on(self, run_id: str) -> anyio.Event | None:
        """Return what is set when the series that began with `run_id` is over, None if none goes on here."""
        series = self._series.get(run_id)
        return series.done if series else None

    async def told(self, first: Run) -> Run:
        """Return what a series is told as, given its first run: while it goes on the current repeat, else the
        one that went worst.
        """
        if series := self._series.get(first.run_id):
            ongoing = self._queue.ongoing(series.current)
            return _under_way(
                first, self._queue.snapshot(ongoing) if ongoing else None, series.ended, series.asked
            )
        runs = self._over.get(first.run_id) or [*await self._history.repeats(first.run_id)] or [first]
        asked = first.asked.repeat or len(runs)
        ended = [run for run in runs if run.status in FINAL]
        # The others run in another process
        if len(ended) < len(runs):
            return _under_way(first, next(run for run in runs if run.status not in FINAL), ended, asked)
        if _one_more(runs, asked, self._history.server_id):
            return _under_way(first, None, ended, asked)
        return worst(runs).model_copy(update={"series": series_of(runs, first.run_id, asked)})

    async def unfinished(self, first: str) -> str | None:
        """Return the repeat that runs in another process, None if there is none."""
        return next(
            (run.run_id for run in await self._history.repeats(first) if run.status not in FINAL), None
        )

    async def _drive(self, series: _Series, start_next: StartNext) -> None:
        try:
            while (ended := await self._ended(series)) and len(series.ended) < series.asked:
                if series.stopped or ends_series(ended):
                    break
                run = await start_next(series.first, len(series.ended) + 1)
                series.current = run.run_id
        except K6McpError as error:
            # k6 or the script's file is gone by now
            log.warning("series %s ends: %s", series.first, error)
        except Exception:
            log.exception("series %s", series.first)
        finally:
            self._over[series.first] = series.ended
            if len(self._over) > _KEPT_IN_MEMORY:
                self._over.popitem(last=False)
            del self._series[series.first]
            series.done.set()

    async def _ended(self, series: _Series) -> Run | None:
        if ongoing := self._queue.ongoing(series.current):
            await ongoing.done.wait()
        run = self._queue.told(series.current)
        if run is not None:
            series.ended.append(run)
        return run


def _under_way(first: Run, current: Run | None, ended: list[Run], asked: int) -> Run:
    """The whole series as one running test: under the first id, its percentage over all repeats."""
    series = series_of(ended, first.run_id, asked)
    # The series is between two repeats
    if current is None or current.status in FINAL:
        shown = first.model_copy(
            update={"metrics": None, "failure": None, "warnings": (), "ended_at": None, "exit_code": None}
        )
        return shown.model_copy(update={"status": "running", "series": series})
    live = current.live
    if live is not None and live.percent is not None:
        live = live.model_copy(update={"percent": (len(ended) * 100 + live.percent) / asked})
    shown = {
        "run_id": first.run_id,
        "created_at": first.created_at,
        "started_at": first.started_at,
        "live": live,
        "series": series,
    }
    return current.model_copy(update=shown)


def _one_more(runs: list[Run], asked: int, server_id: str) -> bool:
    """Whether another server may be about to begin the next repeat."""
    last = runs[-1]
    if len(runs) >= asked or last.server_id == server_id or ends_series(last) or last.ended_at is None:
        return False
    return datetime.now(UTC) - last.ended_at < _NEXT_WITHIN
