"""The planned load at any time, to be drawn next to the measured load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.timeline import Phase

_ARRIVAL = "arrival-rate"
_BY_VUS = ("constant-vus", "ramping-vus")


@dataclass(frozen=True)
class _Step:
    """Load that goes linearly from `begin` to `end` between two times in s."""

    start_s: float
    end_s: float
    begin: float
    end: float

    def at(self, second: float) -> float:
        """Return the load at `second`, 0 outside the step."""
        if not self.start_s <= second <= self.end_s:
            return 0.0
        share = (second - self.start_s) / (self.end_s - self.start_s) if self.end_s > self.start_s else 1.0
        return self.begin + share * (self.end - self.begin)

    def area(self, since: float, until: float) -> float:
        """Return the integral of the load from `since` to `until`."""
        since, until = max(since, self.start_s), min(until, self.end_s)
        return (until - since) * (self.at(since) + self.at(until)) / 2 if until > since else 0.0


@dataclass(frozen=True)
class Planned:
    """Planned iterations per s and planned VUs; None if no scenario plans any."""

    rates: tuple[_Step, ...]
    counts: tuple[_Step, ...]

    def rate_per_s(self, since: float, until: float) -> float | None:
        """Return the mean planned rate of iterations between two times in s."""
        if not self.rates or until <= since:
            return None
        return round(sum(step.area(since, until) for step in self.rates) / (until - since), 4)

    def vus(self, second: float) -> float | None:
        """Return the planned VUs at a time in s."""
        if not self.counts:
            return None
        return float(round(sum(step.at(second) for step in self.counts if step.start_s < second)))


def planned(plan: Plan | None, phases: Sequence[Phase] = ()) -> Planned:
    """Return the load of `plan` over time; `phases` show when the plan's time 0 was on the timeline."""
    scenarios = plan.scenarios if plan else ()
    first = min((scenario.start_s for scenario in scenarios), default=0.0)
    shift = max(0.0, min((phase.start_s for phase in phases), default=first) - first)
    return Planned(
        rates=tuple(
            step for s in scenarios if _ARRIVAL in s.executor for step in _steps(s, s.rate_per_s, shift)
        ),
        counts=tuple(step for s in scenarios if s.executor in _BY_VUS for step in _steps(s, s.vus, shift)),
    )


def _steps(scenario: ScenarioPlan, constant: float | None, shift: float) -> Iterator[_Step]:
    if scenario.stages:
        for stage in scenario.stages:
            start = stage.start_s + shift
            yield _Step(start, start + stage.duration_s, stage.from_target, stage.target)
    elif constant is not None and scenario.duration_s:
        start = scenario.start_s + shift
        yield _Step(start, start + scenario.duration_s, constant, constant)
