"""The facts that every rule examines: one run, its figures, its intervals and its planned load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import fmean

from k6_mcp.analysis.findings.load import Load
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.metrics import Figures, MetricRow, Metrics
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Timeline

_NOTHING: Mapping[str, float] = {}
_NOT_MEASURED = Metrics(source="none", exact=False, figures=Figures(wall_s=0.0, load_s=0.0))
# Share of the period: percentiles of a shorter interval rest on too few requests to mean anything
_FULL_INTERVAL = 0.5


@dataclass(frozen=True)
class Interval:
    """One interval under load, or several merged into one.

    `load` is the planned load at that time, in VUs or iterations per s (None: unknown), and `scenarios` are
    the numbers of the scenarios that it comes from.
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
        """Its length."""
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
    """Everything that is known about a run.

    Without a timeline there are no intervals, and rules that need intervals find nothing.
    """

    run: Run
    timeline: Timeline | None
    limits: FindingLimits

    @cached_property
    def metrics(self) -> Metrics:
        """The measured metrics; empty if nothing was measured."""
        return self.run.metrics or _NOT_MEASURED

    @property
    def figures(self) -> Figures:
        """The key figures."""
        return self.metrics.figures

    @property
    def plan(self) -> Plan | None:
        """The planned load."""
        return self.run.plan

    @cached_property
    def load(self) -> Load:
        """The planned load over time, on the timeline's clock."""
        return Load.of(self.plan, self._load_from_s)

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """The complete intervals under load, in order."""
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
        """Return k6's values of a metric or sub-metric, empty if k6 has none."""
        row = self._rows.get(name)
        return row.values if row else _NOTHING

    @cached_property
    def iteration_ms(self) -> float:
        """The usual duration of an iteration: its median, 0 if unknown.

        Without k6's summary it is the VU time divided by the iterations.
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
        """When the load began, on the timeline's clock."""
        return self.timeline.load_start_s if self.timeline else 0.0


def _interval(timeline: Timeline, i: int, start_s: float, end_s: float, load: Load) -> Interval:
    total, middle_s = timeline.total, (start_s + end_s) / 2
    return Interval(
        from_s=start_s,
        to_s=end_s,
        requests=total.requests[i],
        failed=total.failed[i],
        iterations=total.iterations[i],
        dropped=timeline.dropped[i],
        vus=timeline.vus[i],
        load=load.at(middle_s),
        scenarios=load.active(middle_s),
        avg_ms=total.avg_ms[i],
        p50_ms=total.p50_ms[i],
        p90_ms=total.p90_ms[i],
        p95_ms=total.p95_ms[i],
        p99_ms=total.p99_ms[i],
        max_ms=total.max_ms[i],
    )


def merged(intervals: Sequence[Interval], at_least: int) -> list[Interval]:
    """Return `intervals`, merged with their neighbors until each has `at_least` requests.

    A remainder with fewer requests is left out. The percentiles of a merged interval are means weighted by
    requests, which is good enough for a comparison with a limit.
    """
    large_enough: list[Interval] = []
    pending: list[Interval] = []
    requests = 0
    for interval in intervals:
        pending.append(interval)
        requests += interval.requests
        if requests >= at_least:
            large_enough.append(pending[0] if len(pending) == 1 else together(pending))
            pending, requests = [], 0
    return large_enough


def together(intervals: Sequence[Interval]) -> Interval:
    """Return neighboring intervals as one."""
    loads = [interval.load for interval in intervals if interval.load is not None]
    maxima = [interval.max_ms for interval in intervals if interval.max_ms is not None]
    return Interval(
        from_s=intervals[0].from_s,
        to_s=intervals[-1].to_s,
        requests=sum(interval.requests for interval in intervals),
        failed=sum(interval.failed for interval in intervals),
        iterations=sum(interval.iterations for interval in intervals),
        dropped=sum(interval.dropped for interval in intervals),
        vus=intervals[-1].vus,
        load=fmean(loads) if loads else None,
        scenarios=intervals[-1].scenarios,
        avg_ms=_weighted(intervals, "avg_ms"),
        p50_ms=_weighted(intervals, "p50_ms"),
        p90_ms=_weighted(intervals, "p90_ms"),
        p95_ms=_weighted(intervals, "p95_ms"),
        p99_ms=_weighted(intervals, "p99_ms"),
        max_ms=max(maxima, default=None),
    )


def _weighted(intervals: Sequence[Interval], name: str) -> float | None:
    known = [
        (value, interval.requests) for interval in intervals if (value := getattr(interval, name)) is not None
    ]
    requests = sum(count for _, count in known)
    return sum(value * count for value, count in known) / requests if requests else None
