import pytest

from lab.sample_runs import latency, metrics, threshold
from lab.sample_timelines import QUIET, Describe, Second, closed, open_, ramp_of_vus, timeline
from tests.analysis.findings.found import found


def test_an_average_and_a_p95_above_their_limits_are_told_with_the_limit() -> None:
    measured = metrics(threshold(), latency=latency(avg_ms=2500.0, p95_ms=6000.0))

    findings = found(measured=measured)

    assert findings["latency_average_high"].evidence[0].limit == 2000.0
    assert "the p95 latency was 6000 ms, above 5000 ms" in findings["latency_p95_high"].message
    assert found(measured=measured, avg_ms=3000, p95_ms=7000) == {}


def test_a_high_average_is_as_good_as_certain_for_many_requests_and_not_for_few_spread_ones() -> None:
    def sure(**measured: float) -> float:
        finding = found(measured=metrics(threshold(), latency=latency(**measured))).get(
            "latency_average_high"
        )
        return finding.confidence if finding else 0.0

    far = {
        "avg_ms": 6487,
        "min_ms": 5210,
        "med_ms": 6403,
        "p90_ms": 7600,
        "p95_ms": 7736,
        "p99_ms": 7790,
        "max_ms": 7800,
    }
    spread = {
        "avg_ms": 2300,
        "min_ms": 10,
        "med_ms": 1200,
        "p90_ms": 5000,
        "p95_ms": 6500,
        "p99_ms": 7900,
        "max_ms": 8000,
    }
    assert sure(count=24, **far) == 0.99
    assert sure(count=1, **far) == 0.0
    assert 0.5 < sure(count=6, **spread) < 0.7 < 0.9 < sure(count=2000, **spread)


def test_a_p95_is_as_sure_as_the_share_of_requests_above_its_limit() -> None:
    def sure(count: int, p90_ms: float) -> float:
        measured = latency(count=count, med_ms=900, p90_ms=p90_ms, p95_ms=5100, p99_ms=5400, max_ms=5500)
        return found(measured=metrics(threshold(), latency=measured))["latency_p95_high"].confidence

    assert 0.5 < sure(100, 2000) < 0.75 < 0.96 < sure(100, 5050)
    assert sure(20000, 2000) > 0.8


def test_a_p95_that_stays_above_its_limit_for_two_minutes_is_told_though_that_of_the_run_is_below() -> None:
    def slow_for(seconds: int) -> str:
        whole = timeline(600, lambda i: Second(p50_ms=4000) if 100 <= i < 100 + seconds else Second())
        finding = found(whole, closed(600)).get("latency_p95_high")
        return finding.message if finding else ""

    assert "stayed above 5000 ms for 130 s, starting at 100 s" in slow_for(130)
    assert slow_for(110) == ""


def test_of_several_stretches_above_the_limit_the_longest_is_reported() -> None:
    whole = timeline(600, lambda i: Second(p50_ms=4000) if 100 <= i < 230 or 400 <= i < 410 else Second())

    message = found(whole, closed(600))["latency_p95_high"].message

    assert "stayed above 5000 ms for 130 s, starting at 100 s" in message


def test_latency_that_rises_at_constant_load_is_drift_with_its_slope() -> None:
    finding = found(timeline(30, lambda i: Second(p50_ms=20 + 2 * i)), open_())["latency_drift"]

    assert "from about 20 to 78 ms, 120 ms per minute" in finding.message
    assert finding.severity == "warning" and finding.confidence > 0.9
    assert finding.evidence[0].observed == pytest.approx(58 / 20, rel=0.01)


def test_latency_that_jumps_at_constant_load_is_told_as_a_jump_with_its_time() -> None:
    finding = found(timeline(30, lambda i: Second(p50_ms=20 if i < 14 else 200)), open_())["latency_drift"]

    assert "jumped about 14.5 s into the run from 20 to 200 ms" in finding.message
    assert "per minute" not in finding.message
    assert finding.evidence[0].from_s == 14.5 and finding.evidence[0].observed == 9.0


def test_a_jump_in_the_last_quarter_is_found() -> None:
    message = found(timeline(30, lambda i: Second(p50_ms=20 if i < 24 else 60)), open_())[
        "latency_drift"
    ].message

    assert "jumped" in message and "Mann-Whitney p < 0.00004)" in message


def _falling(i: int) -> Second:
    return Second(p50_ms=80 - 2 * i)


def _rising_too_little(i: int) -> Second:
    return Second(p50_ms=20 + 0.2 * i)


def _too_fast_to_matter(i: int) -> Second:
    return Second(p50_ms=0.2 + 0.02 * i)


def _one_slow_interval(i: int) -> Second:
    return Second(p50_ms=90 if i == 29 else 20)


@pytest.mark.parametrize("describe", [_falling, _rising_too_little, _too_fast_to_matter, _one_slow_interval])
def test_other_changes_of_latency_are_no_drift(describe: Describe) -> None:
    assert "latency_drift" not in found(timeline(30, describe), open_())


def test_latency_that_rises_with_the_load_is_no_drift() -> None:
    assert "latency_drift" not in found(timeline(30, lambda i: Second(p50_ms=20 + 5 * i)), ramp_of_vus())


def test_slow_first_intervals_are_a_warm_up_with_figures_without_it() -> None:
    finding = found(timeline(30, lambda i: Second(p50_ms=400) if i < 4 else Second()), open_())["warm_up"]

    assert finding.severity == "warning"
    assert (
        "the first 4 s were slow (420 ms on average); without them the average is 21 instead of 74.2 ms"
        in finding.message
    )
    assert [item.observed for item in finding.evidence][1] == 21.0


def test_the_p95_without_a_warm_up_is_right_where_answers_are_either_short_or_long() -> None:
    whole = timeline(20, lambda i: Second(p50_ms=150) if i < 2 else Second(p50_ms=5))
    mixed = whole.total.model_copy(
        update={
            name: (*getattr(whole.total, name)[:2], *(150.0,) * 18) for name in ("p95_ms", "p99_ms", "max_ms")
        }
    )
    finding = found(whole.model_copy(update={"total": mixed}), open_(20))["warm_up"]

    assert "p95 about 150 ms" in finding.message


def test_a_warm_up_that_hardly_moves_the_average_is_not_told() -> None:
    assert "warm_up" not in found(
        timeline(600, lambda i: Second(p50_ms=65) if i < 2 else Second()), open_(600)
    )


def test_slowness_that_comes_back_is_no_warm_up() -> None:
    assert "warm_up" not in found(
        timeline(40, lambda i: Second(p50_ms=400) if i % 10 < 3 else Second()), open_(40)
    )


@pytest.mark.parametrize(("again", "is_warm_up"), [(2, True), (3, False)])
def test_a_warm_up_has_at_most_a_tenth_of_the_rest_as_slow(again: int, is_warm_up: bool) -> None:
    slow = {*range(4), *range(10, 10 + 2 * again, 2)}

    findings = found(timeline(30, lambda i: Second(p50_ms=400) if i in slow else Second()), open_())

    assert ("warm_up" in findings) == is_warm_up


def test_half_of_the_run_is_no_warm_up() -> None:
    assert "warm_up" not in found(
        timeline(20, lambda i: Second(p50_ms=400) if i < 9 else Second()), open_(20)
    )


def test_without_a_timeline_only_the_summary_is_judged() -> None:
    assert found(None, open_()) == {}
    assert found(timeline(3, lambda _: QUIET), open_()) == {}
