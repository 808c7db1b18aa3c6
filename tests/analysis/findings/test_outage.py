from dataclasses import replace

import pytest

from k6_mcp.models.plan import ScenarioPlan
from lab.sample_timelines import QUIET, Second, closed, open_, ramp_of_rate, timeline
from tests.analysis.findings.found import found

BROKEN = Second(failed=50)


def test_a_window_of_failures_is_an_outage_with_onset_length_and_recovery() -> None:
    finding = found(timeline(30, lambda i: BROKEN if 10 <= i < 14 else Second()), open_())["outage"]

    assert finding.severity == "critical"
    assert (
        "200 of 200 requests failed for 4 s, starting at 10 s; the target was as before 4 s after the onset"
        in finding.message
    )
    before, during, after, recovery = finding.evidence
    assert (before.observed, during.observed, after.observed) == (0.0, 1.0, 0.0)
    assert (during.from_s, during.to_s, recovery.observed, recovery.limit) == (10.0, 14.0, 4.0, 300.0)


def test_silence_under_load_is_an_outage() -> None:
    finding = found(timeline(30, lambda i: QUIET if 10 <= i < 13 else Second()), open_())["outage"]

    assert "no request was answered for 3 s, starting at 10 s" in finding.message


def test_latency_that_stays_high_after_the_failures_makes_recovery_longer() -> None:
    def describe(i: int) -> Second:
        return BROKEN if 10 <= i < 12 else Second(p50_ms=200) if 12 <= i < 17 else Second()

    finding = found(timeline(30, describe), open_(), recovery_s=5)["outage"]

    assert "the target was as before 7 s after the onset, later than the 5 s allowed" in finding.message


def test_an_outage_at_the_end_has_not_recovered() -> None:
    assert (
        "it had not recovered by the end"
        in found(timeline(30, lambda i: BROKEN if i >= 20 else Second()), open_())["outage"].message
    )


def test_load_that_a_limiter_turns_away_is_no_outage_while_as_many_answers_are_good_as_before() -> None:
    def limited(i: int) -> Second:
        asked = 10 + 5 * i
        return Second(requests=asked, failed=max(0, asked - 40))

    findings = found(timeline(30, limited), ramp_of_rate(30, 160))

    assert "outage" not in findings and "slo_break_point" in findings


def test_a_half_that_fails_all_the_time_is_no_outage_whatever_the_interval() -> None:
    failed = (25, 26, 25, 25, 24, 25, 25, 26)

    findings = found(timeline(8, lambda i: Second(failed=failed[i])), open_(8))

    assert "outage" not in findings


@pytest.mark.parametrize(("failed", "is_outage"), [(25, True), (24, False)])
def test_an_outage_begins_where_half_of_the_requests_fail(failed: int, is_outage: bool) -> None:
    whole = timeline(30, lambda i: Second(failed=failed if 10 <= i < 14 else 0))

    assert ("outage" in found(whole, open_())) == is_outage


def test_the_length_of_an_outage_has_three_digits() -> None:
    whole = timeline(
        30,
        lambda i: BROKEN if 10 <= i < 14 else Second(),
        period_s=1.0123,
        ends_s=tuple(1.0123 * (i + 1) for i in range(30)),
    )

    assert "failed for 4.05 s, starting at 10.1 s" in found(whole, open_(31))["outage"].message


def test_several_outages_are_one_finding_about_the_longest() -> None:
    finding = found(
        timeline(40, lambda i: BROKEN if i in (5, 6, 20, 21, 22, 23, 30, 31) else Second()), open_(40)
    )["outage"]

    assert "starting at 20 s" in finding.message and "the longest of 3 outages" in finding.message


def test_one_bad_second_is_no_outage() -> None:
    assert "outage" not in found(timeline(30, lambda i: BROKEN if i == 10 else Second()), open_())


def test_nothing_but_failures_is_no_outage_because_nothing_went_out() -> None:
    assert "outage" not in found(timeline(30, lambda _: BROKEN), open_())


def test_few_failures_in_a_quiet_test_are_no_outage() -> None:
    sparse = timeline(30, lambda i: Second(requests=1, failed=int(10 <= i < 13)))

    assert "outage" not in found(sparse, open_(30, 1))


def test_silence_that_is_think_time_is_no_outage() -> None:
    assert "outage" not in found(
        timeline(30, lambda i: Second(requests=10) if i % 3 == 0 else QUIET), closed()
    )


def test_silence_after_the_load_has_ended_is_no_outage() -> None:
    assert "outage" not in found(timeline(30, lambda i: Second() if i < 20 else QUIET), open_(20))


def test_a_ramp_that_ends_at_nothing_is_no_outage() -> None:
    plan = ramp_of_rate(30, 0, first=5)

    assert "outage" not in found(timeline(30, lambda i: Second(requests=int(5 - (i + 0.5) / 6))), plan)


def test_the_last_vu_of_an_iterations_test_is_no_outage() -> None:
    scenario = ScenarioPlan(
        name="default", executor="shared-iterations", vus=10, max_vus=10, iterations=900, duration_s=600
    )
    plan = closed().model_copy(update={"scenarios": (scenario,)})

    assert "outage" not in found(timeline(30, lambda i: Second() if i < 18 else replace(QUIET, vus=1)), plan)
    assert "outage" in found(timeline(30, lambda i: QUIET if 10 <= i < 14 else Second()), plan)


def test_silence_after_two_vus_have_finished_is_no_outage() -> None:
    def describe(i: int) -> Second:
        return Second(vus=2) if i < 18 else replace(QUIET, vus=0)

    assert "outage" not in found(timeline(30, describe), closed(30, 2))


def test_a_busy_scenario_that_ends_is_no_outage_of_a_sparse_one() -> None:
    busy = ScenarioPlan(
        name="busy", executor="constant-arrival-rate", vus=9, max_vus=9, duration_s=15, rate_per_s=50
    )
    sparse = ScenarioPlan(name="sparse", executor="constant-vus", vus=1, max_vus=1, duration_s=40)
    plan = closed(40).model_copy(update={"scenarios": (busy, sparse)})

    def describe(i: int) -> Second:
        return Second() if i < 15 else Second(requests=1, vus=1) if i % 5 == 0 else replace(QUIET, vus=1)

    assert "outage" not in found(timeline(40, describe), plan)


def test_a_pause_between_scenarios_is_no_outage() -> None:
    first, later = (
        ScenarioPlan(name=name, executor="constant-vus", vus=10, max_vus=10, duration_s=10, start_s=start)
        for name, start in (("first", 0.0), ("later", 20.0))
    )
    plan = closed(30).model_copy(update={"scenarios": (first, later)})

    assert "outage" not in found(timeline(30, lambda i: QUIET if 10 <= i < 20 else Second()), plan)


def test_iterations_that_go_on_without_requests_are_no_outage() -> None:
    assert "outage" not in found(
        timeline(30, lambda i: replace(QUIET, iterations=10) if i >= 15 else Second()), open_()
    )
