"""What would run: `RunPlan`, k6's own answer (`k6 inspect`) in our units."""

from typing import NamedTuple

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from k6_mcp.models.base import Model
from k6_mcp.models.script import Script

HANDLE_SUMMARY_TIMEOUT_S = 20.0
"""How long a script's handleSummary may take, in s."""


class StagePlan(Model):
    """One stage: its length and the VUs or the rate (iterations per s) that it ends at; `start_s` counts from the test's start."""

    start_s: float
    duration_s: float
    from_target: float
    target: float


class ScenarioPlan(Model):
    """One scenario as k6 will execute it; fields that its executor lacks are None, `stages` are in VUs or iterations per s."""

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


class ThresholdPlan(Model):
    """One threshold: k6's metric name (with its tag filter) and expression."""

    metric: str
    expression: str
    abort_on_fail: bool = False


class Plan(Model):
    """The load that was planned, without anything that could not be stored or shown.

    `duration_s` is the longest planned load; `longest_s` includes graceful stops (k6's totalDuration).
    `expected_requests` is what an arrival-rate plan asks for, one request per iteration, None for closed models.
    `phases` says whether the script has a setup() or teardown().
    `grpc` says whether the script or a module that it imports has loaded k6/net/grpc.
    `rps` is what k6's option of that name holds the request rate to: the script's own or this server's cap.
    `handler` says whether the script has a handleSummary of its own.
    `system_tags` are those that k6 would set, None where it did not say.
    `declared` names the load options the script itself declares; `replaced` those an override removed.
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
    setup_timeout_s: float = 60.0
    teardown_timeout_s: float = 60.0
    rps: int | None = None

    handler: bool = True
    # For the runner alone, neither shown nor kept.
    system_tags: SkipJsonSchema[tuple[str, ...] | None] = Field(default=None, exclude=True)

    @property
    def tells_scenarios(self) -> bool:
        """Whether the record must name the scenario of each request: where there are several, or setup() makes some too."""
        return self.phases or len(self.scenarios) > 1


class RunPlan(NamedTuple):
    """What a runner executes: the script and its plan under a run id; no path, no pid, so any runner can take it."""

    run_id: str
    script: Script
    plan: Plan
    k6_version: str
    deadline_s: float
