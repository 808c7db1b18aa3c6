"""Many runs at once, counted by SQLite.

Only of the tests with most runs are single runs read.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from k6_mcp.history.database import Database
from k6_mcp.history.runs import from_us
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.past_runs import Past, PastRun, PastTest, Tally
from k6_mcp.workspace.documents import from_text

MOST_TESTS = 50
# Most runs of one test; trends are about the newest
MOST_RUNS = 40

_TALLIED = ("status", "failure_kind", "worst", "runs")
_TALLY = (
    "SELECT status, failure_kind, worst, count(*) AS runs FROM results WHERE created_us >= ? GROUP BY 1, 2, 3"
)
_TESTS = (
    "SELECT name, count(*) AS runs FROM results WHERE created_us >= ? AND name IS NOT NULL AND status IN"
    " ('completed', 'failed') GROUP BY name"
)
_COLUMNS = ("name", "run_id", "created_us", "script_sha256", "p95_ms", "error_rate", "requests_per_s")
_RUNS = (
    f"SELECT * FROM (SELECT {', '.join(_COLUMNS)} FROM results INDEXED BY results_by_name WHERE name = ? AND"
    " created_us >= ? AND status IN ('completed', 'failed') ORDER BY created_us DESC, run_id DESC LIMIT ?)"
)


async def read_past(database: Database, since_us: int) -> Past:
    """Return the runs since then, in few statements, since each waits for other clients' statements.

    Raises HistoryUnavailable.
    """
    tallies = tuple(Tally(*row) for row in await database.fetch_at_once(_TALLIED, _TALLY, (since_us,)))
    tests = await database.fetch_at_once(("name", "runs"), _TESTS, (since_us,))
    tests.sort(key=lambda test: (-test[1], test[0]))
    counts = dict(tests[:MOST_TESTS])
    runs = await _runs(database, [*counts], since_us)
    briefs = await _briefs(database, [rows[0][0] for rows in runs.values()])
    shown = [_test(name, count, runs.get(name, []), briefs) for name, count in counts.items()]
    return Past(tallies, tuple(shown), max(len(tests) - MOST_TESTS, 0))


async def _runs(database: Database, names: Sequence[str], since_us: int) -> dict[str, list[Sequence[Any]]]:
    """Return the newest runs of each test, newest first."""
    if not names:
        return {}
    values = [value for name in names for value in (name, since_us, MOST_RUNS)]
    runs: dict[str, list[Sequence[Any]]] = {}
    for name, *run in await database.fetch_at_once(
        _COLUMNS, " UNION ALL ".join([_RUNS] * len(names)), values
    ):
        runs.setdefault(name, []).append(run)
    for rows in runs.values():
        rows.sort(key=lambda row: (row[1], row[0]), reverse=True)
    return runs


async def _briefs(database: Database, run_ids: Sequence[str]) -> dict[str, str]:
    marks = ",".join("?" * len(run_ids))
    sql = f"SELECT run_id, brief FROM documents WHERE run_id IN ({marks})"
    return dict(await database.fetch_at_once(("run_id", "brief"), sql, run_ids))


def _test(name: str, count: int, rows: Sequence[Sequence[Any]], briefs: Mapping[str, str]) -> PastTest:
    brief = briefs.get(rows[0][0]) if rows else None
    return PastTest(name, count, tuple(_run(row) for row in reversed(rows)), _thresholds(brief))


def _run(row: Sequence[Any]) -> PastRun:
    run_id, created_us, *rest = row
    return PastRun(run_id, from_us(created_us), *rest)


def _thresholds(brief: str | None) -> tuple[ThresholdResult, ...]:
    # A row may come from a version that this one cannot read
    with suppress(ValueError):
        if brief is not None:
            run = from_text(brief)
            return run.metrics.thresholds if run.metrics else ()
    return ()
