"""What a server allows, told with every violation at once."""

from pathlib import Path

import pytest

from k6_mcp.errors import InvalidArguments, LimitExceeded
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.request import LoadTest
from k6_mcp.permissions import caps
from k6_mcp.settings import Limits

_LIMITS = Limits(max_vus=10, max_duration_s=60, max_rps=100, max_script_bytes=50)
_DECLARED = ("scenarios browse (constant-vus), buy (shared-iterations)",)


def _test(**arguments: object) -> LoadTest:
    return parse_load_test({"script": "x", **arguments} if "url" not in arguments else arguments)


def _plan(
    max_vus: int = 1,
    duration_s: float = 1,
    executor: str = "constant-vus",
    peak_rate_per_s: float | None = None,
    declared: tuple[str, ...] = (),
) -> Plan:
    scenario = ScenarioPlan(name="main", executor=executor, duration_s=duration_s)
    return Plan(
        scenarios=(scenario,),
        thresholds=(),
        max_vus=max_vus,
        duration_s=duration_s,
        longest_s=duration_s + 30,
        peak_rate_per_s=peak_rate_per_s,
        declared=declared,
    )


def _refused(test: LoadTest, plan: Plan | None = None) -> tuple[str, ...]:
    with pytest.raises(LimitExceeded) as caught:
        caps.check(test, _LIMITS, plan)
    assert "raise the named settings" in caught.value.hint
    return tuple(caught.value.reasons)


@pytest.mark.parametrize(
    "arguments",
    [
        {"vus": 10, "duration": "60s"},
        {"stages": [{"duration": "30s", "target": 10}, {"duration": "30s", "target": 0}]},
        {"rate_per_s": 100, "duration": "1m"},
        {"script": "x" * 50},
        {"vus": 1, "iterations": 1_000_000},
    ],
)
def test_what_reaches_a_limit_exactly_is_allowed(arguments: dict[str, object]) -> None:
    caps.check(_test(**arguments), _LIMITS)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"vus": 11, "duration": "1s"}, "vus: 11 exceeds this server's limit of 10 (K6_MCP_MAX_VUS)"),
        (
            {"stages": [{"duration": "1s", "target": 12}, {"duration": "1s", "target": 11}]},
            "stages: target 12 exceeds this server's limit of 10 (K6_MCP_MAX_VUS)",
        ),
        (
            {"stages": [{"duration": "50s", "target": 1}, {"duration": "20s", "target": 1}]},
            "stages: a total of 1m10s exceeds this server's limit of 1m (K6_MCP_MAX_DURATION)",
        ),
        (
            {"vus": 1, "duration": "1h"},
            "duration: 1h exceeds this server's limit of 1m (K6_MCP_MAX_DURATION)",
        ),
        (
            {"rate_per_s": 100.5, "duration": "1s"},
            "rate_per_s: 100.5 per second exceeds this server's limit of 100 (K6_MCP_MAX_RPS)",
        ),
        (
            {"script": "ü" * 26},
            "script: 52 bytes exceeds this server's limit of 50 (K6_MCP_MAX_SCRIPT_BYTES)",
        ),
        (
            {"url": "http://a", "method": "PUT", "body": "x" * 60},
            "body: 62 bytes exceeds this server's limit of 50 (K6_MCP_MAX_SCRIPT_BYTES)",
        ),
    ],
)
def test_a_request_above_a_limit_is_told_value_limit_and_setting(
    arguments: dict[str, object], reason: str
) -> None:
    assert _refused(_test(**arguments)) == (reason,)


def test_every_violation_of_a_request_is_told_at_once() -> None:
    reasons = _refused(_test(script="x" * 51, vus=11, duration="2m"))

    assert len(reasons) == 3


def test_the_size_of_a_script_file_counts(tmp_path: Path) -> None:
    script = tmp_path / "large.js"
    script.write_bytes(b"/" * 51)

    assert _refused(parse_load_test({"script_file": str(script)})) == (
        "script_file: 51 bytes exceeds this server's limit of 50 (K6_MCP_MAX_SCRIPT_BYTES)",
    )


def test_a_script_file_that_cannot_be_found_is_left_to_who_reads_it() -> None:
    caps.check(parse_load_test({"script_file": "/nope.js"}), _LIMITS)


def test_what_the_script_itself_plans_obeys_the_limits_too() -> None:
    reasons = _refused(_test(), _plan(max_vus=11, duration_s=90, peak_rate_per_s=250))

    assert reasons == (
        (
            "the plan: a VU peak of 11 exceeds this server's limit of 10 (K6_MCP_MAX_VUS); "
            "with rate_per_s, vus sets the pool size"
        ),
        (
            "the plan: scenario 'main' with load until 1m30s exceeds this server's limit of 1m"
            " (K6_MCP_MAX_DURATION)"
        ),
        "the plan: a peak rate of 250 per second exceeds this server's limit of 100 (K6_MCP_MAX_RPS)",
    )


def test_a_later_start_counts_as_duration() -> None:
    plan = _plan(duration_s=50)
    late = plan.scenarios[0].model_copy(update={"start_s": 20.0})

    assert "1m10s" in _refused(_test(), plan.model_copy(update={"scenarios": (late,)}))[0]


def test_counted_iterations_may_have_the_longest_duration_of_k6_itself_but_no_more() -> None:
    caps.check(_test(), _LIMITS, _plan(duration_s=600, executor="shared-iterations"))

    assert len(_refused(_test(), _plan(duration_s=601, executor="per-vu-iterations"))) == 1


@pytest.mark.parametrize(
    "load", [{"vus": 2, "duration": "1s"}, {"iterations": 3}, {"stages": [{"duration": "1s", "target": 1}]}]
)
def test_load_arguments_beside_declared_scenarios_are_refused_with_what_the_script_declares(
    load: dict[str, object],
) -> None:
    with pytest.raises(InvalidArguments) as caught:
        caps.check(_test(**load), _LIMITS, _plan(declared=_DECLARED))

    text = str(caught.value)
    assert f"{', '.join(load)}: the script declares its own {_DECLARED[0]}" in text
    assert "override_load" in text


def test_a_refused_override_also_tells_the_limits() -> None:
    with pytest.raises(InvalidArguments) as caught:
        caps.check(_test(vus=1, duration="1s"), _LIMITS, _plan(max_vus=11, declared=_DECLARED))

    assert len(caught.value.reasons) == 2


@pytest.mark.parametrize(
    ("arguments", "declared"),
    [
        ({}, _DECLARED),
        ({"vus": 2, "duration": "1s", "override_load": True}, _DECLARED),
        ({"vus": 2, "duration": "1s"}, ("duration=10s", "vus=5")),
        ({"url": "http://a", "vus": 2, "duration": "1s"}, ("scenarios default (constant-vus)",)),
    ],
)
def test_without_a_conflict_the_plan_is_accepted(
    arguments: dict[str, object], declared: tuple[str, ...]
) -> None:
    caps.check(_test(**arguments), _LIMITS, _plan(declared=declared))


def test_violations_name_each_limit_once_and_the_conflict_first() -> None:
    found = caps.violations(
        _test(vus=11, duration="2m"), _LIMITS, _plan(max_vus=11, duration_s=120, peak_rate_per_s=101)
    )
    conflict = caps.violations(_test(vus=11, duration="1s"), _LIMITS, _plan(declared=_DECLARED))

    assert [reason.split(" ")[0] for reason in found] == ["vus:", "duration:", "the"]
    assert conflict[0].startswith("vus, duration: the script declares its own scenarios browse")
    assert len(conflict) == 2


def test_violations_without_a_plan_are_those_of_the_request() -> None:
    assert len(caps.violations(_test(vus=11, duration="1s"), _LIMITS)) == 1
    assert caps.violations(_test(), _LIMITS) == ()


def test_nothing_is_said_of_a_file_outside_of_the_folders_that_scripts_may_come_from(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    large = tmp_path / "large.js"
    large.write_text("x" * 200, encoding="utf-8")

    caps.check(
        parse_load_test({"script_file": str(large)}), _LIMITS._replace(script_dirs=(tmp_path / "scripts",))
    )
