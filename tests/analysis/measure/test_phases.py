"""Asked and achieved, stage by stage."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from k6_mcp.analysis.measure.phases import phases_of
from k6_mcp.models.plan import Plan, ScenarioPlan, StagePlan
from k6_mcp.models.timeline import ScenarioSeries, Series, Timeline
from lab.sample_runs import plan


def _series(requests: Sequence[int], **given: Sequence[Any]) -> Series:
    nothing = (None,) * len(requests)
    latency = dict.fromkeys(("avg_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"), nothing)
    columns: Mapping[str, Any] = {
        "requests": requests,
        "failed": (0,) * len(requests),
        "iterations": requests,
        **latency,
        **given,
    }
    return Series.model_validate(columns)


def _timeline(
    requests: Sequence[int], *, dropped: Sequence[int] = (), start_s: float = 0.0, **given: Any
) -> Timeline:
    zeros = (0,) * len(requests)
    scenarios = given.pop("scenarios", ())
    return Timeline(
        start_unix_ms=0,
        period_s=1,
        load_start_s=start_s,
        ends_s=tuple(float(number + 1) for number in range(len(requests))),
        total=_series(requests, **given),
        unanswered=zeros,
        dropped=tuple(dropped) or zeros,
        vus=zeros,
        scenarios=scenarios,
    )


def _arrival(*stages: StagePlan, name: str = "shop", **given: Any) -> ScenarioPlan:
    seconds = stages[-1].start_s + stages[-1].duration_s if stages else 4.0
    facts: dict[str, Any] = {"duration_s": seconds, "rate_per_s": 10.0, **given}
    return ScenarioPlan(name=name, executor="ramping-arrival-rate", stages=stages, **facts)


def _plan(*scenarios: ScenarioPlan) -> Plan:
    return plan(scenarios=scenarios)


_RISING = (
    StagePlan(start_s=0, duration_s=2, from_target=10, target=10),
    StagePlan(start_s=2, duration_s=2, from_target=10, target=50),
)


def test_every_stage_tells_what_was_asked_and_what_was_achieved() -> None:
    slow, failed = (20.0, 20.0, 300.0, 300.0), (0, 0, 10, 10)
    timeline = _timeline(
        (10, 10, 20, 20), dropped=(0, 0, 8, 12), p50_ms=slow, p95_ms=slow, max_ms=slow, failed=failed
    )
    hold, ramp = phases_of(_plan(_arrival(*_RISING)), timeline)
    assert (hold.kind, hold.label, hold.start_s, hold.end_s) == ("hold", "10/s for 2s", 0, 2)
    assert (ramp.kind, ramp.label, ramp.start_s, ramp.end_s) == ("ramp", "10 to 50/s in 2s", 2, 4)
    assert (hold.asked_rate_per_s, hold.iterations_per_s, hold.dropped, hold.error_rate) == (10, 10, 0, 0)
    assert (ramp.asked_rate_per_s, ramp.iterations_per_s, ramp.dropped, ramp.error_rate) == (30, 20, 20, 0.5)
    assert (hold.p95_ms, ramp.p95_ms) == (pytest.approx(20), pytest.approx(300))


def test_an_interval_across_a_boundary_counts_in_both_stages_by_time() -> None:
    timeline = _timeline((5, 10, 10, 10, 5), dropped=(1, 1, 1, 1, 1), start_s=0.5)
    hold, ramp = phases_of(_plan(_arrival(*_RISING)), timeline)
    assert (hold.start_s, ramp.end_s) == (0.5, 4.5)
    assert hold.requests_per_s == pytest.approx(10)
    assert ramp.requests_per_s == pytest.approx(10)
    assert hold.dropped + ramp.dropped == 5


def test_an_interval_across_a_jump_is_shared_by_the_rates_before_and_after_it() -> None:
    stages = (
        StagePlan(start_s=0, duration_s=3, from_target=10, target=10),
        StagePlan(start_s=3, duration_s=0, from_target=10, target=100),
        StagePlan(start_s=3, duration_s=3, from_target=100, target=100),
    )
    timeline = _timeline((5, 10, 10, 55, 100, 100, 50), start_s=0.5)
    calm, rush = phases_of(_plan(_arrival(*stages)), timeline)
    assert (calm.iterations_per_s, rush.iterations_per_s) == (pytest.approx(10), pytest.approx(100))


@pytest.mark.parametrize(
    ("start_s", "calm_s", "requests"),
    [(0.0, 1.5, (10, 55, 100, 50)), (0.5, 2.0, (5, 10, 55, 100, 50))],
    ids=["in its second interval", "in its third interval"],
)
def test_a_jump_after_a_single_whole_interval_is_shared_by_the_rates(
    start_s: float, calm_s: float, requests: tuple[int, ...]
) -> None:
    stages = (
        StagePlan(start_s=0, duration_s=calm_s, from_target=10, target=10),
        StagePlan(start_s=calm_s, duration_s=2, from_target=100, target=100),
    )
    calm, rush = phases_of(_plan(_arrival(*stages)), _timeline(requests, start_s=start_s))
    assert (calm.iterations_per_s, rush.iterations_per_s) == (pytest.approx(10), pytest.approx(100))


def test_a_scenario_of_constant_rate_counts_the_intervals_in_which_it_began_and_ended() -> None:
    (phase,) = phases_of(_plan(_arrival()), _timeline((3, 10, 10, 10, 7), start_s=0.6))
    assert (phase.kind, phase.asked_rate_per_s, phase.iterations_per_s) == ("whole", 10, pytest.approx(10))


def test_a_scenario_with_a_number_of_iterations_lasts_until_its_last_one() -> None:
    many = ScenarioPlan(name="shop", executor="shared-iterations", vus=2, duration_s=600, iterations=40)
    (phase,) = phases_of(_plan(many), _timeline((20, 20, 5, 0), iterations=(20, 20, 0, 0)))
    assert (phase.end_s, phase.iterations_per_s) == (2, 20)


def test_a_stage_that_was_cut_short_is_held_against_the_part_that_ran() -> None:
    _, ramp = phases_of(_plan(_arrival(*_RISING)), _timeline((10, 10, 20)))
    assert ramp.asked_rate_per_s == 20
    assert ramp.iterations_per_s == 20
    assert ramp.end_s == 4


def test_a_stage_that_was_never_reached_has_no_figures() -> None:
    _, ramp = phases_of(_plan(_arrival(*_RISING)), _timeline((10, 10)))
    assert ramp.asked_rate_per_s == 30
    assert (ramp.iterations_per_s, ramp.requests_per_s, ramp.p95_ms, ramp.error_rate, ramp.dropped) == (
        None,
        None,
        None,
        None,
        0,
    )


def test_a_jump_is_no_phase() -> None:
    jump = StagePlan(start_s=2, duration_s=0, from_target=10, target=50)
    after = StagePlan(start_s=2, duration_s=2, from_target=50, target=50)
    assert [
        phase.label for phase in phases_of(_plan(_arrival(_RISING[0], jump, after)), _timeline((10,) * 4))
    ] == [
        "10/s for 2s",
        "50/s for 2s",
    ]


def test_every_scenario_is_told_by_its_own_figures() -> None:
    vus = ScenarioPlan(name="browse", executor="constant-vus", vus=3, max_vus=3, duration_s=2, start_s=2)
    silent = ScenarioPlan(name="silent", executor="constant-vus", vus=1, max_vus=1, duration_s=4)
    own = (
        ScenarioSeries(name="shop", series=_series((10, 10, 10, 10)), dropped=(0, 0, 0, 5)),
        ScenarioSeries(name="browse", series=_series((0, 0, 7, 7)), dropped=(0, 0, 0, 0)),
    )
    timeline = _timeline((10, 10, 17, 17), dropped=(0, 0, 0, 5), scenarios=own)
    shop, browse, nothing = phases_of(_plan(_arrival(), vus, silent), timeline)
    assert (shop.label, shop.iterations_per_s, shop.dropped) == ("10/s for 4s", 10, 5)
    assert (browse.label, browse.kind, browse.asked_vus, browse.requests_per_s) == (
        "3 VUs for 2s",
        "whole",
        3,
        7,
    )
    assert (browse.start_s, browse.end_s) == (2, 4)
    assert (nothing.requests_per_s, nothing.error_rate) == (0, None)


def test_iterations_take_as_long_as_they_take() -> None:
    counted = ScenarioPlan(
        name="once", executor="shared-iterations", vus=2, max_vus=2, duration_s=600, iterations=40
    )
    (phase,) = phases_of(_plan(counted), _timeline((20, 20)))
    assert (phase.label, phase.kind, phase.end_s, phase.iterations_per_s) == (
        "40 iterations by 2 VUs",
        "whole",
        2,
        20,
    )


def test_a_timeline_without_intervals_gives_phases_without_figures() -> None:
    (phase, _) = phases_of(_plan(_arrival(*_RISING)), _timeline(()))
    assert phase.requests_per_s is None


def test_a_phase_that_covers_the_load_counts_what_came_first_and_last() -> None:
    timeline = _timeline(
        (8, 10, 10, 10, 2), failed=(8, 0, 0, 0, 2), p95_ms=(400, 20, 20, 20, 20), start_s=0.4
    )
    (phase,) = phases_of(_plan(_arrival()), timeline, load_s=4.0)
    assert phase.error_rate == pytest.approx(10 / 40)
    assert phase.requests_per_s == 10
    assert phase.p95_ms is not None
    assert phase.p95_ms > 300


def test_the_stages_of_a_scenario_add_up_to_all_that_was_counted_of_it() -> None:
    stages = (*_RISING, StagePlan(start_s=4, duration_s=1.3, from_target=50, target=0))
    timeline = _timeline((7, 11, 23, 40, 37, 5, 3), dropped=(1, 0, 2, 7, 0, 3, 0), start_s=0.7)
    phases = phases_of(_plan(_arrival(*stages)), timeline)
    told = [
        phase.requests_per_s * (phase.end_s - phase.start_s)
        for phase in phases
        if phase.requests_per_s is not None
    ]
    assert sum(told) == pytest.approx(126)
    assert sum(phase.dropped for phase in phases) == 13


def test_latency_and_failures_of_an_interval_across_a_jump_count_where_most_of_its_requests_do() -> None:
    stages = (
        StagePlan(start_s=0, duration_s=3, from_target=10, target=10),
        StagePlan(start_s=3, duration_s=3, from_target=100, target=100),
    )
    slow = (20.0, 20.0, 20.0, 300.0, 300.0, 300.0, 300.0)
    timeline = _timeline(
        (5, 10, 10, 55, 100, 100, 50), failed=(0, 0, 0, 40, 0, 0, 0), p95_ms=slow, start_s=0.5
    )
    calm, rush = phases_of(_plan(_arrival(*stages)), timeline)
    assert (calm.error_rate, calm.p95_ms) == (0, pytest.approx(20))
    assert (rush.error_rate, rush.p95_ms) == (pytest.approx(40 / 305), pytest.approx(300))


def test_what_ends_in_the_graceful_stop_counts_over_the_time_that_it_took() -> None:
    timeline = _timeline((10, 10, 10, 10, 10, 10), failed=(0, 0, 0, 0, 5, 10))
    (phase,) = phases_of(_plan(_arrival()), timeline)
    assert (phase.end_s, phase.requests_per_s, phase.error_rate) == (4, 10, pytest.approx(15 / 60))


def test_a_scenario_that_began_before_it_was_taken_to_begin_counts_all_the_same() -> None:
    early = ScenarioPlan(name="shop", executor="constant-vus", vus=2, max_vus=2, duration_s=2)
    (phase,) = phases_of(_plan(early), _timeline((0, 4, 0, 0), start_s=2.2))
    assert (phase.requests_per_s, phase.error_rate) == (pytest.approx(4 / (4.0 - 1.5)), 0)


def test_requests_of_setup_are_in_no_phase() -> None:
    own = (ScenarioSeries(name="shop", series=_series((0, 10, 10, 10)), dropped=(0, 0, 0, 0)),)
    timeline = _timeline((50, 10, 10, 10), failed=(50, 0, 0, 0), start_s=1.0, scenarios=own)
    (phase,) = phases_of(_plan(_arrival(duration_s=3)), timeline)
    assert (phase.requests_per_s, phase.error_rate) == (10, 0)


def test_a_stage_shorter_than_an_interval_is_told_by_the_interval_in_which_it_lies() -> None:
    stages = tuple(StagePlan(start_s=n * 0.4, duration_s=0.4, from_target=10, target=10) for n in range(5))
    phases = phases_of(_plan(_arrival(*stages)), _timeline((10, 10), failed=(0, 5), p95_ms=(20, 20)))
    assert [phase.requests_per_s for phase in phases] == [pytest.approx(10)] * 5
    assert [phase.error_rate for phase in phases] == [0, 0, pytest.approx(0.25), 0.5, 0.5]
