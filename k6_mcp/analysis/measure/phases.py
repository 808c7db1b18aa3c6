"""What a plan asked for, stage by stage, and what came of it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from k6_mcp.analysis.measure.scenario_counts import Cut, Measured
from k6_mcp.models.duration import format_duration
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Phase, Timeline
from k6_mcp.models.wording import count, number

_SHORTEST_S = 1e-6


class _Asked(NamedTuple):
    """A stage, or the whole of a scenario without stages; levels are VUs or iterations per s."""

    start_s: float
    end_s: float
    first: float
    last: float
    kind: Literal["ramp", "hold", "whole"]


class _Part(NamedTuple):
    """What of a scenario's time and counts is that of one phase."""

    start_s: float
    end_s: float
    first: Cut
    last: Cut


def phases_of_run(run: Run, timeline: Timeline | None) -> tuple[Phase, ...]:
    """Return the phases of a run, none where its plan or timeline is not known; see `phases_of`."""
    if run.plan is None or timeline is None:
        return ()
    return phases_of(run.plan, timeline, run.metrics.figures.load_s if run.metrics else None)


def phases_of(plan: Plan, timeline: Timeline, load_s: float | None = None) -> tuple[Phase, ...]:
    """Return a row per stage, or per scenario without stages, on the timeline's clock; `load_s` is how long
    load was applied, where known.

    The phases of a scenario hold all that the timeline counts of it: what came before the first belongs to
    it, as the time at which load began is known to half an interval only, and what ended after the last, in
    its graceful stop, to the last one that was reached. An interval that a border between two phases cuts in
    two counts in both, by time and by how fast each was in the next interval that is all its own; its latency
    and failures count where most of its requests do. Rates are over the time in which it was counted,
    `load_s` for a plan of one scenario without stages. A scenario with a number of iterations lasts until its
    last one. Where a run ended within a stage, `asked_rate_per_s` is that of the part that ran.
    """
    phases: list[Phase] = []
    for scenario in plan.scenarios:
        measured = Measured.of(scenario, plan, timeline)
        asked = [*_asked(scenario, timeline, measured)]
        parts = _parts(asked, measured, exact_end=timeline.rest and not plan.phases)
        alone_s = load_s if len(plan.scenarios) == 1 and not scenario.stages else None
        for index, stage in enumerate(asked):
            phase = _planned(scenario, index + 1, stage)
            phases.append(
                _with_figures(phase, stage, parts[index], measured, alone_s) if index < len(parts) else phase
            )
    return tuple(phases)


def _asked(scenario: ScenarioPlan, timeline: Timeline, measured: Measured) -> Iterator[_Asked]:
    begin = timeline.load_start_s
    if scenario.stages:
        for stage in scenario.stages:
            if stage.duration_s > 0:
                start_s = begin + stage.start_s
                kind = "hold" if stage.from_target == stage.target else "ramp"
                yield _Asked(start_s, start_s + stage.duration_s, stage.from_target, stage.target, kind)
        return
    start_s = begin + scenario.start_s
    end_s = start_s + (scenario.duration_s or 0.0)
    # As long as it takes, up to the planned time
    if scenario.iterations is not None or scenario.duration_s is None:
        end_s = max(
            min(end_s if scenario.duration_s else timeline.seconds, measured.last_iteration_s), start_s
        )
    level = scenario.rate_per_s if scenario.rate_per_s is not None else scenario.vus or 0
    yield _Asked(start_s, end_s, level, level, "whole")


def _parts(asked: Sequence[_Asked], measured: Measured, *, exact_end: bool) -> list[_Part]:
    """Share what was counted among the phases that the run reached, none if there are none."""
    reached = [stage for stage in asked if min(stage.end_s, measured.end_s) - stage.start_s > _SHORTEST_S]
    if not reached and measured.counted:
        # The load began earlier than it was taken to have begun
        reached = [*asked[:1]]
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
    return [_Part(*part) for part in zip(starts_s, ends_s, cuts[:-1], cuts[1:], strict=True)]


def _planned(scenario: ScenarioPlan, index: int, asked: _Asked) -> Phase:
    arrival = scenario.rate_per_s is not None
    return Phase(
        scenario=scenario.name,
        number=index,
        label=_label(scenario, asked),
        kind=asked.kind,
        start_s=asked.start_s,
        end_s=asked.end_s,
        asked_rate_per_s=(asked.first + asked.last) / 2 if arrival else None,
        asked_vus=None if arrival else round(asked.last),
    )


def _with_figures(
    phase: Phase, asked: _Asked, part: _Part, measured: Measured, load_s: float | None
) -> Phase:
    seconds = load_s or part.end_s - part.start_s
    if seconds <= _SHORTEST_S:
        return phase
    ran_s = min(max(min(asked.end_s, part.end_s) - asked.start_s, 0.0), asked.end_s - asked.start_s)
    reached = asked.first + (asked.last - asked.first) * (
        ran_s / (asked.end_s - asked.start_s) if ran_s else 0.0
    )
    within = measured.within(part.first, part.last, part.start_s, part.end_s)
    return phase.changed(
        asked_rate_per_s=None if phase.asked_rate_per_s is None else (asked.first + reached) / 2,
        iterations_per_s=(part.last.iterations - part.first.iterations) / seconds,
        requests_per_s=(part.last.requests - part.first.requests) / seconds,
        p95_ms=measured.p95_ms(within),
        error_rate=measured.error_rate(within),
        dropped=round(part.last.dropped) - round(part.first.dropped),
    )


def _label(scenario: ScenarioPlan, asked: _Asked) -> str:
    arrival = scenario.rate_per_s is not None
    unit = "/s" if arrival else " VU" if asked.kind != "ramp" and asked.last == 1 else " VUs"
    time = format_duration(asked.end_s - asked.start_s)
    if asked.kind == "ramp":
        return f"{number(asked.first)} to {number(asked.last)}{unit} in {time}"
    if scenario.iterations is not None:
        return f"{count(scenario.iterations, 'iteration')} by {number(asked.last)}{unit}"
    return f"{number(asked.last)}{unit} for {time}"
