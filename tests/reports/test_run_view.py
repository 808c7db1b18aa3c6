import pytest

from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.plan import ScenarioPlan, StagePlan
from k6_mcp.models.thresholds import headroom
from k6_mcp.reports.chart_points import points
from k6_mcp.reports.drawing import headroom_bar, whiskers
from k6_mcp.reports.planned_load import planned
from k6_mcp.reports.run_view import page_data
from lab.sample_reports import CHANGES, broken, phases, timeline, view
from lab.sample_runs import metrics, plan, run, threshold

NOTHING = planned(None)


def arrival(name: str, start_s: float, **facts: object) -> ScenarioPlan:
    """Return a scenario with 10 iterations/s for 10 s by default."""
    usual = {"executor": "constant-arrival-rate", "rate_per_s": 10.0, "duration_s": 10.0}
    return ScenarioPlan.model_validate({"name": name, "start_s": start_s, **usual, **facts})


@pytest.mark.parametrize(
    ("expression", "observed", "left"),
    [
        ("p(95)<500", 400.0, 0.2),
        ("p(95)<=500", 600.0, -0.2),
        ("rate>0.8", 1.0, 0.25),
        ("rate>=0.9", 0.45, -0.5),
        ("p(99.9) < 100.5", 100.5, 0.0),
        ("rate<=0", 0.0, None),
        ("count==5", 5.0, None),
        ("not a threshold", 5.0, None),
        ("avg<10", None, None),
    ],
)
def test_headroom_is_the_share_of_the_limit_that_is_left(
    expression: str, observed: float | None, left: float | None
) -> None:
    assert headroom(expression, observed) == (None if left is None else pytest.approx(left))


@pytest.mark.parametrize(
    ("left", "width", "over"),
    [(1.0, 1.0, False), (0.5, 55.0, False), (-0.1, 121.0, True), (-9.0, 150.0, True)],
)
def test_a_bar_shows_how_much_of_the_limit_is_used_and_stays_within_its_track(
    left: float, width: float, over: bool
) -> None:
    bar = headroom_bar(left)

    assert (bar.width, bar.over) == (width, over)


def test_whiskers_share_a_scale_and_what_has_no_effect_has_no_dot() -> None:
    changed, unknown = whiskers(CHANGES)

    assert changed.dot is not None and changed.low is not None and changed.high is not None
    assert 130 < changed.low < changed.dot < changed.high <= 248
    assert (changed.effect, changed.interval) == ("+31 %", "+24 % to +38 %")
    assert (unknown.dot, unknown.effect, unknown.interval) == (None, "—", "—")


def test_merged_points_keep_counts_as_rates_and_the_highest_latency() -> None:
    whole = timeline(100)
    merged = points(whole, NOTHING, 30)

    assert (merged.merged, len(merged.from_s)) == (4, 25)
    assert sum((rate or 0) * 4 for rate in merged.requests_per_s) == pytest.approx(sum(whole.total.requests))
    assert merged.max_ms[0] == max(value for value in whole.total.max_ms[:4] if value is not None)
    assert (merged.from_s[0], merged.to_s[-1]) == (0.0, 100.0)


def test_a_last_interval_of_a_few_milliseconds_is_no_point_of_its_own() -> None:
    short = timeline(3, ends_s=(1.0, 2.0, 2.02))

    drawn = points(short, NOTHING, 900)

    assert (drawn.from_s, drawn.to_s) == ((0.0, 1.0), (1.0, 2.02))


def test_the_load_asked_for_adds_up_over_scenarios_and_ramps_within_stages() -> None:
    stages = (
        StagePlan(start_s=5, duration_s=10, from_target=0, target=20),
        StagePlan(start_s=15, duration_s=5, from_target=20, target=20),
    )
    asked = planned(
        plan(scenarios=(arrival("a", 0.0), arrival("b", 5.0, executor="ramping-arrival-rate", stages=stages)))
    )

    assert asked.rate_per_s(0, 5) == 10
    assert asked.rate_per_s(5, 10) == 10 + 5
    assert asked.rate_per_s(9.5, 10.5) == pytest.approx(10 * 0.5 + 10)
    assert asked.rate_per_s(15, 20) == 20
    assert asked.rate_per_s(30, 31) == 0
    assert asked.vus(3) is None


def test_the_load_asked_for_begins_where_its_first_phase_does() -> None:
    late = [phase.model_copy(update={"start_s": phase.start_s + 3}) for phase in phases()]

    asked = planned(plan(scenarios=(arrival("a", 0.0),)), late)

    assert (asked.rate_per_s(0, 3), asked.rate_per_s(3, 13)) == (0, 10)


def test_a_closed_load_asks_for_vus() -> None:
    asked = planned(plan())

    assert (asked.rate_per_s(0, 1), asked.vus(1.0), asked.vus(3.0)) == (None, 2, 0)


def test_an_outage_is_shaded_and_stages_are_marked_where_they_begin() -> None:
    charts = page_data(broken()).charts

    assert charts is not None
    assert [(shade.from_s, shade.to_s, shade.label) for shade in charts.shades] == [(20, 27, "outage")]
    assert [(mark.at_s, mark.label) for mark in charts.marks] == [
        (18, "2: hold at 50/s"),
        (42, "3: ramp to 0/s"),
    ]
    assert [(limit.value, limit.ok) for limit in charts.limits] == [(100, False), (400, True)]


def test_a_window_as_long_as_the_run_or_of_no_event_is_not_shaded() -> None:
    def found(rule: str, until: float, limit: float | None = 0.5) -> Finding:
        evidence = (Evidence(metric="http_req_failed", limit=limit, from_s=0, to_s=until),)
        return Finding(
            id=rule, severity="warning", confidence=1, message="m", evidence=evidence, recommendation="r"
        )

    charts = page_data(
        view(
            run(),
            timeline(60),
            findings=(found("outage", 60), found("outage", 9, None), found("error_rate_high", 9)),
        )
    ).charts

    assert charts is not None and charts.shades == ()


def test_crossed_thresholds_come_first() -> None:
    judged = run(
        metrics=metrics(threshold(), threshold("avg<1", ok=False), threshold("min<1", has_samples=False))
    )

    rows = page_data(view(judged, None)).thresholds

    assert [row.expression for row in rows] == ["avg<1", "min<1", "p(95)<500"]
    assert [(row.ok, row.headroom is None) for row in rows] == [(False, False), (False, True), (True, False)]
