"""One page of the history, found quickly however many runs there are.

SQLite would have to guess which of several indexes to use. We count instead: the filter with few matches
leads. If every filter has many, the runs are read newest first until the page is full. Both ways are bounded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from k6_mcp.history.database import Database, Value
from k6_mcp.history.filters import Filter, Position, bounds, filters, make_cursor, matches, position
from k6_mcp.history.runs import FEW
from k6_mcp.models.history import HistoryPage, HistoryQuery
from k6_mcp.models.run import Run
from k6_mcp.workspace.documents import from_text

# Matches are counted up to here: to count a hundred thousand would take longer than the page
_COUNTED = 1000
_BASELINES = "(SELECT count(*) || ' ' || coalesce(max(set_us), 0) FROM baselines)"
# Parsed runs that stay in memory, since many clients request the same newest ones
_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of a statement that both the page and its count need."""

    text: str
    values: tuple[Value, ...]
    time_columns: str


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of the database, and a mark that changes with the baselines.

    The mark is the number of baselines and the time when the last one was set.
    """

    page: HistoryPage
    baselines: str


async def find(database: Database, query: HistoryQuery) -> FoundPage:
    """Return the page that `query` selects.

    It is one statement, since each statement waits for those of all other clients.

    Raises:
        HistoryUnavailable: If the database cannot be read.
        InvalidArguments: If the cursor isn't one of get_history.
    """
    wanted = filters(query)
    leader = await _leader(database, wanted)
    selection = _selection(wanted, leader, *bounds(query))
    count, counted, bounded = _count(query, wanted, leader, selection)
    rows = await database.fetch_at_once(
        ("created_us", "run_id", "brief", "total", "baselines"),
        f"SELECT d.created_us, d.run_id, d.brief, page.total, {_BASELINES} AS baselines"
        f" FROM (SELECT {selection.time_columns}, {count} AS total {selection.text}"
        " ORDER BY 1 DESC, 2 DESC LIMIT ?) AS page CROSS JOIN documents AS d ON d.run_id = page.run_id",
        (*counted, *selection.values, query.limit + 1),
    )
    rows.sort(key=lambda row: row[:2], reverse=True)
    more = len(rows) > query.limit
    total = None
    if query.cursor is None:
        total = rows[0][3] if more else len(rows)
        total = None if more and bounded and total > _COUNTED else total
    runs, unreadable = _parse(row[2] for row in rows[: query.limit])
    page = HistoryPage(
        runs=runs,
        next_cursor=make_cursor(Position(*rows[query.limit - 1][:2])) if more else None,
        total=total,
        degraded=f"{unreadable} runs of this page were written by another version of k6-mcp and are omitted"
        if unreadable
        else None,
    )
    return FoundPage(page, rows[0][4] if rows else "")


def select(runs: Iterable[Run], query: HistoryQuery, degraded: str) -> HistoryPage:
    """Return the page out of `runs` that were read elsewhere; `degraded` explains from where and why.

    Raises InvalidArguments.
    """
    matching = [run for run in runs if matches(run, query)]
    matching.sort(key=lambda run: (run.created_at, run.run_id), reverse=True)
    page = matching[: query.limit]
    return HistoryPage(
        runs=tuple(page),
        next_cursor=make_cursor(position(page[-1])) if len(matching) > query.limit else None,
        degraded=degraded,
    )


def with_waiting(page: HistoryPage, waiting: Mapping[str, Run], query: HistoryQuery) -> HistoryPage:
    """Return `page` with the runs that the database could not take yet, in the order of time.

    They replace their rows.
    """
    known = [run for run in page.runs if run.run_id not in waiting]
    lowest = position(page.runs[-1]) if page.next_cursor and page.runs else None
    fresh = [
        run for run in waiting.values() if matches(run, query) and (lowest is None or position(run) > lowest)
    ]
    merged = sorted([*known, *fresh], key=position, reverse=True)
    shown = merged[: query.limit]
    total = None if page.total is None else page.total - len(page.runs) + len(merged)
    cursor = page.next_cursor if len(shown) == len(merged) else make_cursor(position(shown[-1]))
    return page.changed(runs=tuple(shown), next_cursor=cursor, total=total)


async def _leader(database: Database, wanted: tuple[Filter, ...]) -> Filter | None:
    if len(wanted) == 1 and wanted[0].in_time_order:
        # Its index alone finds the page, in the right order
        return wanted[0]
    counts: list[tuple[int, int]] = []
    for number, item in enumerate(wanted):
        table = "tags" if item.on_tags else f"runs INDEXED BY {item.index}"
        rows = await database.fetch(
            f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {item.seek} LIMIT {FEW})", item.seek_values
        )
        counts.append((rows[0][0], number))
    fewest, number = min(counts, default=(FEW, -1))
    return wanted[number] if fewest < FEW else None


def _selection(
    wanted: tuple[Filter, ...], leader: Filter | None, since_us: int | None, upper: Position | None
) -> Selection:
    tables, time = "runs AS r", "r"
    conditions: list[str] = []
    values: list[Value] = []
    if leader is not None and leader.on_tags:
        tables, time = (
            "tags AS t CROSS JOIN runs AS r ON r.created_us = t.created_us AND r.run_id = t.run_id",
            "t",
        )
    elif leader is not None:
        tables = f"runs AS r INDEXED BY {leader.index}"
    if leader is not None:
        conditions.append(
            leader.seek
            if not leader.on_tags
            else leader.seek.replace("name", "t.name").replace("value", "t.value")
        )
        values.extend(leader.seek_values)
    for item in wanted:
        if item is not leader:
            conditions.append(item.test)
            values.extend(item.test_values)
    if since_us is not None:
        conditions.append(f"{time}.created_us >= ?")
        values.append(since_us)
    if upper is not None:
        conditions.append(f"({time}.created_us, {time}.run_id) < (?, ?)")
        values.extend((upper.created_us, upper.run_id))
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return Selection(f"FROM {tables} {where}", tuple(values), f"{time}.created_us, {time}.run_id")


def _count(
    query: HistoryQuery, wanted: Sequence[Filter], leader: Filter | None, selection: Selection
) -> tuple[str, tuple[Value, ...], bool]:
    """Return an expression that counts all matches, with its values, and whether the count is bounded."""
    if query.cursor is not None:
        return "NULL", (), False
    if leader is not None and len(wanted) > 1:
        # All matches of a leader among several filters are read in any case
        return "count(*) OVER ()", (), False
    if wanted and leader is None:
        # Every filter has many matches; to count the common ones, all runs would be read a second time
        return "NULL", (), False
    return f"(SELECT count(*) FROM (SELECT 1 {selection.text} LIMIT {_COUNTED + 1}))", selection.values, True


def _parse(briefs: Iterable[str]) -> tuple[tuple[Run, ...], int]:
    runs: list[Run] = []
    unreadable = 0
    for brief in briefs:
        try:
            runs.append(_run(brief))
        except ValueError:
            unreadable += 1
    return tuple(runs), unreadable


@lru_cache(_REMEMBERED)
def _run(brief: str) -> Run:
    """Return the run of a document; it is frozen, so that all callers can share one."""
    return from_text(brief)
