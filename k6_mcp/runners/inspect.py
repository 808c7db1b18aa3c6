"""k6's own plan of a script (`k6 inspect --execution-requirements`) read into a `Plan`."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from k6_mcp.errors import LimitExceeded
from k6_mcp.models.duration import parse_duration_s
from k6_mcp.models.plan import Plan, ScenarioPlan, StagePlan, ThresholdPlan
from k6_mcp.runners.observed_metrics import keep_true

# This is the default maxDuration of the executors that count iterations.
_DEFAULT_MAX_DURATION_S = 600.0
# This is the default timeout of setup() and teardown().
_DEFAULT_PHASE_TIMEOUT_S = 60.0
# These fields of k6's output are not options.
_COMPUTED = ("totalDuration", "maxVUs")
# k6 has already made scenarios of these options.
_SHORTCUTS = ("vus", "duration", "iterations", "stages")
# The limit is in bytes. Linux allows 2 MiB for the environment and the arguments together.
_LARGEST_OPTIONS = 400_000


def _seconds(value: object) -> object:
    """Return a duration of k6 in seconds; k6 prints it as Go does, or as a number of milliseconds."""
    if isinstance(value, int | float):
        return value / 1000
    if not isinstance(value, str):
        return value
    try:
        return parse_duration_s(value)
    except ValueError:
        return 0.0


_Seconds = Annotated[float, BeforeValidator(_seconds)]


class _Output(BaseModel):
    """A part of the output of k6 or of our wrapper; built when first needed, not at import."""

    model_config = ConfigDict(defer_build=True)


class _Stage(_Output):
    duration: _Seconds
    target: int | None = None


class _ScenarioOptions(_Output):
    browser: Mapping[str, object] | None = None


class _Scenario(_Output):
    executor: str
    start_s: Annotated[_Seconds | None, Field(alias="startTime")] = None
    duration: _Seconds | None = None
    max_duration: Annotated[_Seconds | None, Field(alias="maxDuration")] = None
    exec: str | None = None
    vus: int | None = None
    start_vus: Annotated[int | None, Field(alias="startVUs")] = None
    pre_allocated: Annotated[int | None, Field(alias="preAllocatedVUs")] = None
    max_vus: Annotated[int | None, Field(alias="maxVUs")] = None
    iterations: int | None = None
    rate: int | None = None
    start_rate: Annotated[int | None, Field(alias="startRate")] = None
    time_unit: Annotated[_Seconds | None, Field(alias="timeUnit")] = None
    stages: Sequence[_Stage] | None = None
    options: _ScenarioOptions | None = None


class _Threshold(_Output):
    threshold: str = ""
    abort: Annotated[bool | None, Field(alias="abortOnFail")] = None


class _Declared(_Output):
    scenarios: Mapping[str, str] | None = None
    stages: bool | None = None
    duration: str | int | float | None = None
    iterations: int | None = None
    vus: int | None = None


class _OurExt(_Output):
    """The wrapper's report of the script's own load options."""

    declared: _Declared = Field(default_factory=lambda: _Declared())
    replaced: Sequence[str] = ()
    phases: bool = True
    grpc: bool = False
    handler: bool = True


class _Ext(_Output):
    ours: _OurExt = Field(alias="k6-mcp", default_factory=lambda: _OurExt())


class _Options(_Output):
    scenarios: Mapping[str, _Scenario] | None = None
    thresholds: Mapping[str, Sequence[str | _Threshold] | None] | None = None
    ext: _Ext | None = None
    rps: int | None = None
    system_tags: Annotated[Sequence[str] | None, Field(alias="systemTags")] = None
    setup_timeout: Annotated[_Seconds | None, Field(alias="setupTimeout")] = None
    teardown_timeout: Annotated[_Seconds | None, Field(alias="teardownTimeout")] = None
    longest: Annotated[_Seconds, Field(alias="totalDuration")]
    max_vus: Annotated[int, Field(alias="maxVUs")]


def read_plan(text: str, warnings: Iterable[str] = ()) -> Plan:
    """Return the plan in k6's inspect output.

    Raises:
        ValueError: If the text is not what k6 prints.
    """
    try:
        options = _Options.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "its whole output"
        raise ValueError(
            f"what k6 inspect printed is not a plan that k6-mcp can read ({where}: {first['msg']})"
        ) from None
    raw = options.scenarios or {}
    scenarios = tuple(_scenario(name, raw[name]) for name in sorted(raw))
    ours = (options.ext or _Ext()).ours
    peaks = [scenario.peak_rate_per_s for scenario in scenarios if scenario.peak_rate_per_s is not None]
    return Plan(
        scenarios=scenarios,
        thresholds=tuple(_thresholds(options.thresholds or {})),
        max_vus=options.max_vus,
        duration_s=max((s.start_s + (s.duration_s or 0.0) for s in scenarios), default=0.0),
        longest_s=options.longest,
        peak_rate_per_s=sum(peaks) if peaks else None,
        expected_iterations=_expected(raw, scenarios),
        declared=tuple(_declared(ours.declared)),
        replaced=tuple(ours.replaced),
        phases=ours.phases,
        grpc=ours.grpc,
        warnings=tuple(warnings),
        rps=options.rps,
        handler=ours.handler,
        system_tags=tuple(options.system_tags or ()) if "system_tags" in options.model_fields_set else None,
        setup_timeout_s=options.setup_timeout or _DEFAULT_PHASE_TIMEOUT_S,
        teardown_timeout_s=options.teardown_timeout or _DEFAULT_PHASE_TIMEOUT_S,
    )


def planned_options(text: str) -> str:
    """Return the options in k6's inspect output as JSON that k6 takes as a script's own.

    They mean the same when k6 reads them again.

    Raises:
        LimitExceeded: If they are too large to be handed to a run.
    """
    printed = cast(dict[str, object], json.loads(text))
    keep_true(printed)
    options = json.dumps(
        {name: value for name, value in printed.items() if name not in (*_COMPUTED, *_SHORTCUTS)}
    )
    if len(options) > _LARGEST_OPTIONS:
        raise too_large(f"{len(options)}")
    return options


def too_large(characters: str) -> LimitExceeded:
    """Return the refusal of options that cannot be handed to a run."""
    return LimitExceeded(
        f"the script's options have {characters} characters as JSON; a run can be given {_LARGEST_OPTIONS}",
        hint="declare fewer or shorter thresholds, scenarios, tags, hosts or certificates; nothing was run",
    )


def _scenario(name: str, raw: _Scenario) -> ScenarioPlan:
    targets = [stage.target or 0 for stage in raw.stages or ()]
    unit_s = raw.time_unit or 1.0
    rates = [raw.rate or raw.start_rate or 0, *targets]
    arrival = "arrival-rate" in raw.executor
    counted = "iterations" in raw.executor
    vus = raw.pre_allocated or raw.start_vus or raw.vus or 1
    duration = raw.duration or sum(stage.duration for stage in raw.stages or ())
    return ScenarioPlan(
        name=name,
        executor=raw.executor,
        vus=vus,
        max_vus=max([vus, raw.max_vus or 0, *(() if arrival else targets)]),
        duration_s=raw.max_duration or _DEFAULT_MAX_DURATION_S if counted else duration or None,
        start_s=raw.start_s or 0.0,
        iterations=(raw.iterations or 1) * (vus if raw.executor == "per-vu-iterations" else 1)
        if counted
        else None,
        rate_per_s=rates[0] / unit_s if arrival else None,
        peak_rate_per_s=max(rates) / unit_s if arrival else None,
        exec=raw.exec,
        stages=tuple(
            _stages(raw, rates[0] / unit_s if arrival else _start_vus(raw), unit_s if arrival else 1.0)
        ),
        browser=bool(raw.options and raw.options.browser and raw.options.browser.get("type")),
    )


def _start_vus(raw: _Scenario) -> float:
    return 1.0 if raw.start_vus is None else float(raw.start_vus)


def _stages(raw: _Scenario, level: float, unit_s: float) -> Iterator[StagePlan]:
    """Return the stages in sequence; a stage without length is a jump."""
    start_s = raw.start_s or 0.0
    for stage in raw.stages or ():
        target = (stage.target or 0) / unit_s
        yield StagePlan(start_s=start_s, duration_s=stage.duration, from_target=level, target=target)
        start_s, level = start_s + stage.duration, target


def _expected(raw: Mapping[str, _Scenario], scenarios: tuple[ScenarioPlan, ...]) -> int | None:
    """Return the planned iterations, or None if a count depends on the target's speed."""
    total = 0.0
    for scenario in scenarios:
        if scenario.iterations is not None:
            total += scenario.iterations
        elif scenario.rate_per_s is not None:
            total += _arrivals(raw[scenario.name], scenario)
        else:
            return None
    return round(total)


def _arrivals(raw: _Scenario, scenario: ScenarioPlan) -> float:
    rate, total = scenario.rate_per_s or 0.0, 0.0
    if not raw.stages:
        return rate * (scenario.duration_s or 0.0)
    for stage in raw.stages:
        target = (stage.target or 0) / (raw.time_unit or 1.0)
        # k6 ramps linearly.
        total += (rate + target) / 2 * stage.duration
        rate = target
    return total


def _thresholds(raw: Mapping[str, Sequence[str | _Threshold] | None]) -> Iterator[ThresholdPlan]:
    for metric, items in raw.items():
        for item in items or ():
            if isinstance(item, str):
                yield ThresholdPlan(metric=metric, expression=item)
            else:
                yield ThresholdPlan(metric=metric, expression=item.threshold, abort_on_fail=bool(item.abort))


def _declared(declared: _Declared) -> Iterator[str]:
    if declared.scenarios is not None:
        yield "scenarios " + ", ".join(
            f"{name} ({executor})" for name, executor in declared.scenarios.items()
        )
    for option, value in declared.model_dump(exclude={"scenarios"}, exclude_none=True).items():
        yield option if value is True else f"{option}={value}"
