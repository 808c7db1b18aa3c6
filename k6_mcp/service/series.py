"""One request run several times in a row: each repeat is a run, and the first id names all of them."""

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

# In another server's series, the next repeat begins within this time, or there is none.
_NEXT_WITHIN = timedelta(seconds=10)
_KEPT_IN_MEMORY = 100
StartNext = Callable[[str, int], Awaitable[Run]]

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Series:
    """A series that this process drives."""

    first: str
    repeats: int
    current: str
    ended: list[Run] = field(default_factory=list[Run])
    stopped: bool = False
    done: anyio.Event = field(default_factory=anyio.Event)


class Repeats:
    """The series of this process, each driven by its own task.

    The queue treats every repeat like any other run.
    """

    def __init__(self, queue: RunQueue, history: History) -> None:
        self._queue = queue
        self._history = history
        self._series: dict[str, _Series] = {}
        self._past: OrderedDict[str, list[Run]] = OrderedDict()

    def drive(self, first: Run, repeats: int, start_next: StartNext, tasks: TaskGroup) -> None:
        """Repeat the request of `first` until it has run `repeats` times.

        Stop after the first run that does not complete.
        """
        series = _Series(first.run_id, repeats, first.run_id)
        self._series[first.run_id] = series
        tasks.start_soon(self._drive, series, start_next)

    def stop(self, run_id: str) -> str | None:
        """Let no repeat follow in the series of `run_id`.

        Return its current run, or None if there is no such series.
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

    def end_of(self, run_id: str) -> anyio.Event | None:
        """Return the event for the end of the series that began with `run_id`.

        Return None if this process drives no such series.
        """
        series = self._series.get(run_id)
        return series.done if series else None

    async def overview(self, first: Run) -> Run:
        """Return one run that represents the series of `first`.

        This is the current repeat, or the worst one once the series is over.
        """
        if series := self._series.get(first.run_id):
            live_run = self._queue.live_run(series.current)
            return _under_way(
                first, self._queue.snapshot(live_run) if live_run else None, series.ended, series.repeats
            )
        runs = self._past.get(first.run_id) or [*await self._history.repeats(first.run_id)] or [first]
        repeats = first.asked.repeat or len(runs)
        ended = [run for run in runs if run.status in FINAL]
        # The unfinished repeats run in another process.
        if len(ended) < len(runs):
            return _under_way(first, next(run for run in runs if run.status not in FINAL), ended, repeats)
        if _one_more(runs, repeats, self._history.server_id):
            return _under_way(first, None, ended, repeats)
        return worst(runs).with_series(series_of(runs, first.run_id, repeats))

    async def unfinished(self, first: str) -> str | None:
        """Return the repeat that runs in another process, or None if there is none."""
        return next(
            (run.run_id for run in await self._history.repeats(first) if run.status not in FINAL), None
        )

    async def _drive(self, series: _Series, start_next: StartNext) -> None:
        try:
            while (ended := await self._ended(series)) and len(series.ended) < series.repeats:
                if series.stopped or ends_series(ended):
                    break
                run = await start_next(series.first, len(series.ended) + 1)
                series.current = run.run_id
        except K6McpError as error:
            # k6 or the script's file no longer exists.
            log.warning("series %s ends: %s", series.first, error)
        except Exception:
            log.exception("series %s", series.first)
        finally:
            self._past[series.first] = series.ended
            if len(self._past) > _KEPT_IN_MEMORY:
                self._past.popitem(last=False)
            del self._series[series.first]
            series.done.set()

    async def _ended(self, series: _Series) -> Run | None:
        if live_run := self._queue.live_run(series.current):
            await live_run.done.wait()
        run = self._queue.finished(series.current)
        if run is not None:
            series.ended.append(run)
        return run


def _under_way(first: Run, current: Run | None, ended: list[Run], repeats: int) -> Run:
    """Return the whole series as one running test: the first id, and the percentage over all repeats."""
    series = series_of(ended, first.run_id, repeats)
    # The series is between two repeats.
    if current is None or current.status in FINAL:
        return first.between_repeats(series)
    live = current.live
    if live is not None and live.percent is not None:
        live = live.changed(percent=(len(ended) * 100 + live.percent) / repeats)
    return current.as_series(first, live, series)


def _one_more(runs: list[Run], repeats: int, server_id: str) -> bool:
    """Return whether another server may be about to begin the next repeat."""
    last = runs[-1]
    if len(runs) >= repeats or last.server_id == server_id or ends_series(last) or last.ended_at is None:
        return False
    return datetime.now(UTC) - last.ended_at < _NEXT_WITHIN
