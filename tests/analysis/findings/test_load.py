"""The planned load over time."""

from k6_mcp.analysis.findings.load import Load
from k6_mcp.models.plan import ScenarioPlan, StagePlan
from lab.sample_timelines import closed, ramp_of_vus


def test_the_stairs_of_a_ramp_are_steady_and_its_slopes_are_not() -> None:
    stages = tuple(
        StagePlan(start_s=start, duration_s=5, from_target=first, target=last)
        for start, first, last in ((0, 1, 5), (5, 5, 5), (10, 5, 9), (15, 9, 9), (20, 9, 0))
    )
    (ramp,) = ramp_of_vus(25, 9).scenarios
    plan = ramp_of_vus(25, 9).model_copy(update={"scenarios": (ramp.model_copy(update={"stages": stages}),)})

    assert Load.of(plan, 2.0).steady == ((7.0, 12.0), (17.0, 22.0))


def test_scenarios_that_follow_each_other_are_steady_each_for_itself() -> None:
    scenarios = tuple(
        ScenarioPlan(name=name, executor="constant-vus", vus=vus, max_vus=vus, duration_s=10, start_s=start)
        for name, vus, start in (("first", 2, 0), ("later", 3, 10))
    )
    plan = closed(20).model_copy(update={"scenarios": scenarios})

    load = Load.of(plan, 0.0)

    assert load.steady == ((0.0, 10.0), (10.0, 20.0))
    assert [load.at(at_s) for at_s in (0.0, 9.9, 10.0, 20.0)] == [2, 2, 3, 0]
