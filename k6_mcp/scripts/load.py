"""Load arguments as one k6 scenario, in k6's own words."""

import math
from collections.abc import Mapping
from fractions import Fraction
from math import isclose

from pydantic import JsonValue

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.duration import format_duration, parse_duration_s
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.request import LOAD_ARGUMENTS, LoadTest
from k6_mcp.scripts.presets import DEFAULT_PRESET, PRESET_DURATION, PRESETS

Scenario = Mapping[str, JsonValue]

# An arrival-rate test keeps its rate while the target answers within this time
_POOL_S = 2.0
# VUs created before the start; k6 creates more if the target is slower
_PRE_ALLOCATED_S = 0.5
# The largest pool, unless `vus` sets another size
_LARGEST_POOL = 1000
_EXACT_DENOMINATOR = 1000
# The largest deviation of a duration that k6 has printed
_PRINTED = 1e-6


def asked_load(test: LoadTest) -> Scenario | None:
    """Return the scenario of the load arguments, None without any.

    `vus` is omitted if a script's own number should apply: with `duration` or `iterations` alone.
    """
    vus: Scenario = {"vus": test.vus} if test.vus is not None else {}
    if test.stages is not None:
        stages: list[JsonValue] = [
            {"duration": stage.duration.strip(), "target": stage.target} for stage in test.stages
        ]
        return {"executor": "ramping-vus", "stages": stages}
    if test.rate_per_s is not None:
        return arrival_rate(test.rate_per_s, test.duration or PRESET_DURATION, test.vus)
    if test.iterations is not None:
        return {"executor": "shared-iterations", **vus, "iterations": test.iterations}
    if test.duration is not None:
        return {"executor": "constant-vus", **vus, "duration": test.duration.strip()}
    return None


def url_load(test: LoadTest) -> Scenario:
    """Return the scenario of a test of `url`: the preset's, or the request's own in its place."""
    if replaces_preset(test):
        scenario = asked_load(test) or {}
        return (
            {"executor": scenario["executor"], "vus": 1, **scenario}
            if scenario["executor"] == "shared-iterations"
            else scenario
        )
    size = PRESETS[test.preset or DEFAULT_PRESET]
    return arrival_rate(size.rate_per_s, test.duration or PRESET_DURATION)


def replaces_preset(test: LoadTest) -> bool:
    """Return whether load arguments replace the preset's load; `duration` alone only changes its length."""
    return any(getattr(test, name) is not None for name in LOAD_ARGUMENTS if name != "duration")


def arrival_rate(rate_per_s: float, duration: str, vus: int | None = None) -> Scenario:
    """Return an open-model scenario.

    `vus` is the pool, created before the test. By default it is large enough for answers that take 2 s.
    """
    rate, time_unit = whole_rate(rate_per_s)
    pool = vus or min(max(math.ceil(rate_per_s * _POOL_S), 1), _LARGEST_POOL)
    return {
        "executor": "constant-arrival-rate",
        "rate": rate,
        "timeUnit": time_unit,
        "duration": duration.strip(),
        "preAllocatedVUs": vus or min(max(math.ceil(rate_per_s * _PRE_ALLOCATED_S), 1), pool),
        "maxVUs": pool,
    }


def check_applied(test: LoadTest, plan: Plan) -> None:
    """Check that k6 plans the load that `test` requests for a script.

    The script's own code could keep it from k6.

    Raises:
        InvalidArguments: If k6 plans a different load.
    """
    asked = asked_load(test) if test.url is None else None
    declares = any(item.startswith("scenarios ") for item in plan.declared)
    if (
        asked is None
        or (declares and not test.override_load)
        or [asked] == [_known(asked, one) for one in plan.scenarios]
    ):
        return
    planned = "; ".join(f"{one.name[:40]} ({one.executor})" for one in plan.scenarios[:3])
    raise InvalidArguments(
        f"the script keeps the requested load ({asked['executor']}) from k6, which plans {planned}",
        hint=(
            "check whether the script, or a module that it imports, changes builtins such as Array.isArray or"
            " Object.keys, or omit the load arguments to run the load that it declares; nothing was run"
        ),
    )


def _known(asked: Scenario, planned: ScenarioPlan) -> Scenario:
    """Return `asked` with the plan's values where the plan has different ones."""
    values: dict[str, JsonValue] = {
        "executor": planned.executor,
        "vus": planned.vus,
        "iterations": planned.iterations,
        "preAllocatedVUs": planned.vus,
        "maxVUs": planned.max_vus,
        "rate": round((planned.rate_per_s or 0.0) * _seconds(asked.get("timeUnit"))),
    }
    if not isclose(planned.duration_s or 0.0, _seconds(asked.get("duration")), rel_tol=_PRINTED):
        values["duration"] = planned.duration_s
    planned_stages = [
        {"duration": format_duration(stage.duration_s), "target": stage.target} for stage in planned.stages
    ]
    asked_stages = asked.get("stages")
    if isinstance(asked_stages, list) and planned_stages != [*map(_as_printed, asked_stages)]:
        values["stages"] = None
    return {name: values.get(name, value) for name, value in asked.items()}


def _as_printed(stage: JsonValue) -> object:
    return (
        {**stage, "duration": format_duration(_seconds(stage["duration"]))}
        if isinstance(stage, dict)
        else stage
    )


def _seconds(text: JsonValue) -> float:
    return parse_duration_s(text) if isinstance(text, str) else 0.0


def whole_rate(rate_per_s: float) -> tuple[int, str]:
    """Return k6's `rate` (a whole number) and `timeUnit` for iterations per second.

    For 2.5 they are (5, "2s"). The result deviates by 0.1 % at most.
    """
    exact = Fraction(str(rate_per_s))
    if exact.denominator > _EXACT_DENOMINATOR and rate_per_s < 1:
        return 1, format_duration(1 / rate_per_s)
    exact = exact.limit_denominator(_EXACT_DENOMINATOR)
    return exact.numerator, f"{exact.denominator}s"
