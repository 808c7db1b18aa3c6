"""Student's t against the published table."""

import pytest

from k6_mcp.analysis.numbers.student import t_quantile, two_sided_tail


@pytest.mark.parametrize(
    ("alpha", "df", "expected"),
    [
        (0.05, 1, 12.706),
        (0.05, 4, 2.776),
        (0.05, 10, 2.228),
        (0.01, 4, 4.604),
        (0.01, 30, 2.750),
        (0.05, 1e6, 1.960),
    ],
)
def test_quantiles_are_those_of_the_published_table(alpha: float, df: float, expected: float) -> None:
    assert t_quantile(alpha, df) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("df", [0.7, 2.5, 7.3, 60.0])
def test_the_tail_beyond_a_quantile_is_what_was_asked_for(df: float) -> None:
    assert two_sided_tail(t_quantile(0.03, df), df) == pytest.approx(0.03, rel=1e-6)


def test_everything_is_beyond_zero() -> None:
    assert two_sided_tail(0.0, 5) == 1.0
