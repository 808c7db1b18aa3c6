"""How long the history takes to answer with 100 000 runs."""

import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from benchmarks.measure import Bench, Row, Table
from benchmarks.runs import FIRST, RUNS, SPACING, Team, fill
from k6_mcp.analysis.many.statistics import statistics as statistics_of
from k6_mcp.history.filters import Position, make_cursor
from k6_mcp.history.history import History
from k6_mcp.history.runs import to_us
from k6_mcp.models.history import HistoryQuery
from k6_mcp.workspace.workspace import Workspace

_REPEATS = 40
_GOAL_MS = 20.0
_STATISTICS_MS = 300.0
_MIDDLE = FIRST + SPACING * (RUNS // 2)
_OLDEST = FIRST + SPACING * 100
_LAST = FIRST + SPACING * RUNS

QUERIES: Mapping[str, HistoryQuery] = {
    "newest": HistoryQuery(),
    "newest, 100 a page": HistoryQuery(limit=100),
    "status, common": HistoryQuery(status="completed"),
    "status, rare": HistoryQuery(status="lost"),
    "status, none": HistoryQuery(status="queued"),
    "failure_kind": HistoryQuery(failure_kind="thresholds_exceeded"),
    "failure_kind, none": HistoryQuery(failure_kind="k6_crashed"),
    "name, common": HistoryQuery(name="test 1"),
    "name, rare": HistoryQuery(name="test 250"),
    "url, all of them": HistoryQuery(url="http://"),
    "url, one service": HistoryQuery(url="http://service7.test/"),
    "url, none": HistoryQuery(url="https://"),
    "tag name": HistoryQuery(tag="env"),
    "tag, common": HistoryQuery(tag="env=prod"),
    "tag, rare": HistoryQuery(tag="build=77"),
    "min_error_rate 0": HistoryQuery(min_error_rate=0.0),
    "min_error_rate 0.1": HistoryQuery(min_error_rate=0.1),
    "min_error_rate 0.99": HistoryQuery(min_error_rate=0.99),
    "max_response_time_ms 1000": HistoryQuery(max_response_time_ms=1000.0),
    "max_response_time_ms 10": HistoryQuery(max_response_time_ms=10.0),
    "one week": HistoryQuery(since=_MIDDLE, until=_MIDDLE + timedelta(days=7)),
    "status + min_error_rate": HistoryQuery(status="failed", min_error_rate=0.5),
    "status + name + tag": HistoryQuery(status="completed", name="test 1", tag="env=prod"),
    "url + tag + max_response_time_ms": HistoryQuery(
        url="http://service7.test/", tag="env=dev", max_response_time_ms=100.0
    ),
    "failure_kind + one week": HistoryQuery(
        failure_kind="target_unreachable", since=_MIDDLE, until=_MIDDLE + timedelta(days=7)
    ),
    "common filters without a common run": HistoryQuery(
        status="completed", failure_kind="thresholds_exceeded"
    ),
    "the same with url and tag": HistoryQuery(
        status="completed",
        failure_kind="thresholds_exceeded",
        url="http://",
        tag="env=prod",
        max_response_time_ms=1000.0,
    ),
}
_DEEP = (
    "newest",
    "status, rare",
    "name, common",
    "url, one service",
    "tag, common",
    "min_error_rate 0.1",
    "status + min_error_rate",
)


async def measure(bench: Bench) -> Table:
    """Fill a database with `RUNS` runs and time every filter, combinations, and cursors far from the end."""
    results_dir = bench.folder / "history"
    path = results_dir / "history.db"
    started = time.perf_counter()
    await fill(path)
    filled_s = time.perf_counter() - started
    async with History(Workspace(results_dir), path) as history:
        rows = [row async for row in _queries(history)]
        rows.append(await _saving(history))
        rows.append(await _timed_row("get_run by id", lambda: _get(history)))
        rows.append(
            await _timed_row(
                "statistics of a month",
                lambda: _statistics(history, _LAST - timedelta(days=30)),
                _STATISTICS_MS,
            )
        )
        rows.append(
            await _timed_row("statistics of all runs", lambda: _statistics(history, FIRST), _STATISTICS_MS)
        )
        rows.append(await _timed_row("ids by prefix, none", lambda: _ids(history)))
    size_mb = path.stat().st_size / 1e6
    note = (
        f"{RUNS} runs, {size_mb:.0f} MB, written in {filled_s:.0f} s; {_REPEATS} times each through"
        " `History.page`, with the runs of the page read back as values. 20 runs a page unless said"
        " otherwise."
    )
    return Table(f"History with {RUNS} runs", rows, note, columns=("", "runs shown", "median", "p95"))


async def _queries(history: History) -> AsyncGenerator[Row]:
    for name, query in QUERIES.items():
        yield await _timed_row(name, lambda query=query: _shown(history, query))
    for name in _DEEP:
        for where, moment in (("middle", _MIDDLE), ("end", _OLDEST)):
            cursor = make_cursor(Position(to_us(moment), "r"))
            query = QUERIES[name].model_copy(update={"cursor": cursor})
            yield await _timed_row(
                f"{name}, cursor at the {where}", lambda query=query: _shown(history, query)
            )


async def _timed_row(what: str, query: Callable[[], Awaitable[int]], goal_ms: float = _GOAL_MS) -> Row:
    shown, times_ms = 0, list[float]()
    for _ in range(_REPEATS):
        started = time.perf_counter()
        shown = await query()
        times_ms.append((time.perf_counter() - started) * 1000)
    p95_ms = statistics.quantiles(times_ms, n=20)[-1]
    median = f"{statistics.median(times_ms):.1f} ms"
    return Row(what, str(shown), median, f"{p95_ms:.1f} ms", f"≤ {goal_ms:.0f} ms", p95_ms <= goal_ms)


async def _saving(history: History) -> Row:
    team = Team()
    numbers = iter(range(RUNS, RUNS + _REPEATS))

    async def save() -> int:
        notices = await history.save(team.run(next(numbers)))
        if notices:
            raise RuntimeError(notices[0].message)
        return 1

    return await _timed_row("save a run, folder and database", save)


async def _shown(history: History, query: HistoryQuery) -> int:
    page = await history.page(query)
    if page.degraded:
        raise RuntimeError(page.degraded)
    return len(page.runs)


async def _get(history: History) -> int:
    (run_id,) = await history.run_ids("r-", 1)
    return int(await history.get(run_id) is not None)


async def _statistics(history: History, since: datetime) -> int:
    return statistics_of(await history.past(since), 0).runs


async def _ids(history: History) -> int:
    return len(await history.run_ids("r-2099", 20))
