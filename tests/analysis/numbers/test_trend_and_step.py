"""Trend and step of short series, compared with values computed by hand from the formulas of their papers."""

from math import erfc, sqrt

import pytest

from k6_mcp.analysis.numbers.tests import Step, step, upward_trend


def _above(z: float) -> float:
    """Return the probability that a standard normal value is above `z`."""
    return erfc(z / sqrt(2)) / 2


def test_a_rising_series_has_the_significance_of_mann_and_kendall() -> None:
    trend = upward_trend(range(10), [3.0 + 2 * x for x in range(10)])

    # 45 pairs rise; the variance is 10 * 9 * 25 / 18.
    assert (trend.slope, trend.start) == (2.0, 3.0)
    assert trend.by_chance == pytest.approx(_above(44 / sqrt(125)))


def test_ties_take_from_the_variance_of_a_trend() -> None:
    trend = upward_trend(range(5), [1.0, 1.0, 2.0, 3.0, 4.0])

    # 9 of 10 pairs rise; the variance is (5 * 4 * 15 - 2 * 1 * 9) / 18.
    assert trend.by_chance == pytest.approx(_above(8 / sqrt(282 / 18)))


@pytest.mark.parametrize("ys", [[4.0, 3.0, 2.0, 1.0], [2.0, 2.0, 2.0, 2.0]])
def test_a_series_that_does_not_rise_is_as_likely_as_not_by_chance(ys: list[float]) -> None:
    assert upward_trend(range(4), ys).by_chance == 0.5


def _step_of(*ys: float) -> Step:
    found = step(range(len(ys)), ys)
    assert found is not None
    return found


def test_levels_that_do_not_overlap_have_the_exact_probability() -> None:
    found = _step_of(1, 2, 3, 4, 5, 11, 12, 13, 14, 15)

    # One place is possible; 5 of 10 values can be chosen in 252 ways.
    assert (found.x, found.before, found.after) == (5, 3, 13)
    assert found.by_chance == pytest.approx(1 / 252)


@pytest.mark.parametrize(
    ("ys", "higher"), [((1, 2, 3, 4, 9, 5, 6, 7, 8, 10), 21.0), ((1, 2, 3, 4, 5, 5, 6, 7, 8, 10), 24.5)]
)
def test_levels_that_overlap_have_the_probability_of_mann_and_whitney(
    ys: tuple[float, ...], higher: float
) -> None:
    assert _step_of(*ys).by_chance == pytest.approx(_above((higher - 0.5 - 12.5) / sqrt(25 * 11 / 12)))


def test_fewer_than_five_values_a_level_are_no_step() -> None:
    assert step(range(9), [1, 1, 1, 1, 9, 9, 9, 9, 9]) is None
