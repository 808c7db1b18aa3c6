"""Timelines with one interval per second, from a function that describes each second."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from k6_mcp.models.plan import Plan, ScenarioPlan, StagePlan, ThresholdPlan
from k6_mcp.models.timeline import Series, Timeline


@dataclass(frozen=True)
class Second:
    """An interval of one second: by default 50 good answers in about 20 ms, each an iteration, by 10 VUs."""

    requests: int = 50
    failed: int = 0
    p50_ms: float | None = 20.0
    tail: float = 2.0
    """The maximum as a multiple of the median; p90, p95 and p99 are between the two."""
    max_ms: float | None = None
    iterations: int | None = None
    dropped: int = 0
    vus: int | None = 10
    unanswered: int = 0

    def at(self, share: float) -> float | None:
        """Return the latency that is `share` of the way from the median to the maximum."""
        return (
            None if self.p50_ms is None or not self.requests else self.p50_ms * (1 + (self.tail - 1) * share)
        )


QUIET = Second(requests=0, iterations=0, p50_ms=None)
Describe = Callable[[int], Second]


def timeline(seconds: int, describe: Describe | None = None, **facts: Any) -> Timeline:
    """Return a timeline of `seconds` intervals; `facts` are fields of `Timeline`."""
    rows = [(describe or _usual)(i) for i in range(seconds)]
    return timeline_of(rows, **facts)


def _usual(_: int) -> Second:
    return Second()


def timeline_of(rows: Sequence[Second], **facts: Any) -> Timeline:
    """Return a timeline with one interval of a second for each of `rows`."""
    series = Series(
        requests=tuple(row.requests for row in rows),
        failed=tuple(row.failed for row in rows),
        iterations=tuple(row.requests if row.iterations is None else row.iterations for row in rows),
        avg_ms=tuple(row.at(0.05) for row in rows),
        p50_ms=tuple(row.at(0.0) for row in rows),
        p90_ms=tuple(row.at(0.4) for row in rows),
        p95_ms=tuple(row.at(0.6) for row in rows),
        p99_ms=tuple(row.at(0.8) for row in rows),
        max_ms=tuple(row.max_ms or row.at(1.0) for row in rows),
    )
    fields: dict[str, Any] = {
        "start_unix_ms": 1_700_000_000_000.0,
        "period_s": 1.0,
        "ends_s": tuple(float(i + 1) for i in range(len(rows))),
        "total": series,
        "unanswered": tuple(row.unanswered for row in rows),
        "dropped": tuple(row.dropped for row in rows),
        "vus": tuple(row.vus for row in rows),
        **facts,
    }
    return Timeline(**fields)


def noisy(seed: int, base: Second | None = None, spread: float = 0.25) -> Describe:
    """Return healthy noise around `base`: log-normal latency, a few longer tails, and varying counts."""
    chance = random.Random(seed)
    usual = base or Second()

    def describe(_: int) -> Second:
        requests = max(1, round(usual.requests * chance.gauss(1, 0.05)))
        failed = sum(chance.random() < 0.002 for _ in range(requests))
        p50 = (usual.p50_ms or 20.0) * chance.lognormvariate(0, spread)
        tail = usual.tail * chance.lognormvariate(0, 0.4) * (3 if chance.random() < 0.03 else 1)
        return replace(usual, requests=requests, failed=failed, p50_ms=p50, tail=max(tail, 1.2))

    return describe


def closed(seconds: float = 30.0, vus: int = 10, *thresholds: tuple[str, str]) -> Plan:
    """Return the plan of constant VUs."""
    return _plan(
        ScenarioPlan(name="default", executor="constant-vus", vus=vus, max_vus=vus, duration_s=seconds),
        thresholds,
    )


def open_(seconds: float = 30.0, rate: float = 50.0, *thresholds: tuple[str, str], vus: int = 100) -> Plan:
    """Return the plan of a constant arrival rate."""
    scenario = ScenarioPlan(
        name="default",
        executor="constant-arrival-rate",
        vus=vus,
        max_vus=vus,
        duration_s=seconds,
        rate_per_s=rate,
        peak_rate_per_s=rate,
    )
    return _plan(scenario, thresholds)


def ramp_of_vus(seconds: float = 30.0, to: int = 60, *thresholds: tuple[str, str], first: int = 1) -> Plan:
    """Return the plan of VUs that grow linearly."""
    stage = StagePlan(start_s=0.0, duration_s=seconds, from_target=first, target=to)
    scenario = ScenarioPlan(
        name="default", executor="ramping-vus", vus=first, max_vus=to, duration_s=seconds, stages=(stage,)
    )
    return _plan(scenario, thresholds)


def ramp_of_rate(
    seconds: float = 30.0, to: float = 100.0, *thresholds: tuple[str, str], first: float = 10.0
) -> Plan:
    """Return the plan of an arrival rate that grows linearly."""
    stage = StagePlan(start_s=0.0, duration_s=seconds, from_target=first, target=to)
    scenario = ScenarioPlan(
        name="default",
        executor="ramping-arrival-rate",
        vus=100,
        max_vus=100,
        duration_s=seconds,
        rate_per_s=first,
        peak_rate_per_s=to,
        stages=(stage,),
    )
    return _plan(scenario, thresholds)


def _plan(scenario: ScenarioPlan, thresholds: tuple[tuple[str, str], ...]) -> Plan:
    return Plan(
        scenarios=(scenario,),
        thresholds=tuple(
            ThresholdPlan(metric=metric, expression=expression) for metric, expression in thresholds
        ),
        max_vus=scenario.max_vus or 1,
        duration_s=scenario.duration_s or 0.0,
        longest_s=(scenario.duration_s or 0.0) + 30,
        peak_rate_per_s=scenario.peak_rate_per_s,
        phases=False,
    )
