import random

from tests.analysis.findings.found import found, rows
from tests.analysis.samples import metrics, threshold
from tests.analysis.timelines import QUIET, Second, closed, open_, timeline


def _stalls(*at: int, seconds: int = 40) -> set[str]:
    return set(found(timeline(seconds, lambda i: Second(max_ms=900) if i in at else Second()), open_(seconds)))


def test_spikes_at_regular_distance_are_told_with_period_and_height() -> None:
    finding = found(timeline(40, lambda i: Second(max_ms=900) if i % 7 == 3 else Second()), open_(40))["periodic_stalls"]

    assert "every 7 s latency jumps to about 900 ms (6 times" in finding.message
    assert finding.evidence[0].observed == 7.0


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
    assert longest.observed == 4000.0
    assert "rate_per_s 50" in finding.recommendation


def test_a_slow_request_of_one_vu_while_the_others_are_answered_hides_nothing() -> None:
    def describe(i: int) -> Second:
        return Second(requests=45 if 10 <= i < 15 else 50, max_ms=4000 if i == 14 else None)

    assert "coordinated_omission" not in found(timeline(30, describe), closed(), _ITERATIONS)


def test_an_open_model_omits_nothing() -> None:
    assert "coordinated_omission" not in found(timeline(30, _stalled), open_(), _ITERATIONS)


def test_a_stall_no_longer_than_the_think_time_hides_nothing() -> None:
    thinking = metrics(threshold(), more={"rows": rows(iteration_duration={"avg": 5000.0, "med": 5000.0})})

    assert "coordinated_omission" not in found(timeline(30, _stalled), closed(), thinking)
