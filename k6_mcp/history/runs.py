"""Runs as rows: written together with their tags and documents, read by id."""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import aiosqlite

from k6_mcp.history.database import Database
from k6_mcp.history.elapsed_time import Witness, look
from k6_mcp.models.run import FINAL, Run
from k6_mcp.workspace.documents import from_text, from_whole, to_brief, to_whole

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
RunRow = tuple[int, str, str, str | None, str | None, str | None, str, float | None, float | None]
ResultRow = tuple[
    int, str, str, str | None, str | None, str | None, str, float | None, float | None, float | None
]
DocumentRow = tuple[str, int, bool, str, str, str, bytes]
# The repeats of one request follow each other within this time
_REPEATED_WITHIN_US = 3 * 86_400_000_000
# Up to this many rows are fetched one by one and sorted faster than all runs are read in the order of time
FEW = 3000
# Separates tags in one column; replaced if a value contains it
TAG_BORDER = "\x1f"

INSERT_DOCUMENT = (
    "INSERT INTO documents (run_id, created_us, final, server_id, results_dir, brief, whole) VALUES (?, ?, ?,"
    " ?, ?, ?, ?)"
)
INSERT_RUN = (
    "INSERT INTO runs (created_us, run_id, status, failure_kind, name, url, tags, error_rate, p95_ms) VALUES"
    " (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_RESULT = (
    "INSERT INTO results (created_us, run_id, status, failure_kind, worst, name, script_sha256, p95_ms,"
    " error_rate, requests_per_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SET_AGE = "UPDATE results SET aged_us = ? WHERE created_us = ? AND run_id = ?"
_KNOWN = (
    "SELECT d.final, r.aged_us FROM documents AS d"
    " LEFT JOIN results AS r ON r.created_us = d.created_us AND r.run_id = d.run_id WHERE d.run_id = ?"
)
INSERT_TAG = "INSERT INTO tags (name, value, created_us, run_id) VALUES (?, ?, ?, ?)"


class Unfinished(NamedTuple):
    """A run that no server has ended yet, as the database has it."""

    run: Run
    results_dir: str


def to_us(moment: datetime) -> int:
    """Return microseconds since 1970; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the moment that is `microseconds` after 1970."""
    return _EPOCH + microseconds * _MICROSECOND


def tag_text(name: str, value: str) -> str:
    """Return one tag in the form of the `tags` column, without borders."""
    return f"{name}={value.replace(TAG_BORDER, ' ')}"


def tags_text(run: Run) -> str:
    """Return all tags in the form of the `tags` column."""
    return "".join(f"{TAG_BORDER}{tag_text(name, value)}" for name, value in run.tags.items()) + TAG_BORDER


async def write(
    connection: aiosqlite.Connection, runs: Collection[Run], results_dir: str, *, from_folders: bool = False
) -> int:
    """Insert or replace runs inside the caller's transaction; return how many were written.

    A finished run is never replaced by an unfinished one: when the disk was full, a folder may be older than
    its row. The time since which a run counts as stored never changes after its first insert. Runs
    `from_folders` were stored before.
    """
    written = 0
    witness: Witness | None = None
    for run in runs:
        rows = [*await connection.execute_fetchall(_KNOWN, (run.run_id,))]
        if rows and rows[0][0] and run.status not in FINAL:
            continue
        created_us = to_us(run.created_at)
        if rows:
            aged_us = rows[0][1]
            await delete(connection, run.run_id)
        else:
            witness = witness or await look(
                connection, [to_us(one.created_at) for one in runs] if from_folders else ()
            )
            aged_us = witness.aged_us(created_us)
        await connection.execute(INSERT_DOCUMENT, document_row(run, results_dir))
        await connection.execute(INSERT_RUN, run_row(run))
        await connection.execute(INSERT_RESULT, result_row(run))
        await connection.executemany(INSERT_TAG, tag_rows(run))
        if aged_us not in (None, created_us):
            await connection.execute(SET_AGE, (aged_us, created_us, run.run_id))
        written += 1
    return written


async def read(database: Database, run_id: str) -> Run | None:
    """Return a run with all its data. Raises HistoryUnavailable, or ValueError if the row is damaged."""
    rows = await database.fetch("SELECT whole FROM documents WHERE run_id = ?", (run_id,))
    return from_whole(rows[0][0]) if rows else None


async def unfinished(database: Database) -> tuple[Unfinished, ...]:
    """Return every queued or running run, whoever owns it. Raises HistoryUnavailable."""
    rows = await database.fetch("SELECT whole, results_dir FROM documents WHERE final = 0")
    unfinished_runs: list[Unfinished] = []
    for whole, results_dir in rows:
        # A row may come from a version that this one cannot read
        with suppress(ValueError):
            unfinished_runs.append(Unfinished(from_whole(whole), results_dir))
    return tuple(unfinished_runs)


async def known_ids(database: Database) -> frozenset[str]:
    """Return the ids of all runs. Raises HistoryUnavailable."""
    return frozenset(run_id for (run_id,) in await database.fetch("SELECT run_id FROM documents"))


async def ids_by_prefix(database: Database, prefix: str, limit: int) -> tuple[str, ...]:
    """Return the newest ids that begin with `prefix`. Raises HistoryUnavailable."""
    between = (prefix, prefix + "\U0010ffff")
    counted = f"SELECT count(*) FROM (SELECT 1 FROM documents WHERE run_id >= ? AND run_id < ? LIMIT {FEW})"
    ((count,),) = await database.fetch(counted, between)
    if count < FEW:
        by_id = (
            "SELECT run_id FROM documents WHERE run_id >= ? AND run_id < ? ORDER BY created_us DESC, run_id"
            " DESC LIMIT ?"
        )
        return tuple(run_id for (run_id,) in await database.fetch(by_id, (*between, limit)))
    by_time = (
        "SELECT run_id FROM runs WHERE +run_id >= ? AND +run_id < ? ORDER BY created_us DESC, run_id DESC"
        " LIMIT ?"
    )
    return tuple(run_id for (run_id,) in await database.fetch(by_time, (*between, limit)))


async def ids_of_repeats(database: Database, run_id: str) -> tuple[str, ...]:
    """Return the ids of the runs that repeat the same request as `run_id`, itself included.

    Raises HistoryUnavailable.
    """
    rows = await database.fetch("SELECT brief FROM documents WHERE run_id = ?", (run_id,))
    try:
        run = from_text(rows[0][0])
    except (IndexError, ValueError):
        return (run_id,)
    first = run.repeat_of or run_id
    created_us, wanted = to_us(run.created_at), f'"repeat_of":"{first}"'
    rows = await database.fetch(
        "SELECT r.run_id FROM runs AS r CROSS JOIN documents AS d ON d.run_id = r.run_id"
        " WHERE r.name IS ? AND r.created_us BETWEEN ? AND ? AND instr(d.brief, ?) > 0",
        (run.name, created_us - _REPEATED_WITHIN_US, created_us + _REPEATED_WITHIN_US, wanted),
    )
    return (first, *(repeat_id for (repeat_id,) in rows if repeat_id != first))


async def delete(connection: aiosqlite.Connection, *run_ids: str) -> None:
    """Remove the rows of runs inside the caller's transaction."""
    for table in ("runs", "results"):
        await connection.executemany(
            f"DELETE FROM {table} WHERE run_id = ? AND created_us = (SELECT created_us FROM documents WHERE"
            " run_id = ?)",
            [(run_id, run_id) for run_id in run_ids],
        )
    for table in ("tags", "space", "documents"):
        await connection.executemany(
            f"DELETE FROM {table} WHERE run_id = ?", [(run_id,) for run_id in run_ids]
        )


def result_row(run: Run) -> ResultRow:
    """Return the values for statistics, in the order of `INSERT_RESULT`."""
    figures = run.metrics.figures if run.metrics and run.metrics.source != "none" else None
    return (
        to_us(run.created_at),
        run.run_id,
        run.status,
        run.failure.kind if run.failure else None,
        run.worst,
        run.name,
        run.script_sha256,
        figures.latency.p95_ms if figures and figures.latency else None,
        figures.error_rate if figures else None,
        figures.requests_per_s if figures else None,
    )


def run_row(run: Run) -> RunRow:
    """Return the values for filters, in the order of `INSERT_RUN`."""
    figures = run.metrics.figures if run.metrics else None
    return (
        to_us(run.created_at),
        run.run_id,
        run.status,
        run.failure.kind if run.failure else None,
        run.name,
        run.asked.url,
        tags_text(run),
        figures.error_rate if figures else None,
        figures.latency.p95_ms if figures and figures.latency else None,
    )


def document_row(run: Run, results_dir: str) -> DocumentRow:
    """Return the documents of a run, in the order of `INSERT_DOCUMENT`."""
    created_us = to_us(run.created_at)
    return (
        run.run_id,
        created_us,
        run.status in FINAL,
        run.server_id,
        results_dir,
        to_brief(run),
        to_whole(run),
    )


def tag_rows(run: Run) -> list[tuple[str, str, int, str]]:
    """Return the rows of the `tags` table."""
    created_us = to_us(run.created_at)
    return [(name, value, created_us, run.run_id) for name, value in run.tags.items()]
