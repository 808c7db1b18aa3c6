"""What the history reports about many runs, for statistics.

These are plain values, because there may be thousands.
"""

from datetime import datetime
from typing import NamedTuple

from k6_mcp.models.failures import FailureKind
from k6_mcp.models.findings import Severity
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.run import Status


class Tally(NamedTuple):
    """How many runs ended in the same way."""

    status: Status
    failure_kind: FailureKind | None
    worst: Severity | None
    runs: int


class PastRun(NamedTuple):
    """The key figures of a run that completed or failed."""

    run_id: str
    created_at: datetime
    script_sha256: str
    p95_ms: float | None
    error_rate: float | None
    requests_per_s: float | None


class PastTest(NamedTuple):
    """The newest `runs` of one test, oldest first, and the thresholds of the last one.

    `of` is how many runs the test has.
    """

    name: str
    of: int
    runs: tuple[PastRun, ...]
    thresholds: tuple[ThresholdResult, ...]


class Past(NamedTuple):
    """The runs of a period.

    `tallies` count all of them. `tests` are those with most runs, and `omitted_tests` is how many tests are
    not among them. `degraded` describes what is missing.
    """

    tallies: tuple[Tally, ...]
    tests: tuple[PastTest, ...]
    omitted_tests: int
    degraded: str | None = None
