"""What a timeline counts of one scenario, and how much of it lies before and after a given time."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from k6_mcp.analysis.measure.shorter_timelines import LATENCY, latency_at
from k6_mcp.analysis.numbers.quantiles import merged
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.timeline import Series, Timeline

_SHORTEST_S = 1e-6


@dataclass(frozen=True)
class Cut:
    """The counts up to a time; latency and failures cover the first `intervals` whole intervals."""

    requests: float
    iterations: float
    dropped: float
    intervals: int


@dataclass(frozen=True)
class Measured:
    """A scenario's own intervals, or those of all scenarios if they are not separate.

    `sums` begin with 0. `by_count` is true if the scenario ends with its iterations rather than at a time.
    """

    ends_s: Sequence[float]
    series: Series
    answered: Sequence[int]
    sums: Mapping[str, Sequence[int]]
    period_s: float
    by_count: bool

    @classmethod
    def of(cls, scenario: ScenarioPlan, plan: Plan, timeline: Timeline) -> "Measured":
        """Return what `timeline` counts of a scenario of `plan`."""
        for own in timeline.scenarios:
            if own.name == scenario.name:
                return cls._from(
                    scenario, timeline, own.series, own.series.requests, own.dropped or timeline.dropped
                )
        # The timeline has other scenarios, so this one did nothing
        if len(plan.scenarios) > 1 and timeline.scenarios:
            zeros = (0,) * len(timeline.ends_s)
            unknown = dict.fromkeys(LATENCY, (None,) * len(timeline.ends_s))
            return cls._from(
                scenario,
                timeline,
                Series(requests=zeros, failed=zeros, iterations=zeros, **unknown),
                zeros,
                zeros,
            )
        answered = [n - lost for n, lost in zip(timeline.total.requests, timeline.unanswered, strict=True)]
        return cls._from(scenario, timeline, timeline.total, answered, timeline.dropped)

    @classmethod
    def _from(
        cls,
        scenario: ScenarioPlan,
        timeline: Timeline,
        series: Series,
        answered: Sequence[int],
        dropped: Sequence[int],
    ) -> "Measured":
        counts = {
            "requests": series.requests,
            "failed": series.failed,
            "iterations": series.iterations,
            "dropped": dropped,
        }
        sums = {name: (0, *accumulate(column)) for name, column in counts.items()}
        by_count = scenario.iterations is not None or scenario.duration_s is None
        return cls(timeline.ends_s, series, answered, sums, timeline.period_s, by_count)

    @property
    def end_s(self) -> float:
        """The end of the last interval."""
        return self.ends_s[-1] if self.ends_s else 0.0

    @property
    def last_iteration_s(self) -> float:
        """The end of the last interval in which an iteration ended; of all intervals without one."""
        sums = self.sums["iterations"]
        last = bisect_left(sums, sums[-1]) if sums[-1] else len(self.ends_s)
        return self.ends_s[last - 1] if last else 0.0

    @property
    def counted(self) -> range:
        """The intervals from the first to the last with a request or an iteration."""
        columns = [self.sums[name] for name in ("requests", "iterations") if self.sums[name][-1]]
        first = min((bisect_right(sums, 0) - 1 for sums in columns), default=0)
        return range(first, max((bisect_left(sums, sums[-1]) for sums in columns), default=0))

    @property
    def begin(self) -> Cut:
        """The empty cut, before all counts."""
        return Cut(0.0, 0.0, 0.0, 0)

    @property
    def end(self) -> Cut:
        """The cut after all counts."""
        return Cut(
            self.sums["requests"][-1], self.sums["iterations"][-1], self.sums["dropped"][-1], len(self.ends_s)
        )

    def cut(self, from_s: float, at_s: float, to_s: float) -> Cut:
        """Return the counts up to `at_s`.

        A stretch that began at `from_s` ends there, and another one follows up to `to_s`.
        """
        index = bisect_left(self.ends_s, at_s - _SHORTEST_S)
        if index >= len(self.ends_s):
            return self.end
        shares = {
            name: self._share(name, index, from_s, at_s, to_s)
            for name in ("requests", "iterations", "dropped")
        }
        counts = {
            name: self.sums[name][index] + share * self._count(name, index) for name, share in shares.items()
        }
        return Cut(**counts, intervals=index + (shares["requests"] >= 0.5))

    def _share(self, name: str, index: int, from_s: float, at_s: float, to_s: float) -> float:
        """Return the share of an interval's count that lies before `at_s`.

        It is derived from the time, and from the rates right before and after if both are known.
        """
        before, after = at_s - self._start(index), self.ends_s[index] - at_s
        if after <= _SHORTEST_S:
            return 1.0
        if (
            index
            and self._start(index - 1) >= from_s - _SHORTEST_S
            and self._end(index + 1) <= to_s + _SHORTEST_S
        ):
            weighted = before * self._rate(name, index - 1), after * self._rate(name, index + 1)
            before, after = weighted if sum(weighted) > 0 else (before, after)
        return before / (before + after)

    def begins_s(self, planned_s: float) -> float:
        """Return when a scenario began that was assumed to begin at `planned_s`.

        That is earlier if an interval before that time counts some of it.
        """
        if not self.counted or self.ends_s[first := self.counted[0]] > planned_s:
            return planned_s
        return (self._start(first) + self.ends_s[first]) / 2

    def until_s(self, planned_s: float, *, exact_end: bool) -> float:
        """Return when a scenario ended that should end at `planned_s`.

        That is later if an interval after that time counts some of it. The plan's end is known to half an
        interval. With `exact_end` the last interval ends with the load.
        """
        if not self.counted:
            return planned_s
        last = self.counted[-1]
        after = self._start(last) >= planned_s + self.period_s / 2 or (
            exact_end and last == len(self.ends_s) - 1
        )
        return max(planned_s, self.ends_s[last]) if after else planned_s

    def within(self, first: Cut, last: Cut, start_s: float, end_s: float) -> range:
        """Return the intervals between two cuts.

        For a stretch too short to have its own interval, those are the intervals that it lies in.
        """
        if first.intervals < last.intervals:
            return range(first.intervals, last.intervals)
        return range(
            bisect_right(self.ends_s, start_s), min(bisect_left(self.ends_s, end_s) + 1, len(self.ends_s))
        )

    def error_rate(self, intervals: range) -> float | None:
        """Return the share of the requests in `intervals` that failed."""
        requests = sum(self.series.requests[index] for index in intervals)
        return sum(self.series.failed[index] for index in intervals) / requests if requests else None

    def p95_ms(self, intervals: range) -> float | None:
        """Return the p95 of the answered requests in `intervals`."""
        parts = [(self.answered[index], latency_at(self.series, index)) for index in intervals]
        return merged((answered, known) for answered, known in parts if "p(95)" in known).get("p(95)")

    def _count(self, name: str, index: int) -> int:
        return self.sums[name][index + 1] - self.sums[name][index]

    def _rate(self, name: str, index: int) -> float:
        return self._count(name, index) / (self.ends_s[index] - self._start(index))

    def _start(self, index: int) -> float:
        return self.ends_s[index - 1] if index else 0.0

    def _end(self, index: int) -> float:
        return self.ends_s[index] if index < len(self.ends_s) else float("inf")
