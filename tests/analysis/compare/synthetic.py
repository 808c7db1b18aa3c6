"""Runs and timelines made of simulated requests, so that what is true of them is known."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from k6_mcp.analysis.compare.side import Side
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import Figures, Generator, Latency, Metrics
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Asked, Failure, Run, Status
from k6_mcp.models.run_id import new_run_id
from k6_mcp.models.timeline import Series, Timeline

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Service:
    """A service under a constant arrival rate, whose latency is lognormal.

    The latency wanders within a run and differs from run to run.

    `waited_ms` is how long k6 waits for a CPU per request, which adds to each of them; None where the system
    does not tell.
    """

    median_ms: float = 60.0
    sigma: float = 0.4
    run_to_run: float = 0.03
    wander: float = 0.05
    errors: float = 0.0
    error_ms: float = 60.0
    rate_per_s: int = 50
    seconds: int = 10
    delivered: float = 1.0
    waited_ms: float | None = None

    def side(self, chance: random.Random, *, timeline: bool = True) -> Side:
        """Return one run of it."""
        level, drift = chance.gauss(0, self.run_to_run), 0.0
        intervals: list[list[tuple[float, bool]]] = []
        for _ in range(self.seconds):
            drift = 0.6 * drift + chance.gauss(0, self.wander)
            requests = round(self.rate_per_s * self.delivered)
            intervals.append([self._request(chance, level + drift) for _ in range(requests)])
        every = [request for interval in intervals for request in interval]
        return Side(self._run(every), _timeline(intervals) if timeline else None)

    def sides(self, chance: random.Random, runs: int) -> list[Side]:
        """Return several repeats of it."""
        return [self.side(chance) for _ in range(runs)]

    def _request(self, chance: random.Random, level: float) -> tuple[float, bool]:
        if chance.random() < self.errors:
            return self.error_ms * math.exp(chance.gauss(0, 0.1)), True
        return self.median_ms * math.exp(level + chance.gauss(0, self.sigma)) + (self.waited_ms or 0.0), False

    def _run(self, requests: Sequence[tuple[float, bool]]) -> Run:
        plan = a_plan(self.rate_per_s, self.seconds)
        failed = sum(bad for _, bad in requests)
        run = a_run(plan, figures(sorted(ms for ms, _ in requests), failed, self.seconds))
        if run.metrics is None or self.waited_ms is None:
            return run
        generator = Generator(
            cpu_s=0.25,
            cores=2,
            cpu_share=0.0125,
            cpu_wait_s=self.waited_ms * len(requests) / 1000,
            steal_s=0.0,
        )
        return run.model_copy(update={"metrics": run.metrics.model_copy(update={"generator": generator})})


def a_plan(rate_per_s: float = 50, seconds: float = 10) -> Plan:
    """Return the plan of a constant arrival rate."""
    scenario = ScenarioPlan(
        name="default",
        executor="constant-arrival-rate",
        rate_per_s=rate_per_s,
        duration_s=seconds,
        vus=10,
        max_vus=100,
    )
    return Plan(scenarios=(scenario,), thresholds=(), max_vus=100, duration_s=seconds, longest_s=seconds + 30)


def figures(latencies: Sequence[float], failed: int, seconds: float) -> Figures:
    """Return the figures of requests with these sorted latencies."""
    count = len(latencies)
    latency = Latency(
        of="all_requests",
        count=count,
        avg_ms=sum(latencies) / count,
        min_ms=latencies[0],
        med_ms=percentile(latencies, 0.5),
        max_ms=latencies[-1],
        p90_ms=percentile(latencies, 0.9),
        p95_ms=percentile(latencies, 0.95),
        p99_ms=percentile(latencies, 0.99),
    )
    return Figures(
        wall_s=seconds,
        load_s=seconds,
        requests=count,
        requests_per_s=count / seconds,
        failed_requests=failed,
        error_rate=failed / count,
        latency=latency,
        iterations=count,
        iterations_per_s=count / seconds,
    )


def a_run(
    plan: Plan | None = None,
    measured: Figures | None = None,
    *,
    status: Status = "completed",
    kind: FailureKind | None = None,
    asked: Asked | None = None,
    script_sha256: str = "0" * 64,
    k6_version: str = "1.1.0",
) -> Run:
    """Return a run, by default of a script and without figures."""
    return Run(
        run_id=new_run_id(NOW),
        status=status,
        name="checkout",
        asked=asked or Asked(origin="text"),
        script_sha256=script_sha256,
        k6_version=k6_version,
        server_id="s-0000000000000000",
        created_at=NOW,
        ended_at=NOW + timedelta(seconds=10),
        plan=plan,
        metrics=Metrics(source="summary", exact=True, figures=measured) if measured else None,
        failure=Failure(kind=kind, message="it failed", hint="look") if kind else None,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile of sorted values, interpolated as k6 does."""
    place = (len(values) - 1) * share
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def _timeline(intervals: Sequence[Sequence[tuple[float, bool]]]) -> Timeline:
    latencies = [sorted(ms for ms, _ in interval) for interval in intervals]
    counts = tuple(len(interval) for interval in intervals)
    total = Series(
        requests=counts,
        failed=tuple(sum(bad for _, bad in interval) for interval in intervals),
        iterations=counts,
        avg_ms=tuple(sum(values) / len(values) for values in latencies),
        p50_ms=tuple(percentile(values, 0.5) for values in latencies),
        p90_ms=tuple(percentile(values, 0.9) for values in latencies),
        p95_ms=tuple(percentile(values, 0.95) for values in latencies),
        p99_ms=tuple(percentile(values, 0.99) for values in latencies),
        max_ms=tuple(values[-1] for values in latencies),
    )
    zeros = (0,) * len(counts)
    ends = tuple(float(number + 1) for number in range(len(counts)))
    return Timeline(
        start_unix_ms=0, period_s=1, ends_s=ends, total=total, unanswered=zeros, dropped=zeros, vus=zeros
    )
