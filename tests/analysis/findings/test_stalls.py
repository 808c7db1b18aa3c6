import random

import pytest

from lab.sample_runs import metrics, threshold
from lab.sample_timelines import QUIET, Describe, Second, closed, open_, ramp_of_rate, timeline
from tests.analysis.findings.found import found, rows


def _stalls(*at: int, seconds: int = 40) -> set[str]:
    return set(
        found(timeline(seconds, lambda i: Second(max_ms=900) if i in at else Second()), open_(seconds))
    )


def test_spikes_at_regular_distance_are_told_with_period_and_height() -> None:
    finding = found(timeline(40, lambda i: Second(max_ms=900) if i % 7 == 3 else Second()), open_(40))[
        "periodic_stalls"
    ]

    assert "every 7 s latency jumps to about 900 ms (6 times" in finding.message
    period = finding.evidence[0]
    assert (period.observed, period.from_s, period.to_s) == (7.0, 3.0, 39.0)


def test_a_period_that_is_no_whole_number_of_intervals_is_found() -> None:
    assert "periodic_stalls" in _stalls(3, 8, 12, 17, 21, 26, 30, 35)


def test_spikes_at_irregular_distance_are_not_told() -> None:
    assert "periodic_stalls" not in _stalls(3, 6, 17, 20, 35)


def test_lesser_spikes_between_do_not_hide_regular_ones() -> None:
    lesser = {9, 20, 22}
    whole = timeline(40, lambda i: Second(max_ms=900 if i % 7 == 3 else 200 if i in lesser else None))

    assert "every 7 s" in found(whole, open_(40))["periodic_stalls"].message


def test_three_spikes_are_too_few() -> None:
    assert "periodic_stalls" not in _stalls(5, 15, 25)


@pytest.mark.parametrize(("seconds", "regular"), [(11, False), (12, True)])
def test_four_spikes_in_twelve_intervals_are_the_fewest(seconds: int, regular: bool) -> None:
    at = (0, 4, 7, seconds - 1)
    whole = timeline(seconds, lambda i: Second(max_ms=300) if i in at else Second())

    assert ("periodic_stalls" in found(whole, open_(seconds))) == regular


def _pausing(*at: int, p90: float = 900.0, requests: int = 50) -> Describe:
    """Usually up to 40 ms, but in these seconds a tenth of the requests takes `p90` or more."""

    def describe(i: int) -> Second:
        return (
            Second(requests=requests, tail=1 + (p90 / 20 - 1) / 0.4) if i in at else Second(requests=requests)
        )

    return describe


def test_pauses_without_a_period_are_told_with_their_times() -> None:
    finding = found(timeline(40, _pausing(3, 6, 17, 20, 35)), open_(40))["irregular_stalls"]

    assert "5 times at irregular intervals many requests at once took up to about 2220 ms" in finding.message
    assert "at 3 s, 6 s, 17 s, 20 s, 35 s" in finding.message
    assert finding.evidence[0].observed == pytest.approx(900) and finding.evidence[0].limit == pytest.approx(
        178
    )


_TEN = (1, 4, 6, 10, 13, 15, 19, 22, 25, 30)


def test_pauses_in_a_quarter_of_the_intervals_are_found() -> None:
    assert (
        "10 times at irregular" in found(timeline(40, _pausing(*_TEN)), open_(40))["irregular_stalls"].message
    )


def test_pauses_with_a_period_are_told_as_periodic_alone() -> None:
    told = found(timeline(40, _pausing(*range(3, 40, 7))), open_(40))

    assert "periodic_stalls" in told and "irregular_stalls" not in told


def _lone(i: int) -> Second:
    """One slow request at a time."""
    return Second(max_ms=2000) if i in (3, 6, 17, 20, 35) else Second()


@pytest.mark.parametrize(
    "describe",
    [
        # Twice
        _pausing(3, 20),
        # Hardly longer
        _pausing(3, 6, 17, 20, 35, p90=90),
        # One is a change of level
        _pausing(*range(3, 8), 20, 30),
        # Every other interval
        _pausing(*range(1, 40, 2), 20),
        # 11 of 40 intervals
        _pausing(*_TEN, 38),
        # Two requests of twenty
        _pausing(3, 6, 17, 20, 35, requests=20),
        _lone,
    ],
    ids=["two", "short", "level", "half", "more than a quarter", "few", "lone"],
)
def test_other_slow_answers_are_no_pauses(describe: Describe) -> None:
    assert "irregular_stalls" not in found(timeline(40, describe), open_(40))


def test_slow_requests_that_meet_by_chance_are_no_pauses() -> None:
    chance = random.Random(7)
    of_each = [sum(chance.random() < 0.01 for _ in range(50)) for _ in range(3600)]
    assert sum(count >= 3 for count in of_each) >= 10

    def describe(i: int) -> Second:
        return Second(max_ms=900 if of_each[i] else None, tail=2.0 if of_each[i] < 3 else 110.0)

    assert "irregular_stalls" not in found(timeline(3600, describe), open_(3600))


def test_pauses_of_a_load_that_changes_are_not_compared() -> None:
    assert "irregular_stalls" not in found(timeline(40, _pausing(3, 6, 17, 20, 35)), ramp_of_rate(40))


def test_random_spikes_are_rarely_taken_for_regular_ones() -> None:
    chance = random.Random(5)

    def spiky(_: int) -> Second:
        return Second(max_ms=chance.uniform(150, 2000) if chance.random() < 0.12 else None)

    alarms = sum("periodic_stalls" in found(timeline(60, spiky), open_(60)) for _ in range(300))

    assert alarms <= 6


def _stalled(i: int) -> Second:
    """Ten VUs that answer in 20 ms every 200 ms, and once wait for 4 s."""
    return QUIET if 10 <= i < 14 else Second(requests=50, p50_ms=20, max_ms=4000 if i == 14 else None)


_ITERATIONS = metrics(threshold(), more={"rows": rows(iteration_duration={"avg": 210.0, "med": 200.0})})


def test_a_closed_model_that_stalled_is_told_what_an_open_one_would_show() -> None:
    finding = found(timeline(30, _stalled), closed(), _ITERATIONS)["coordinated_omission"]

    p95, p99, longest = finding.evidence
    assert p99.observed is not None and p99.limit is not None and p95.observed is not None
    assert p99.observed < 60 and p99.limit > 1000
    assert (longest.observed, longest.from_s, longest.to_s) == (4000.0, 14.0, 15.0)
    assert "rate_per_s 50" in finding.recommendation


def test_what_a_closed_model_shows_are_k6s_own_percentiles() -> None:
    finding = found(timeline(30, _stalled), closed(), _ITERATIONS)["coordinated_omission"]

    assert [item.observed for item in finding.evidence[:2]] == [35.75, 39.0]


def test_a_stall_of_less_than_half_the_longest_does_not_count_as_one() -> None:
    def describe(i: int) -> Second:
        return Second(max_ms=1900) if i == 20 else _stalled(i)

    longest = found(timeline(30, describe), closed(), _ITERATIONS)["coordinated_omission"].evidence[2]

    assert (longest.from_s, longest.to_s) == (14.0, 15.0)


def test_a_slow_request_of_one_vu_while_the_others_are_answered_hides_nothing() -> None:
    def describe(i: int) -> Second:
        return Second(requests=45 if 10 <= i < 15 else 50, max_ms=4000 if i == 14 else None)

    assert "coordinated_omission" not in found(timeline(30, describe), closed(), _ITERATIONS)


def test_an_open_model_omits_nothing() -> None:
    assert "coordinated_omission" not in found(timeline(30, _stalled), open_(), _ITERATIONS)


def test_a_stall_no_longer_than_the_think_time_hides_nothing() -> None:
    thinking = metrics(threshold(), more={"rows": rows(iteration_duration={"avg": 5000.0, "med": 5000.0})})

    assert "coordinated_omission" not in found(timeline(30, _stalled), closed(), thinking)
