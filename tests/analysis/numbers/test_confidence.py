"""The formulas of certainty."""

import pytest

from k6_mcp.analysis.numbers.confidence import above, above_mean, above_share, unlike_chance


@pytest.mark.parametrize(
    ("failed", "of", "limit", "certainty"),
    [
        (1, 10, 0.0, 0.99),
        (0, 10, 0.0, 0.0),
        (10, 10, 1.0, 0.0),
        (0, 0, 0.1, 0.0),
        # 1 - P(2 or 3 of 3, each with probability 1/2)
        (2, 3, 0.5, 0.5),
        (1, 3000, 0.0, 0.99),
        # As many as the limit: by the normal approximation, half
        (150, 3000, 0.05, 0.5),
    ],
)
def test_a_share_is_above_its_limit_unless_chance_explains_it(
    failed: int, of: int, limit: float, certainty: float
) -> None:
    assert above_share(failed, of, limit) == pytest.approx(certainty)


@pytest.mark.parametrize(
    ("by_chance", "certainty"), [(0.0, 0.99), (0.001, 0.99), (0.05, 0.95), (0.4, 0.6), (1.0, 0.0), (3.0, 0.0)]
)
def test_a_pattern_is_as_certain_as_chance_is_unlikely(by_chance: float, certainty: float) -> None:
    assert unlike_chance(by_chance) == pytest.approx(certainty)


def test_a_figure_is_half_as_certain_with_few_samples_and_again_at_its_limit() -> None:
    assert above(100, 50, 5, 5) == pytest.approx(0.5 * 0.75)
    assert above(100, 100, 5, 5) == pytest.approx(0.5 * 0.5)
    assert above(100, 0, 1_000_000, 5) == 0.99
    assert (above(100, 50, 0, 5), above(0, 50, 5, 5)) == (0.0, 0.0)


def test_an_average_of_one_value_or_below_its_limit_is_never_certain() -> None:
    assert (above_mean(9, 5, 1, 1), above_mean(5, 5, 1, 99)) == (0.0, 0.0)
    assert above_mean(9, 5, 0, 2) == 0.99
    # Student's t of 1 with one degree of freedom has a quarter above it
    assert above_mean(6, 5, 1, 2) == pytest.approx(0.75)
