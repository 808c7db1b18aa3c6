import json

import pytest

from k6_mcp.runners.inspect import read_plan


def _inspect(**options: object) -> str:
    return json.dumps(
        {
            "totalDuration": "1m35s",
            "maxVUs": 70,
            "scenarios": None,
            "thresholds": None,
            "ext": None,
            **options,
        }
    )


def test_an_arrival_rate_scenario_gives_its_rate_per_second_and_expected_iterations() -> None:
    scenario = {
        "executor": "constant-arrival-rate",
        "rate": 30,
        "timeUnit": "1m",
        "duration": "2m",
        "preAllocatedVUs": 5,
        "maxVUs": 9,
    }
    plan = read_plan(_inspect(scenarios={"buy": scenario}))
    (buy,) = plan.scenarios
    assert (buy.rate_per_s, buy.peak_rate_per_s, buy.vus, buy.max_vus, buy.duration_s) == (
        0.5,
        0.5,
        5,
        9,
        120,
    )
    assert (plan.expected_iterations, plan.peak_rate_per_s, plan.longest_s, plan.max_vus) == (60, 0.5, 95, 70)


def test_a_ramping_rate_counts_the_area_under_its_ramps() -> None:
    stages = [{"duration": "10s", "target": 20}, {"duration": "10s", "target": 0}]
    scenario = {
        "executor": "ramping-arrival-rate",
        "startRate": 0,
        "timeUnit": "1s",
        "stages": stages,
        "preAllocatedVUs": 5,
    }
    plan = read_plan(_inspect(scenarios={"ramp": scenario}))
    assert (plan.expected_iterations, plan.peak_rate_per_s, plan.duration_s) == (200, 20, 20)


def test_closed_models_promise_no_number_of_iterations() -> None:
    stages = [{"duration": "5s", "target": 8}, {"duration": "5s", "target": 3}]
    plan = read_plan(
        _inspect(
            scenarios={"vus": {"executor": "ramping-vus", "startVUs": 1, "stages": stages, "startTime": "2s"}}
        )
    )
    assert plan.expected_iterations is None
    assert (plan.scenarios[0].max_vus, plan.duration_s) == (8, 12)


@pytest.mark.parametrize(("executor", "expected"), [("shared-iterations", 6), ("per-vu-iterations", 18)])
def test_iteration_executors_know_how_many(executor: str, expected: int) -> None:
    plan = read_plan(
        _inspect(
            scenarios={"default": {"executor": executor, "vus": 3, "iterations": 6, "maxDuration": None}}
        )
    )
    assert (plan.expected_iterations, plan.duration_s) == (expected, 600)


def test_thresholds_come_as_text_or_as_objects() -> None:
    thresholds = {
        "http_req_duration": ["p(95)<500", {"threshold": "avg<9", "abortOnFail": True}],
        "checks": None,
    }
    plan = read_plan(_inspect(thresholds=thresholds))
    assert [(t.metric, t.expression, t.abort_on_fail) for t in plan.thresholds] == [
        ("http_req_duration", "p(95)<500", False),
        ("http_req_duration", "avg<9", True),
    ]


def test_what_the_script_itself_declares_is_named() -> None:
    ours = {
        "declared": {"scenarios": {"a": "constant-vus", "b": "ramping-vus"}, "stages": True, "vus": 3},
        "replaced": ["scenarios"],
    }
    plan = read_plan(_inspect(ext={"k6-mcp": ours, "loadimpact": {"projectID": 1}}))
    assert plan.declared == ("scenarios a (constant-vus), b (ramping-vus)", "stages", "vus=3")
    assert plan.replaced == ("scenarios",)


@pytest.mark.parametrize("text", ["", "{}", "[]", "not json", '{"totalDuration": 1}'])
def test_what_is_not_k6s_output_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        read_plan(text)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("k6 says hello", r"not a plan that k6-mcp can read \(its whole output: Invalid JSON"),
        ('{"maxVUs": 1}', r"not a plan that k6-mcp can read \(totalDuration: Field required\)"),
    ],
)
def test_what_is_no_plan_is_said_in_one_line_without_its_text(printed: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        read_plan(printed)
    assert "\n" not in str(refused.value)
    assert "hello" not in str(refused.value)
