"""Asked and achieved, stage by stage."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from k6_mcp.analysis.phases import phases_of
from k6_mcp.models.plan import Plan, ScenarioPlan, StagePlan
from k6_mcp.models.timeline import ScenarioSeries, Series, Timeline
from tests.analysis.samples import plan


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


def _timeline(requests: Sequence[int], *, dropped: Sequence[int] = (), start_s: float = 0.0, **given: Any) -> Timeline:
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
    timeline = _timeline((10, 10, 20, 20), dropped=(0, 0, 8, 12), p50_ms=slow, p95_ms=slow, max_ms=slow, failed=failed)
    hold, ramp = phases_of(_plan(_arrival(*_RISING)), timeline)
    assert (hold.kind, hold.label, hold.start_s, hold.end_s) == ("hold", "10/s for 2s", 0, 2)
    assert (ramp.kind, ramp.label, ramp.start_s, ramp.end_s) == ("ramp", "10 to 50/s in 2s", 2, 4)
    assert (hold.asked_rate_per_s, hold.iterations_per_s, hold.dropped, hold.error_rate) == (10, 10, 0, 0)
    assert (ramp.asked_rate_per_s, ramp.iterations_per_s, ramp.dropped, ramp.error_rate) == (30, 20, 20, 0.5)
    assert (hold.p95_ms, ramp.p95_ms) == (pytest.approx(20), pytest.approx(300))


def test_an_interval_across_a_boundary_counts_in_both_stages_by_time() -> None:
    timeline = _timeline((10, 10, 10, 10, 10), dropped=(1, 1, 1, 1, 1), start_s=0.5)
    hold, ramp = phases_of(_plan(_arrival(*_RISING)), timeline)
    assert (hold.start_s, ramp.end_s) == (0.5, 4.5)
    assert hold.requests_per_s == pytest.approx(10)
    assert hold.dropped + ramp.dropped == 4


def test_a_constant_stage_is_told_by_the_intervals_that_lie_within_it() -> None:
    stages = (
        StagePlan(start_s=0, duration_s=3, from_target=10, target=10),
        StagePlan(start_s=3, duration_s=0, from_target=10, target=100),
        StagePlan(start_s=3, duration_s=3, from_target=100, target=100),
    )
    timeline = _timeline((5, 10, 10, 55, 100, 100, 50), start_s=0.5)
    calm, rush = phases_of(_plan(_arrival(*stages)), timeline)
    assert (calm.iterations_per_s, rush.iterations_per_s) == (10, 100)


def test_a_scenario_of_constant_rate_is_told_by_the_intervals_that_lie_within_it() -> None:
    (phase,) = phases_of(_plan(_arrival()), _timeline((3, 10, 10, 10, 7), start_s=0.6))
    assert (phase.kind, phase.asked_rate_per_s, phase.iterations_per_s) == ("whole", 10, 10)


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
    assert (ramp.iterations_per_s, ramp.requests_per_s, ramp.p95_ms, ramp.error_rate, ramp.dropped) == (None, None, None, None, 0)


def test_a_jump_is_no_phase() -> None:
    jump = StagePlan(start_s=2, duration_s=0, from_target=10, target=50)
    after = StagePlan(start_s=2, duration_s=2, from_target=50, target=50)
    assert [phase.label for phase in phases_of(_plan(_arrival(_RISING[0], jump, after)), _timeline((10,) * 4))] == [
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
    assert (browse.label, browse.kind, browse.asked_vus, browse.requests_per_s) == ("3 VUs for 2s", "whole", 3, 7)
    assert (browse.start_s, browse.end_s) == (2, 4)
    assert (nothing.requests_per_s, nothing.error_rate) == (0, None)


def test_iterations_take_as_long_as_they_take() -> None:
    counted = ScenarioPlan(name="once", executor="shared-iterations", vus=2, max_vus=2, duration_s=600, iterations=40)
    (phase,) = phases_of(_plan(counted), _timeline((20, 20)))
    assert (phase.label, phase.kind, phase.end_s, phase.iterations_per_s) == ("40 iterations by 2 VUs", "whole", 2, 20)


def test_a_timeline_without_intervals_gives_phases_without_figures() -> None:
    (phase, _) = phases_of(_plan(_arrival(*_RISING)), _timeline(()))
    assert phase.requests_per_s is None
