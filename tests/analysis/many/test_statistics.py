"""Statistics of many runs: counts, where tests are heading, room left under thresholds."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from k6_mcp.analysis.many.statistics import statistics
from k6_mcp.models.comparison import Statistics
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.past_runs import Past, PastRun, PastTest, Tally

START = datetime(2026, 1, 1, tzinfo=UTC)
NOISE = (0.98, 1.03, 1.0, 0.97, 1.02, 1.01, 0.99, 1.0, 1.04, 0.96, 1.01, 0.99)


def a_test(
    p95_ms: Sequence[float | None], error_rate: Sequence[float] = (), scripts: str = "", **more: object
) -> PastTest:
    """Return a test with these figures; `scripts` has a letter per run."""
    errors = error_rate or [0.0] * len(p95_ms)
    letters = scripts or "a" * len(p95_ms)
    runs = tuple(
        PastRun(f"r-{number}", START + timedelta(days=number), letters[number], p95, errors[number], 5.0)
        for number, p95 in enumerate(p95_ms)
    )
    return PastTest("checkout", int(str(more.get("of", len(runs)))), runs, ())


def of(*tests: PastTest, tallies: tuple[Tally, ...] = ()) -> Statistics:
    return statistics(Past(tallies, tests, 0), 30)


def test_runs_are_counted_by_status_failure_and_severity() -> None:
    told = of(
        tallies=(
            Tally("completed", None, None, 6),
            Tally("completed", None, "warning", 2),
            Tally("failed", "thresholds_exceeded", "critical", 1),
            Tally("failed", "target_unreachable", "critical", 1),
            Tally("running", None, None, 3),
        )
    )
    assert told.runs == 13
    assert told.by_status == {"completed": 8, "failed": 2, "running": 3}
    assert told.by_failure_kind == {"thresholds_exceeded": 1, "target_unreachable": 1}
    assert told.by_severity == {"warning": 2, "critical": 2}
    assert told.anomaly_rate == 0.4


def test_without_an_ended_run_there_is_no_rate() -> None:
    assert of(tallies=(Tally("running", None, None, 1),)).anomaly_rate is None


@pytest.mark.parametrize(
    ("p95_ms", "errors", "direction"),
    [
        ([100 * n for n in NOISE], (), "steady"),
        ([100 * n * (1 + k / 20) for k, n in enumerate(NOISE)], (), "worse"),
        ([100 * n / (1 + k / 20) for k, n in enumerate(NOISE)], (), "better"),
        ([100 + k / 100 for k in range(12)], (), "steady"),
        ([100.0] * 12, [k / 100 for k in range(12)], "worse"),
        ([100 / (1 + k) for k in range(12)], [k / 100 for k in range(12)], "worse"),
        ([100.0] * 12, [0.2 - k / 100 for k in range(12)], "better"),
        ([100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0], (), "too_few"),
        ([None] * 12, (), "steady"),
        ([None] * 12, [k / 100 for k in range(12)], "worse"),
    ],
)
def test_the_direction_is_told_where_it_is_sure_and_matters(
    p95_ms: Sequence[float | None], errors: Sequence[float], direction: str
) -> None:
    (trend,) = of(a_test(p95_ms, errors)).trends
    assert trend.direction == direction


def test_noise_alone_is_rarely_called_a_trend() -> None:
    chance = random.Random(3)
    tests = [a_test([chance.lognormvariate(5, 0.1) for _ in range(20)]) for _ in range(400)]
    wrong = [trend for trend in of(*tests).trends if trend.direction != "steady"]
    assert len(wrong) <= 16


def test_a_test_is_split_where_its_script_changed_newest_first() -> None:
    test = a_test([1.0, 2.0, 3.0, 4.0, 5.0], scripts="aabba", of=105)
    trends = of(test).trends
    assert [(trend.script_sha256, trend.run_ids) for trend in trends] == [
        ("a", ("r-4",)),
        ("b", ("r-2", "r-3")),
        ("a", ("r-0", "r-1")),
    ]
    assert [trend.omitted_runs for trend in trends] == [0, 0, 100]


@pytest.mark.parametrize(
    ("expression", "observed", "has_samples", "headroom"),
    [
        ("p(95)<500", 400.0, True, 0.2),
        ("p(95)<=500", 600.0, True, -0.2),
        ("rate>0.9", 0.99, True, 0.1),
        ("rate<=0", 0.0, True, None),
        ("count==5", 5.0, True, None),
        ("p(95)<500", 0.0, False, None),
        ("no expression", 1.0, True, None),
    ],
)
def test_headroom_is_the_share_of_the_limit_that_is_left(
    expression: str, observed: float, has_samples: bool, headroom: float | None
) -> None:
    result = ThresholdResult(
        metric="m", expression=expression, ok=True, observed=observed, has_samples=has_samples
    )
    test = PastTest("t", 1, a_test([1.0]).runs, (result,))
    (trend,) = of(test).trends
    assert trend.headroom[0].headroom == (None if headroom is None else pytest.approx(headroom))
