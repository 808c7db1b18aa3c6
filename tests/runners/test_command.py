import json
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from k6_mcp.models.plan import Plan, Planned, ScenarioPlan, ThresholdPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.runners.command import environment, run_command

FOLDER = RunFolder(Path("/results"), "r-20260101-aaaaaaaaaaaaaaaa")
SCRIPT = Script(
    origin="text", text="", sha256="", files={}, entry="_main.js", env={"TOKEN": SecretStr("s3cret")}
)


def _plan(
    scenarios: int = 1, phases: bool = False, expression: str = "avg<9", rps: int | None = None
) -> Plan:
    return Plan(
        scenarios=tuple(
            ScenarioPlan(name=str(number), executor="constant-vus") for number in range(scenarios)
        ),
        thresholds=(ThresholdPlan(metric="http_req_duration", expression=expression),),
        max_vus=1,
        duration_s=1,
        longest_s=1,
        phases=phases,
        rps=rps,
    )


@pytest.mark.parametrize(
    ("plan", "tags"),
    [
        (_plan(), "error_code"),
        (_plan(scenarios=2), "error_code,scenario"),
        (_plan(phases=True), "error_code,scenario"),
    ],
)
def test_the_record_names_scenarios_only_where_they_tell_something(plan: Plan, tags: str) -> None:
    assert environment(FOLDER, SCRIPT, Planned(plan, SecretStr("{}")))["K6_WEB_DASHBOARD_TAGS"] == tags


def test_the_servers_own_environment_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "K6_VUS", "SHELLOPTS", "PS4", "BASH_ENV", "LD_PRELOAD"):
        monkeypatch.setenv(name, "x")
    with_plan = environment(FOLDER, SCRIPT, Planned(_plan(), SecretStr("{}")))
    assert not os.environ.keys() & (with_plan.keys() - {"PATH", "HOME", "NO_COLOR"})


def test_a_callers_variable_is_none_of_k6s_process() -> None:
    named = SCRIPT._replace(
        env={"SHELLOPTS": SecretStr("xtrace"), "A": SecretStr("() { :; }; id" + "x" * 200_000)}
    )
    passed_on = environment(FOLDER, named)
    assert not named.env.keys() & passed_on.keys()
    pieces = [value for name, value in passed_on.items() if name.startswith("K6_MCP_GIVEN_")]
    assert len(pieces) == 3
    assert all(value.startswith(":") and len(value) < 131_072 for value in pieces)
    assert json.loads("".join(value[1:] for value in pieces)) == {
        name: value.get_secret_value() for name, value in named.env.items()
    }


def test_secrets_stand_in_no_command_line() -> None:
    assert "s3cret" not in " ".join(run_command(Path("/k6"), FOLDER, SCRIPT, _plan()))


def test_a_percentile_that_a_threshold_names_is_among_the_summary_statistics() -> None:
    command = run_command(Path("/k6"), FOLDER, SCRIPT, _plan(expression="p(97.5) < 300"))
    assert "p(97.5)" in command[command.index("--summary-trend-stats") + 1].split(",")


def test_the_75th_percentile_of_web_vitals_is_asked_for_where_there_are_browsers() -> None:
    with_browser = _plan().model_copy(
        update={"scenarios": (ScenarioPlan(name="ui", executor="constant-vus", browser=True),)}
    )
    for planned, asked in ((_plan(), False), (with_browser, True)):
        command = run_command(Path("/k6"), FOLDER, SCRIPT, planned)
        assert ("p(75)" in command[command.index("--summary-trend-stats") + 1].split(",")) is asked


@pytest.mark.parametrize(("rps", "given"), [(None, False), (50, True)])
def test_the_request_rate_is_capped_only_when_the_plan_says_so(rps: int | None, given: bool) -> None:
    assert ("--rps" in run_command(Path("/k6"), FOLDER, SCRIPT, _plan(rps=rps))) is given
