"""The planned load, stage by stage, and what was measured in each stage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from k6_mcp.analysis.measure.scenario_counts import Cut, Measured
from k6_mcp.models.duration import format_duration
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Phase, Timeline
from k6_mcp.models.wording import count, number

_SHORTEST_S = 1e-6


@dataclass(frozen=True)
class _Stage:
    """A stage, or all of a scenario without stages; levels are VUs or iterations per s."""

    start_s: float
    end_s: float
    first: float
    last: float
    kind: Literal["ramp", "hold", "whole"]


@dataclass(frozen=True)
class _Part:
    """The part of a scenario's time and counts that belongs to one phase."""

    start_s: float
    end_s: float
    first: Cut
    last: Cut


def phases_of_run(run: Run, timeline: Timeline | None) -> tuple[Phase, ...]:
    """Return the phases of a run, none if its plan or timeline is unknown; see `phases_of`."""
    if run.plan is None or timeline is None:
        return ()
    return phases_of(run.plan, timeline, run.metrics.figures.load_s if run.metrics else None)


def phases_of(plan: Plan, timeline: Timeline, load_s: float | None = None) -> tuple[Phase, ...]:
    """Return a row per stage, or per scenario without stages, on the timeline's clock.

    `load_s` is how long load was applied, if known.

    The phases of a scenario cover everything that the timeline counts of it. Counts before the first phase
    belong to that phase, because the start of the load is known only to half an interval. Counts after the
    last phase, in the graceful stop, belong to the last phase that was reached. An interval that spans the
    border between two phases counts in both, divided by time and by the rate of each in its next full
    interval. Its latency and failures count in the phase with most of its requests.

    Rates are over the time in which the phase was counted, or over `load_s` for a plan of one scenario
    without stages. A scenario with a number of iterations lasts until its last iteration. If a run ended
    within a stage, `asked_rate_per_s` is that of the part that ran.
    """
    phases: list[Phase] = []
    for scenario in plan.scenarios:
        measured = Measured.of(scenario, plan, timeline)
        stages = [*_stages(scenario, timeline, measured)]
        parts = _parts(stages, measured, exact_end=timeline.rest and not plan.phases)
        alone_s = load_s if len(plan.scenarios) == 1 and not scenario.stages else None
        for index, stage in enumerate(stages):
            phase = _planned(scenario, index + 1, stage)
            phases.append(
                _with_figures(phase, stage, parts[index], measured, alone_s) if index < len(parts) else phase
            )
    return tuple(phases)


def _stages(scenario: ScenarioPlan, timeline: Timeline, measured: Measured) -> Iterator[_Stage]:
    begin = timeline.load_start_s
    if scenario.stages:
        for stage in scenario.stages:
            if stage.duration_s > 0:
                start_s = begin + stage.start_s
                kind = "hold" if stage.from_target == stage.target else "ramp"
                yield _Stage(start_s, start_s + stage.duration_s, stage.from_target, stage.target, kind)
        return
    start_s = begin + scenario.start_s
    end_s = start_s + (scenario.duration_s or 0.0)
    # It lasts as long as its iterations take, up to the planned time
    if scenario.iterations is not None or scenario.duration_s is None:
        end_s = max(
            min(end_s if scenario.duration_s else timeline.seconds, measured.last_iteration_s), start_s
        )
    level = scenario.rate_per_s if scenario.rate_per_s is not None else scenario.vus or 0
    yield _Stage(start_s, end_s, level, level, "whole")


def _parts(stages: Sequence[_Stage], measured: Measured, *, exact_end: bool) -> list[_Part]:
    """Divide the counts among the phases that the run reached; empty if it reached none."""
    reached = [stage for stage in stages if min(stage.end_s, measured.end_s) - stage.start_s > _SHORTEST_S]
    if not reached and measured.counted:
        # The load began earlier than assumed
        reached = [*stages[:1]]
    if not reached:
        return []
    borders = [measured.cut(left.start_s, right.start_s, right.end_s) for left, right in pairwise(reached)]
    cuts = [measured.begin, *borders, measured.end]
    starts_s = [measured.begins_s(reached[0].start_s), *(stage.start_s for stage in reached[1:])]
    last = reached[-1].end_s
    end_s = (
        last
        if reached[-1].kind == "whole" and measured.by_count
        else measured.until_s(last, exact_end=exact_end)
    )
    ends_s = [*starts_s[1:], min(end_s, measured.end_s)]
    return [
        _Part(start_s=start_s, end_s=end_s, first=first, last=last)
        for start_s, end_s, first, last in zip(starts_s, ends_s, cuts[:-1], cuts[1:], strict=True)
    ]


def _planned(scenario: ScenarioPlan, index: int, stage: _Stage) -> Phase:
    arrival = scenario.rate_per_s is not None
    return Phase(
        scenario=scenario.name,
        number=index,
        label=_label(scenario, stage),
        kind=stage.kind,
        start_s=stage.start_s,
        end_s=stage.end_s,
        asked_rate_per_s=(stage.first + stage.last) / 2 if arrival else None,
        asked_vus=None if arrival else round(stage.last),
    )


def _with_figures(
    phase: Phase, stage: _Stage, part: _Part, measured: Measured, load_s: float | None
) -> Phase:
    seconds = load_s or part.end_s - part.start_s
    if seconds <= _SHORTEST_S:
        return phase
    ran_s = min(max(min(stage.end_s, part.end_s) - stage.start_s, 0.0), stage.end_s - stage.start_s)
    reached = stage.first + (stage.last - stage.first) * (
        ran_s / (stage.end_s - stage.start_s) if ran_s else 0.0
    )
    within = measured.within(part.first, part.last, part.start_s, part.end_s)
    return phase.changed(
        asked_rate_per_s=None if phase.asked_rate_per_s is None else (stage.first + reached) / 2,
        iterations_per_s=(part.last.iterations - part.first.iterations) / seconds,
        requests_per_s=(part.last.requests - part.first.requests) / seconds,
        p95_ms=measured.p95_ms(within),
        error_rate=measured.error_rate(within),
        dropped=round(part.last.dropped) - round(part.first.dropped),
    )


def _label(scenario: ScenarioPlan, stage: _Stage) -> str:
    arrival = scenario.rate_per_s is not None
    unit = "/s" if arrival else " VU" if stage.kind != "ramp" and stage.last == 1 else " VUs"
    time = format_duration(stage.end_s - stage.start_s)
    if stage.kind == "ramp":
        return f"{number(stage.first)} to {number(stage.last)}{unit} in {time}"
    if scenario.iterations is not None:
        return f"{count(scenario.iterations, 'iteration')} by {number(stage.last)}{unit}"
    return f"{number(stage.last)}{unit} for {time}"
