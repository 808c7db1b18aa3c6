"""What a plan asked for, stage by stage, and what came of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from k6_mcp.analysis.condense import LATENCY, latency_at
from k6_mcp.analysis.quantiles import merged
from k6_mcp.models.duration import format_duration
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.timeline import Phase, Series, Timeline
from k6_mcp.models.wording import number

_SHORTEST_S = 1e-6
_LEAST_WHOLE = 0.45


class _Asked(NamedTuple):
    """A stage, or the whole of a scenario without stages; levels are VUs or iterations per s."""

    start_s: float
    end_s: float
    first: float
    last: float
    kind: Literal["ramp", "hold", "whole"]


def phases_of(plan: Plan, timeline: Timeline) -> tuple[Phase, ...]:
    """Return a row per stage, or per scenario without stages, on the timeline's clock.

    Figures are those of the time in which the stage lies. An interval that a stage's begin or end cuts in two counts in each
    part by time, as if its requests were evenly spread over it; figures of constant load leave such intervals out, if the
    others are about half of it. A scenario with a number of iterations lasts until its last one. The time at which load began is itself known to half an interval. Where a run ended within a stage, rates and `asked_rate_per_s` are those of the part that ran.
    """
    phases: list[Phase] = []
    for scenario in plan.scenarios:
        measured = _Measured.of(scenario, plan, timeline)
        for index, asked in enumerate(_asked(scenario, timeline, measured), start=1):
            phases.append(_phase(scenario, index, asked, measured))
    return tuple(phases)


def _asked(scenario: ScenarioPlan, timeline: Timeline, measured: "_Measured") -> Iterator[_Asked]:
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
    if scenario.iterations is not None or scenario.duration_s is None:  # as long as it takes, up to the planned time
        end_s = max(min(end_s if scenario.duration_s else timeline.seconds, measured.last_iteration_s), start_s)
    level = scenario.rate_per_s if scenario.rate_per_s is not None else scenario.vus or 0
    yield _Asked(start_s, end_s, level, level, "whole")


def _phase(scenario: ScenarioPlan, index: int, asked: _Asked, measured: "_Measured") -> Phase:
    end_s = min(asked.end_s, measured.ends_s[-1]) if measured.ends_s else 0.0
    seconds = end_s - asked.start_s
    arrival = scenario.rate_per_s is not None
    phase = Phase(
        scenario=scenario.name,
        number=index,
        label=_label(scenario, asked),
        kind=asked.kind,
        start_s=asked.start_s,
        end_s=asked.end_s,
        asked_rate_per_s=(asked.first + asked.last) / 2 if arrival else None,
        asked_vus=None if arrival else round(asked.last),
    )
    if seconds <= _SHORTEST_S:
        return phase
    constant = asked.kind == "hold" or (asked.kind == "whole" and scenario.iterations is None)
    reached = asked.first + (asked.last - asked.first) * seconds / (asked.end_s - asked.start_s)
    start_s, until_s = measured.inside(asked.start_s, end_s) if constant else (asked.start_s, end_s)
    requests = measured.total("requests", start_s, until_s)
    return phase.model_copy(
        update={
            "asked_rate_per_s": (asked.first + reached) / 2 if arrival else None,
            "iterations_per_s": measured.total("iterations", start_s, until_s) / (until_s - start_s),
            "requests_per_s": requests / (until_s - start_s),
            "p95_ms": measured.p95_ms(start_s, until_s),
            "error_rate": measured.total("failed", start_s, until_s) / requests if requests > 0 else None,
            "dropped": measured.whole("dropped", asked.start_s, end_s),
        }
    )


def _label(scenario: ScenarioPlan, asked: _Asked) -> str:
    arrival = scenario.rate_per_s is not None
    unit = "/s" if arrival else " VUs"
    time = format_duration(asked.end_s - asked.start_s)
    if asked.kind == "ramp":
        return f"{number(asked.first)} to {number(asked.last)}{unit} in {time}"
    if scenario.iterations is not None:
        return f"{scenario.iterations} iterations by {number(asked.last)} VUs"
    return f"{number(asked.last)}{unit} for {time}"


class _Measured(NamedTuple):
    """The intervals that tell of a scenario: its own, or all where scenarios are not told apart; `sums` begin with 0."""

    ends_s: Sequence[float]
    series: Series
    answered: Sequence[int]
    sums: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, scenario: ScenarioPlan, plan: Plan, timeline: Timeline) -> "_Measured":
        for own in timeline.scenarios:
            if own.name == scenario.name:
                return cls._from(timeline, own.series, own.series.requests, own.dropped or timeline.dropped)
        if len(plan.scenarios) > 1 and timeline.scenarios:  # it did nothing
            none = (0,) * len(timeline.ends_s)
            unknown = dict.fromkeys(LATENCY, (None,) * len(timeline.ends_s))
            return cls._from(timeline, Series(requests=none, failed=none, iterations=none, **unknown), none, none)
        answered = [n - lost for n, lost in zip(timeline.total.requests, timeline.unanswered, strict=True)]
        return cls._from(timeline, timeline.total, answered, timeline.dropped)

    @classmethod
    def _from(cls, timeline: Timeline, series: Series, answered: Sequence[int], dropped: Sequence[int]) -> "_Measured":
        counts = {"requests": series.requests, "failed": series.failed, "iterations": series.iterations, "dropped": dropped}
        return cls(timeline.ends_s, series, answered, {name: (0, *accumulate(column)) for name, column in counts.items()})

    @property
    def last_iteration_s(self) -> float:
        """The end of the last interval in which an iteration ended; of all if there was none."""
        sums = self.sums["iterations"]
        last = bisect_left(sums, sums[-1]) if sums[-1] else len(self.ends_s)
        return self.ends_s[last - 1] if last else 0.0

    def total(self, name: str, start_s: float, end_s: float) -> float:
        """How much was counted in a stretch of time."""
        return self._up_to(name, end_s) - self._up_to(name, start_s)

    def whole(self, name: str, start_s: float, end_s: float) -> int:
        """The same in whole numbers that add up over neighbouring stretches."""
        return round(self._up_to(name, end_s)) - round(self._up_to(name, start_s))

    def _up_to(self, name: str, at_s: float) -> float:
        sums, index = self.sums[name], bisect_right(self.ends_s, at_s)
        if index >= len(self.ends_s):
            return sums[-1]
        start = self._start(index)
        return sums[index] + (sums[index + 1] - sums[index]) * max(at_s - start, 0.0) / (self.ends_s[index] - start)

    def inside(self, start_s: float, end_s: float) -> tuple[float, float]:
        """The part of a stretch of time that whole intervals fill, all of it if that is less than about half."""
        first = bisect_left((0.0, *self.ends_s), start_s - _SHORTEST_S)
        last = bisect_right(self.ends_s, end_s + _SHORTEST_S)
        if first >= last or self.ends_s[last - 1] - self._start(first) < (end_s - start_s) * _LEAST_WHOLE:
            return start_s, end_s
        return self._start(first), self.ends_s[last - 1]

    def _start(self, index: int) -> float:
        return self.ends_s[index - 1] if index else 0.0

    def p95_ms(self, start_s: float, end_s: float) -> float | None:
        """The p95 of the answered requests in a stretch of time."""
        parts: list[tuple[float, Mapping[str, float]]] = []
        for index in range(bisect_right(self.ends_s, start_s), len(self.ends_s)):
            start, end = self._start(index), self.ends_s[index]
            if start >= end_s:
                break
            if "p(95)" in (known := latency_at(self.series, index)):
                parts.append((self.answered[index] * (min(end, end_s) - max(start, start_s)) / (end - start), known))
        return merged(parts).get("p(95)")
