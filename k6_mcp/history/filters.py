"""A `HistoryQuery` as conditions: for SQLite, and for runs that are read from their folders.

Each SQLite condition comes with the index that finds its runs.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from k6_mcp.errors import InvalidArguments
from k6_mcp.history.database import Value
from k6_mcp.history.runs import TAG_BORDER, tag_text, to_us
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run import Run

_CURSOR = re.compile(r"1\.(\d{1,17})\.([a-z0-9-]{1,64})\Z")
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of time; a page continues strictly below it."""

    created_us: int
    run_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on `runs`, with its index.

    `seek` is the condition that uses the index (on `tags` if `on_tags`), `test` the same as a check of a row.
    `in_time_order` is set if the index yields matches in the order of time.
    """

    index: str
    seek: str
    seek_values: tuple[Value, ...]
    test: str
    test_values: tuple[Value, ...]
    in_time_order: bool = False
    on_tags: bool = False


def filters(query: HistoryQuery) -> tuple[Filter, ...]:
    """Return a filter for every condition of `query` except time."""
    return tuple(_filters(query))


def _filters(query: HistoryQuery) -> Iterator[Filter]:
    for column, value in (
        ("status", query.status),
        ("failure_kind", query.failure_kind),
        ("name", query.name),
    ):
        if value is not None:
            yield _on_column(column, "{} = ?", (value,), in_time_order=True)
    if query.url is not None:
        yield _on_column("url", "{0} >= ? AND {0} < ?", (query.url, query.url + _LAST_CHARACTER))
    if query.min_error_rate is not None:
        yield _on_column("error_rate", "{} >= ?", (query.min_error_rate,))
    if query.max_response_time_ms is not None:
        yield _on_column("p95_ms", "{} <= ?", (query.max_response_time_ms,))
    if query.tag is not None:
        yield _on_tag(query.tag)


def _on_column(column: str, condition: str, values: tuple[Value, ...], in_time_order: bool = False) -> Filter:
    # The unary plus keeps SQLite from choosing this column's index by itself.
    return Filter(
        f"runs_by_{column}",
        condition.format(column),
        values,
        condition.format(f"+r.{column}"),
        values,
        in_time_order,
    )


def _on_tag(tag: str) -> Filter:
    name, has_value, value = tag.partition("=")
    if not has_value:
        return Filter(
            "", "name = ?", (name,), "instr(r.tags, ?) > 0", (f"{TAG_BORDER}{name}=",), on_tags=True
        )
    text = f"{TAG_BORDER}{tag_text(name, value)}{TAG_BORDER}"
    return Filter(
        "",
        "name = ? AND value = ?",
        (name, value),
        "instr(r.tags, ?) > 0",
        (text,),
        in_time_order=True,
        on_tags=True,
    )


def bounds(query: HistoryQuery) -> tuple[int | None, Position | None]:
    """Return the earliest moment (µs, included) and the position above every run of the page.

    Raises:
        InvalidArguments: If the cursor isn't one of get_history.
    """
    upper = read_cursor(query.cursor) if query.cursor is not None else None
    if query.until is not None:
        until = Position(to_us(query.until), "")
        upper = until if upper is None else min(until, upper)
    return (to_us(query.since) if query.since is not None else None), upper


def make_cursor(position: Position) -> str:
    """Return the cursor of the page that continues below `position`."""
    return (
        base64.urlsafe_b64encode(f"1.{position.created_us}.{position.run_id}".encode()).decode().rstrip("=")
    )


def read_cursor(cursor: str) -> Position:
    """Return the position that `make_cursor` wrote.

    Raises:
        InvalidArguments: If the cursor isn't one of get_history.
    """
    try:
        match = _CURSOR.match(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode("ascii")
        )
    except (binascii.Error, ValueError):
        match = None
    if not match:
        hint = "pass next_cursor of the previous page unchanged, or omit cursor for the newest runs"
        raise InvalidArguments(f"cursor: {cursor[:60]!r} is not a cursor of get_history", hint=hint)
    return Position(int(match[1]), match[2])


def position(run: Run) -> Position:
    """Return a run's place in the order of time."""
    return Position(to_us(run.created_at), run.run_id)


def matches(run: Run, query: HistoryQuery) -> bool:
    """Return whether a run from a folder matches `query`, including its cursor."""
    since_us, upper = bounds(query)
    here = position(run)
    if upper is not None and here >= upper:
        return False
    if since_us is not None and here.created_us < since_us:
        return False
    return _same_words(run, query) and _figures_within(run, query)


def _same_words(run: Run, query: HistoryQuery) -> bool:
    tag_name, has_value, tag_value = (query.tag or "").partition("=")
    return (
        query.status in (None, run.status)
        and query.failure_kind in (None, run.failure.kind if run.failure else None)
        and query.name in (None, run.name)
        and (query.url is None or (run.asked.url or "").startswith(query.url))
        and (
            query.tag is None or (tag_name in run.tags and (not has_value or run.tags[tag_name] == tag_value))
        )
    )


def _figures_within(run: Run, query: HistoryQuery) -> bool:
    figures = run.metrics.figures if run.metrics else None
    error_rate = figures.error_rate if figures else None
    p95_ms = figures.latency.p95_ms if figures and figures.latency else None
    return (
        query.min_error_rate is None or (error_rate is not None and error_rate >= query.min_error_rate)
    ) and (
        query.max_response_time_ms is None or (p95_ms is not None and p95_ms <= query.max_response_time_ms)
    )
