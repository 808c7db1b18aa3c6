"""The facts that every rule looks at: one run, its figures, its intervals and the load that was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from k6_mcp.analysis.findings.load import Load
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.metrics import Figures, MetricRow, Metrics
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Timeline

_NOTHING: Mapping[str, float] = {}
_NOT_MEASURED = Metrics(source="none", exact=False, figures=Figures(wall_s=0.0, load_s=0.0))
_FULL_INTERVAL = (
    # Of the period: shorter ones have too few requests for their percentiles to mean anything
    0.5
)


class Interval(NamedTuple):
    """One interval under load, or several merged; `load` is what was asked for then, in VUs or iterations per
    s (None: unknown), by `scenarios` (numbers).
    """

    from_s: float
    to_s: float
    requests: int
    failed: int
    iterations: int
    dropped: int
    vus: int | None
    load: float | None
    scenarios: frozenset[int]
    avg_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.to_s - self.from_s

    @property
    def error_rate(self) -> float:
        """The share of its requests that failed."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def requests_per_s(self) -> float:
        """Requests that ended in it, per second."""
        return self.requests / self.seconds if self.seconds > 0 else 0.0

    @property
    def iterations_per_s(self) -> float:
        """Iterations that ended in it, per second."""
        return self.iterations / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Case:
    """Everything known about a run; without a timeline there are no intervals, and rules that need them say
    nothing.
    """

    run: Run
    timeline: Timeline | None
    limits: FindingLimits

    @cached_property
    def metrics(self) -> Metrics:
        """What was measured; empty if nothing was."""
        return self.run.metrics or _NOT_MEASURED

    @property
    def figures(self) -> Figures:
        """The key figures."""
        return self.metrics.figures

    @property
    def plan(self) -> Plan | None:
        """The load that was planned."""
        return self.run.plan

    @cached_property
    def load(self) -> Load:
        """The load asked for over time, on the timeline's clock."""
        return Load.of(self.plan, self._load_from_s)

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """The complete intervals in which load was applied, in order."""
        timeline = self.timeline
        if timeline is None:
            return ()
        until_s = self.load.until_s + timeline.period_s / 2
        shortest_s = timeline.period_s * _FULL_INTERVAL
        last = len(timeline.ends_s) - (1 if timeline.rest else 0)
        bounds = enumerate(pairwise((0.0, *timeline.ends_s[:last])))
        return tuple(
            _interval(timeline, i, start, end, self.load)
            for i, (start, end) in bounds
            if end - start >= shortest_s and end > self._load_from_s and end <= until_s
        )

    def values(self, name: str) -> Mapping[str, float]:
        """Return k6's values of a metric or sub-metric, empty if it has none."""
        row = self._rows.get(name)
        return row.values if row else _NOTHING

    @cached_property
    def iteration_ms(self) -> float:
        """How long an iteration usually took: its median, or VU time by iterations where k6 left no summary;
        0 if unknown.
        """
        values = self.values("iteration_duration")
        if "med" in values:
            return values["med"]
        iterations = sum(interval.iterations for interval in self.intervals)
        vu_seconds = sum((interval.vus or 0) * interval.seconds for interval in self.intervals)
        return 1000 * vu_seconds / iterations if iterations else 0.0

    @cached_property
    def _rows(self) -> Mapping[str, MetricRow]:
        return {row.name: row for row in self.metrics.rows}

    @property
    def _load_from_s(self) -> float:
        """When load began, on the timeline's clock."""
        return self.timeline.load_start_s if self.timeline else 0.0


def _interval(timeline: Timeline, i: int, start_s: float, end_s: float, load: Load) -> Interval:
    total, middle_s = timeline.total, (start_s + end_s) / 2
    return Interval(
        start_s,
        end_s,
        total.requests[i],
        total.failed[i],
        total.iterations[i],
        timeline.dropped[i],
        timeline.vus[i],
        load.at(middle_s),
        load.active(middle_s),
        total.avg_ms[i],
        total.p50_ms[i],
        total.p90_ms[i],
        total.p95_ms[i],
        total.p99_ms[i],
        total.max_ms[i],
    )


def merged(intervals: Sequence[Interval], at_least: int) -> list[Interval]:
    """Return `intervals` with neighbours put together until each has `at_least` requests; a rest that has
    fewer is left out.

    Percentiles of what is put together are means weighted by requests: good enough to compare with a limit.
    """
    merged_: list[Interval] = []
    waiting: list[Interval] = []
    requests = 0
    for interval in intervals:
        waiting.append(interval)
        requests += interval.requests
        if requests >= at_least:
            merged_.append(waiting[0] if len(waiting) == 1 else together(waiting))
            waiting, requests = [], 0
    return merged_


def together(intervals: Sequence[Interval]) -> Interval:
    """Return neighbouring intervals as one."""
    loads = [interval.load for interval in intervals if interval.load is not None]
    longest = [interval.max_ms for interval in intervals if interval.max_ms is not None]
    return Interval(
        intervals[0].from_s,
        intervals[-1].to_s,
        sum(interval.requests for interval in intervals),
        sum(interval.failed for interval in intervals),
        sum(interval.iterations for interval in intervals),
        sum(interval.dropped for interval in intervals),
        intervals[-1].vus,
        fmean(loads) if loads else None,
        intervals[-1].scenarios,
        _weighted(intervals, "avg_ms"),
        _weighted(intervals, "p50_ms"),
        _weighted(intervals, "p90_ms"),
        _weighted(intervals, "p95_ms"),
        _weighted(intervals, "p99_ms"),
        max(longest, default=None),
    )


def _weighted(intervals: Sequence[Interval], name: str) -> float | None:
    known = [
        (value, interval.requests) for interval in intervals if (value := getattr(interval, name)) is not None
    ]
    requests = sum(count for _, count in known)
    return sum(value * count for value, count in known) / requests if requests else None
