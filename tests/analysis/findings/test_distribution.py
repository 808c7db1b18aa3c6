"""The histogram of a run's latencies; values are known to within 2 %."""

from itertools import pairwise

import pytest

from k6_mcp.analysis.findings.distribution import Histogram


def _of(*values_ms: float) -> Histogram:
    histogram = Histogram()
    for value_ms in values_ms:
        histogram.add(value_ms, 1.0)
    return histogram


def test_a_quantile_is_the_value_of_its_rank() -> None:
    histogram = _of(10, 20, 30, 40)

    found = [histogram.quantile(share) for share in (0.0, 0.25, 0.26, 0.5, 0.75, 0.76, 1.0)]

    assert found == pytest.approx([10, 10, 20, 20, 30, 40, 40], rel=0.02)


def test_an_empty_histogram_has_the_quantile_0() -> None:
    assert Histogram().quantile(0.95) == 0.0


def test_the_requests_that_a_long_one_kept_from_being_sent_waited_ever_less() -> None:
    filled = _of(1000).filled_in(100)

    assert filled.count == 10
    found = [filled.quantile(n / 10) for n in range(1, 11)]
    assert found[-2:] == pytest.approx([900, 1000], rel=0.02)
    assert 100 <= found[0] < 200
    steps = [after - before for before, after in pairwise(found)]
    assert steps == pytest.approx([100] * 9, rel=0.35)
