"""The spread of a figure over the repeats of one test."""

import pytest

from k6_mcp.analysis.many.series import series_of
from k6_mcp.models.run import Spread
from lab.sample_runs import latency, metrics, run


def _p95_of(*p95_ms: float) -> Spread:
    runs = [
        run(run_id=f"r-20260101-{number:016}", metrics=metrics(latency=latency(p95_ms=value)))
        for number, value in enumerate(p95_ms)
    ]
    series = series_of(runs, runs[0].run_id, len(runs))
    return next(spread for spread in series.spreads if spread.metric == "p95_ms")


def test_two_repeats_have_the_interval_of_student_with_one_degree_of_freedom() -> None:
    spread = _p95_of(40.0, 40.2)

    # 40.1 +- 12.706 * 0.1414 / sqrt(2)
    assert (spread.mean, spread.min, spread.max) == (40.1, 40.0, 40.2)
    assert spread.low == pytest.approx(38.83, abs=0.01)
    assert spread.high == pytest.approx(41.37, abs=0.01)


def test_one_run_has_a_mean_and_no_interval() -> None:
    spread = _p95_of(40.0)

    assert (spread.mean, spread.low, spread.high) == (40.0, None, None)
