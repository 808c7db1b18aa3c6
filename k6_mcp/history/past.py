"""Many runs at once, counted by SQLite; only of the tests with most runs are single runs read."""

from collections.abc import Sequence
from contextlib import suppress
from sqlite3 import Row

from k6_mcp.history.database import Database
from k6_mcp.history.documents import from_text
from k6_mcp.history.runs import from_us
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.past import Past, PastRun, PastTest, Tally

MOST_TESTS = 50
MOST_RUNS = 40  # of one test; trends are about the newest

_TALLY = "SELECT status, failure_kind, worst, count(*) FROM results WHERE created_us >= ? GROUP BY 1, 2, 3"
_TESTS = (
    "SELECT name, count(*) FROM results WHERE created_us >= ? AND name IS NOT NULL AND status IN ('completed', 'failed')"
    " GROUP BY name ORDER BY count(*) DESC, name"
)
_RUNS = (
    "SELECT run_id, created_us, script_sha256, p95_ms, error_rate, requests_per_s FROM results INDEXED BY results_by_name"
    " WHERE name = ? AND created_us >= ? AND status IN ('completed', 'failed') ORDER BY created_us DESC, run_id DESC LIMIT ?"
)


async def read_past(database: Database, since_us: int) -> Past:
    """Return the runs since then. Raises HistoryUnavailable."""
    tallies = tuple(Tally(*row) for row in await database.fetch(_TALLY, (since_us,)))
    tests = await database.fetch(_TESTS, (since_us,))
    shown = [await _test(database, name, count, since_us) for name, count in tests[:MOST_TESTS]]
    return Past(tallies, tuple(shown), max(len(tests) - MOST_TESTS, 0))


async def _test(database: Database, name: str, count: int, since_us: int) -> PastTest:
    rows = await database.fetch(_RUNS, (name, since_us, MOST_RUNS))
    briefs = await database.fetch("SELECT brief FROM documents WHERE run_id = ?", (rows[0][0],)) if rows else ()
    return PastTest(name, count, tuple(_run(row) for row in reversed(rows)), _thresholds(briefs))


def _run(row: Row) -> PastRun:
    run_id, created_us, *rest = row
    return PastRun(run_id, from_us(created_us), *rest)


def _thresholds(briefs: Sequence[Row]) -> tuple[ThresholdResult, ...]:
    with suppress(ValueError):  # of a version that this one cannot read
        for (brief,) in briefs:
            run = from_text(brief)
            return run.metrics.thresholds if run.metrics else ()
    return ()
