"""Statistics as an agent reads them: what gets worse first, each test's last figures, the next step."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from k6_mcp.answers.budget import CONTENT_BYTES, as_many_as_fit, size, size_of
from k6_mcp.models.base import Model
from k6_mcp.models.comparison import Headroom, Statistics, TestTrend
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.findings import Severity
from k6_mcp.models.run import Status
from k6_mcp.models.wording import cut

_LAST = 10
_MOST_HEADROOM = 5
# For the name of the list, and the digits of what is left out
_RESERVE_BYTES = 40
_SEPARATOR_BYTES = 1
_URGENT = {"worse": 0, "better": 1, "steady": 2, "too_few": 3}


class TestAnswer(Model):
    """The runs of a test since its script last changed.

    Figures of the last ten, oldest first; thresholds with the least headroom first.
    """

    name: str
    direction: Literal["worse", "better", "steady", "too_few"]
    runs: int
    since: datetime
    last_run_id: str
    p95_ms: tuple[float | None, ...] = ()
    error_rate: tuple[float | None, ...] = ()
    headroom: tuple[Headroom, ...] = ()
    script_changes: int = 0


class StatisticsAnswer(Model):
    """Statistics of the last `days`.

    `omitted_tests` have no row in `tests`; `degraded` says what is not counted.
    """

    days: float
    runs: int
    by_status: Mapping[Status, int]
    by_failure_kind: Mapping[FailureKind, int]
    anomaly_rate: float | None = None
    by_severity: Mapping[Severity, int]
    tests: tuple[TestAnswer, ...] = ()
    omitted_tests: int = 0
    degraded: str | None = None
    method: str
    next: str


def statistics_overview(statistics: Statistics) -> StatisticsAnswer:
    """Return the whole answer, the most urgent tests first.

    Tests that get worse come first, then those with the least room under a threshold.
    """
    by_name: dict[str, list[TestTrend]] = {}
    for trend in statistics.trends:
        by_name.setdefault(trend.name, []).append(trend)
    tests = sorted((_test(trends) for trends in by_name.values()), key=_urgency)
    return StatisticsAnswer(
        days=statistics.days,
        runs=statistics.runs,
        by_status=statistics.by_status,
        by_failure_kind=statistics.by_failure_kind,
        anomaly_rate=_short(statistics.anomaly_rate),
        by_severity=statistics.by_severity,
        tests=tuple(tests),
        omitted_tests=statistics.omitted_tests,
        degraded=statistics.degraded,
        method=statistics.method,
        next=_next(statistics, tests),
    )


def statistics_answer(statistics: Statistics) -> StatisticsAnswer:
    """Return the answer with as many tests as fit into its budget."""
    whole = statistics_overview(statistics)
    room = CONTENT_BYTES - _RESERVE_BYTES - size_of(whole.changed(tests=()))
    sizes = (size(test.model_dump(mode="json", exclude_none=True)) + _SEPARATOR_BYTES for test in whole.tests)
    shown = as_many_as_fit(sizes, room)
    omitted = whole.omitted_tests + len(whole.tests) - shown
    return whole.changed(tests=whole.tests[:shown], omitted_tests=omitted)


def _test(trends: Sequence[TestTrend]) -> TestAnswer:
    newest = trends[0]
    rooms = sorted(newest.headroom, key=lambda room: room.headroom if room.headroom is not None else 9.0)
    return TestAnswer(
        name=newest.name,
        direction=newest.direction,
        runs=len(newest.run_ids) + newest.omitted_runs,
        since=newest.since.replace(microsecond=0),
        last_run_id=newest.run_ids[-1],
        p95_ms=tuple(map(_short, newest.p95_ms[-_LAST:])),
        error_rate=tuple(map(_short, newest.error_rate[-_LAST:])),
        headroom=tuple(
            Headroom(
                metric=cut(r.metric, 80),
                expression=r.expression,
                observed=_short(r.observed),
                headroom=_short(r.headroom),
            )
            for r in rooms[:_MOST_HEADROOM]
        ),
        script_changes=len(trends) - 1,
    )


def _urgency(test: TestAnswer) -> tuple[int, float]:
    least = min((room.headroom for room in test.headroom if room.headroom is not None), default=9.0)
    return _URGENT[test.direction], least


def _next(statistics: Statistics, tests: Sequence[TestAnswer]) -> str:
    if not statistics.runs:
        return "no run in this time: request more days, or start one with execute_k6_test"
    if tests and tests[0].direction == "worse":
        return (
            f'analyze_run with run_id="{tests[0].last_run_id}" says what is wrong; compare_runs compares'
            " it with an earlier run"
        )
    if not tests:
        return "give tests a name (execute_k6_test) to see their trends"
    return "get_history lists the runs behind these figures"


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
