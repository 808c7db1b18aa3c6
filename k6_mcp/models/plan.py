"""What would run: `RunPlan`, from k6's own answer (`k6 inspect`), in our units."""

from typing import NamedTuple

from pydantic import Field, SecretStr
from pydantic.json_schema import SkipJsonSchema

from k6_mcp.models.base import Model
from k6_mcp.models.script import Script

HANDLE_SUMMARY_TIMEOUT_S = 20.0
"""How long a script's handleSummary may take, in s."""


class StagePlan(Model):
    """One stage: its length, and the VUs or the rate (iterations per s) at its start and end.

    `start_s` counts from the test's start.
    """

    start_s: float
    duration_s: float
    from_target: float
    target: float


class ScenarioPlan(Model):
    """One scenario as k6 will execute it.

    Fields that its executor lacks are None. `stages` are in VUs or iterations per s. `browser` means that
    each of its VUs has a Chromium of its own.
    """

    name: str
    executor: str
    vus: int | None = None
    max_vus: int | None = None
    duration_s: float | None = None
    start_s: float = 0.0
    iterations: int | None = None
    rate_per_s: float | None = None
    peak_rate_per_s: float | None = None
    exec: str | None = None
    stages: tuple[StagePlan, ...] = ()
    browser: bool = False


class ThresholdPlan(Model):
    """One threshold: k6's metric name (with its tag filter) and expression."""

    metric: str
    expression: str
    abort_on_fail: bool = False


class Plan(Model):
    """The planned load, without anything that must not be stored or shown.

    `duration_s` is the longest planned load; `longest_s` includes graceful stops (k6's totalDuration).
    `expected_iterations` is how many an arrival-rate plan starts, None for closed models. `phases` is
    whether the script has a setup() or teardown(). `grpc` is whether the script or a module that it
    imports has loaded k6/net/grpc. `rps` is the limit of the request rate in k6's option of that name: the
    script's own or this server's cap. `notes` are our own warnings, each with a code and a colon;
    `warnings` are k6's. `handler` is whether the script has its own handleSummary. `system_tags` are those
    that k6 would set, None if it did not report them. `declared` names the load options that the script
    declares, `replaced` those that an override removed.
    """

    scenarios: tuple[ScenarioPlan, ...]
    thresholds: tuple[ThresholdPlan, ...]
    max_vus: int
    duration_s: float
    longest_s: float
    peak_rate_per_s: float | None = None
    expected_iterations: int | None = None
    declared: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    phases: bool = True
    grpc: bool = False
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    setup_timeout_s: float = 60.0
    teardown_timeout_s: float = 60.0
    rps: int | None = None

    handler: bool = True
    # Only the runner uses it; it is neither shown nor stored.
    system_tags: SkipJsonSchema[tuple[str, ...] | None] = Field(default=None, exclude=True)

    @property
    def browser(self) -> bool:
        """Whether k6 starts Chromium for a scenario."""
        return any(scenario.browser for scenario in self.scenarios)

    @property
    def browser_vus(self) -> int:
        """The most VUs that may have a browser at a time, as if all browser scenarios ran at once."""
        return sum(scenario.max_vus or 0 for scenario in self.scenarios if scenario.browser)

    @property
    def tells_scenarios(self) -> bool:
        """Whether the record must name the scenario of each request.

        It must if there are several scenarios, or if setup() or teardown() may make requests too.
        """
        return self.phases or len(self.scenarios) > 1


class Planned(NamedTuple):
    """The answer of k6 `k6_version`: the plan to show, and the consolidated options.

    The options are JSON and may hold secrets.
    """

    plan: Plan
    options: SecretStr
    k6_version: str = ""


class MemoryLimit(NamedTuple):
    """How many MB k6 may use.

    `of_server` means that this is the limit of the address space of the server's own process.
    """

    mb: int
    of_server: bool = False


class RunPlan(NamedTuple):
    """What a runner executes: the script, its plan and the plan's `options`, under a run id.

    It contains no path and no pid, so that any runner can execute it.
    """

    run_id: str
    script: Script
    plan: Plan
    options: SecretStr
    k6_version: str
    deadline_s: float
