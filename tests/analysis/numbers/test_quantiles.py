"""Percentiles of groups, combined or separate, compared with those of the values themselves."""

import math
import random
from collections.abc import Mapping, Sequence

import pytest

from k6_mcp.analysis.numbers.quantiles import answered, merged, most_deviation, share_above, without_some

_SEED = 20260101


def stated(values: Sequence[float]) -> Mapping[str, float]:
    """What k6 states of `values`: percentiles by linear interpolation between neighbours."""
    ordered = sorted(values)

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    shares = {"min": 0.0, "med": 0.5, "p(90)": 0.9, "p(95)": 0.95, "p(99)": 0.99, "max": 1.0}
    return {"avg": sum(ordered) / len(ordered), **{name: at(share) for name, share in shares.items()}}


def latencies(count: int, middle: float = 20.0) -> list[float]:
    chance = random.Random(_SEED + count)
    return [middle * chance.lognormvariate(0, 0.4) for _ in range(count)]


_TIMEOUTS = [60_000.0 + number / 10 for number in range(50)]


@pytest.mark.parametrize(
    ("failed", "share"),
    [
        ([0.0] * 70, 0.10),
        ([0.0] * 1500, 0.10),
        (_TIMEOUTS, 0.10),
        (_TIMEOUTS[:10], 0.10),
        ([12.0, 18.0] * 50, 0.10),
    ],
    ids=["some refused", "most refused", "some timed out", "few timed out", "some reset after a while"],
)
def test_latency_without_failed_requests_is_near_that_of_the_answered_ones(
    failed: list[float], share: float
) -> None:
    good = latencies(1000)
    truth = stated(good)
    found = answered(stated(good + failed), len(good) + len(failed), [(len(failed), stated(failed))])
    assert found["avg"] == pytest.approx(truth["avg"], rel=1e-6)
    for name in ("med", "p(90)", "p(95)"):
        assert found[name] == pytest.approx(truth[name], rel=share), name


def test_the_largest_latency_stays_exact_below_requests_that_failed_at_once() -> None:
    good = latencies(500)
    assert answered(stated([*good, *[0.0] * 50]), 550, [(50, stated([0.0] * 50))])["max"] == max(good)


def test_without_failed_requests_nothing_changes() -> None:
    assert answered(stated([1.0, 2.0]), 2, []) == stated([1.0, 2.0])


@pytest.mark.parametrize("failed", [5, 9], ids=["all failed", "more than there are"])
def test_nothing_is_said_where_nothing_was_answered(failed: int) -> None:
    assert answered(stated([0.0] * 5), 5, [(failed, {"avg": 0.0})]) == {}
    assert answered(stated([0.0] * 5), 5, [(failed, {})]) == {}


def test_groups_together_have_nearly_the_percentiles_of_all_their_values() -> None:
    groups = [latencies(100 * number, 10.0 + 5 * number) for number in range(1, 7)]
    truth = stated([value for group in groups for value in group])
    found = merged((len(group), stated(group)) for group in groups)
    for name in ("avg", "min", "max"):
        assert found[name] == pytest.approx(truth[name])
    for name in ("med", "p(90)", "p(95)"):
        assert found[name] == pytest.approx(truth[name], rel=0.05), name


def test_groups_without_a_smallest_value_begin_where_their_average_says() -> None:
    groups = [latencies(300, 10.0), latencies(500, 30.0)]
    known = [{name: value for name, value in stated(group).items() if name != "min"} for group in groups]
    found = merged((len(group), statistics) for group, statistics in zip(groups, known, strict=True))
    truth = stated([value for group in groups for value in group])
    assert "min" not in found
    assert found["med"] == pytest.approx(truth["med"], rel=0.15)
    assert found["p(95)"] == pytest.approx(truth["p(95)"], rel=0.05)


def test_without_a_largest_value_the_highest_percentile_ends_a_group() -> None:
    found = merged([(10, {"med": 20.0, "p(95)": 20.0}), (10, {"med": 20.0, "p(95)": 20.0})])
    assert found["p(95)"] == pytest.approx(20.0)


def test_one_group_is_left_as_it_is() -> None:
    assert merged([(3, stated([1.0, 2.0, 9.0])), (0, stated([5.0]))]) == stated([1.0, 2.0, 9.0])
    assert merged([]) == {}


_NUMBERS = (0.0, -5.0, 1e300, 1e-300, 17.0)


@pytest.mark.parametrize("first", _NUMBERS)
@pytest.mark.parametrize("second", _NUMBERS)
def test_figures_that_no_target_has_are_survived(first: float, second: float) -> None:
    odd = {"avg": first, "min": second, "med": first, "p(95)": second, "p(x)": 1.0, "max": first, "own": 3.0}
    assert isinstance(answered(odd, 10, [(3, {"avg": second, "max": first})]), Mapping)
    assert isinstance(merged([(4, odd), (2, {**odd, "med": second})]), Mapping)


def _spread(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


@pytest.mark.parametrize("slow", [0, 200])
def test_values_spread_no_more_than_their_percentiles_allow(slow: int) -> None:
    values = [*latencies(4000), *(900.0 for _ in range(slow))]

    assert _spread(values) <= most_deviation(stated(values)) <= 2.5 * _spread(values)
    assert (most_deviation({"avg": 5.0, "min": 5.0, "max": 5.0}), most_deviation({})) == (0.0, 0.0)


def test_the_share_of_values_above_one_is_near_that_of_the_values() -> None:
    values = latencies(4000)

    assert share_above(stated(values), 35) == pytest.approx(
        sum(value > 35 for value in values) / len(values), abs=0.02
    )
    assert (share_above(stated(values), 1e9), share_above({}, 1.0)) == (0.0, 0.0)


@pytest.mark.parametrize("left_out", [1, 5, 40])
def test_a_percentile_without_some_values_lies_between_the_ranks_that_they_can_shift_it_to(
    left_out: int,
) -> None:
    values = sorted(latencies(400))
    least, greatest = without_some(stated(values), len(values), left_out, 0.95) or (math.nan, math.nan)

    without_fastest, without_slowest = (
        stated(values[left_out:])["p(95)"],
        stated(values[:-left_out])["p(95)"],
    )
    assert least <= stated(values)["p(95)"] <= greatest
    assert greatest == pytest.approx(without_fastest, rel=0.05)
    assert least == pytest.approx(without_slowest, rel=0.05)
    assert without_some({}, 400, left_out, 0.95) is None


def test_without_a_maximum_the_highest_percentile_takes_its_place() -> None:
    known = {"avg": 10.0, "min": 0.0, "med": 10.0, "p(95)": 40.0}

    assert (share_above(known, 25.0), share_above(known, 40.0)) == (pytest.approx(0.275), 0.0)
    # Rank 90.25 of 0 to 100
    assert without_some(known, 101, 5, 0.95) == pytest.approx((10 + 30 * 0.4025 / 0.45, 40.0))
    # Half of the values at most 10 from the average, half at most 30
    assert most_deviation(known) == pytest.approx(math.sqrt(0.5 * 100 + 0.5 * 900))


def test_the_average_shows_that_no_answer_took_as_long_as_the_requests_that_timed_out() -> None:
    good = [number / 10 for number in range(1001)]
    failed = [60_000.0] * 60

    found = answered(stated(good + failed), len(good) + len(failed), [(len(failed), stated(failed))])

    assert found["max"] == pytest.approx(100.0, rel=0.03)
