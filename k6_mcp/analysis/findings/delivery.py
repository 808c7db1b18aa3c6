"""Whether the planned load was delivered, and if not, what limited it."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Literal

from k6_mcp.analysis.findings.case import Case, Interval, together
from k6_mcp.analysis.measure.error_codes import TOO_MANY_FILES
from k6_mcp.analysis.numbers.confidence import above, above_share
from k6_mcp.analysis.verdict.crossed import RATE_CAP_REACHED
from k6_mcp.analysis.verdict.iterations import MOST_DROPPED
from k6_mcp.models.findings import GENERATOR_CPU, Evidence, Finding
from k6_mcp.models.plan import ScenarioPlan
from k6_mcp.models.wording import count, number, percent

_MUCH_DROPPED = 0.10
# Duration of an iteration while VUs were short, relative to its duration before
_SLOWER = 2.0
# A pool with this many times the VUs that the rate needs at some latency had room for that latency
_ENOUGH = 1.2
# Recommended VUs, relative to the VUs that were needed
_SPARE = 1.5
_CPU_SAMPLE_S = 2.0


@dataclass(frozen=True)
class DropCause:
    """Why iterations were not started: the reason, what to do about it, and the evidence."""

    kind: Literal["cpu", "cap", "pool", "target", "preallocated"]
    text: str
    advice: str
    evidence: Evidence


def load_not_delivered(case: Case) -> Iterator[Finding]:
    """Find an arrival rate that was not kept, and say why."""
    share = dropped_share(case)
    if share <= MOST_DROPPED:
        return
    dropped, planned = case.figures.iterations_dropped, case.figures.iterations_due
    when = [interval for interval in case.intervals if interval.dropped]
    cause = cause_of_drops(case, when)
    from_s, to_s = (when[0].from_s, when[-1].to_s) if when else (None, None)
    yield Finding(
        id="load_not_delivered",
        severity="critical" if share > _MUCH_DROPPED else "warning",
        confidence=above_share(dropped, planned, MOST_DROPPED),
        message=(
            f"{dropped} of {planned} planned iterations ({percent(share)}) were not started; likely cause:"
            f" {cause.text}"
        ),
        evidence=(
            Evidence(
                metric="dropped_iterations", observed=share, limit=MOST_DROPPED, from_s=from_s, to_s=to_s
            ),
            cause.evidence,
        ),
        recommendation=cause.advice,
    )


def dropped_share(case: Case) -> float:
    """Return the share of an arrival rate's iterations that were not started."""
    return (
        case.figures.iterations_dropped / max(1, case.figures.iterations_due)
        if _open_scenarios(case)
        else 0.0
    )


def _open_scenarios(case: Case) -> list[ScenarioPlan]:
    return (
        [scenario for scenario in case.plan.scenarios if scenario.executor.endswith("arrival-rate")]
        if case.plan
        else []
    )


def cause_of_drops(case: Case, when: list[Interval]) -> DropCause:
    """Return the likely cause of the iterations that were dropped in the intervals `when`."""
    figures, plan, generator = case.figures, case.plan, case.metrics.generator
    if generator is not None and generator.cpu_share > case.limits.cpu_share:
        return DropCause(
            "cpu",
            "k6 itself ran out of CPU",
            "lower rate_per_s of execute_k6_test, or use a machine with more cores",
            Evidence(metric=GENERATOR_CPU, observed=generator.cpu_share, limit=case.limits.cpu_share),
        )
    if plan is not None and plan.rps and figures.requests_per_s >= RATE_CAP_REACHED * plan.rps:
        return DropCause(
            "cap",
            "the cap on requests per second held requests back",
            "lower rate_per_s of execute_k6_test, or raise the cap (the script's rps, K6_MCP_MAX_RPS)",
            Evidence(metric="http_reqs", observed=figures.requests_per_s, limit=float(plan.rps)),
        )
    return _pool_or_target(case, when)


def _pool_or_target(case: Case, when: list[Interval]) -> DropCause:
    pool = pool_size(case)
    if not case.figures.iterations:
        return _none_finished(float(case.figures.vus_allocated or pool), pool)
    taken = _iteration_s(case, when)
    peak_per_s = (
        max((interval.load or 0.0 for interval in when), default=0.0)
        if case.load.unit == "iterations/s"
        else 0.0
    )
    rate = peak_per_s or (case.plan.peak_rate_per_s if case.plan else 0.0) or 0.0
    made, needed = float(case.figures.vus_allocated or pool), rate * taken.now
    shown = Evidence(
        metric="vus_max", observed=made, limit=float(pool) or None, note=f"about {number(needed, 2)} needed"
    )
    slower = taken.usual is not None and (
        taken.now >= _SLOWER * taken.usual or rate * taken.usual * _ENOUGH <= pool < needed
    )
    if made < pool and not slower:
        return _made_too_late(case, made, shown)
    makes = number(pool / taken.now if taken.now else 0.0, 2)
    took = f"an iteration took {number(taken.now, 2)} s"
    if made >= pool:
        took += f", so {count(pool, 'VU')} can start {makes} per s of {number(rate, 3)}"
    if slower:
        waiting = (
            "all VUs were waiting for it"
            if made >= pool
            else f"k6 had to allocate {number(made)} VUs that waited for it"
        )
        return _slow(
            f"the target became slow ({number(taken.usual or 0.0, 2)} s before) and {waiting}: {took}", shown
        )
    if rate * taken.within_limit * _ENOUGH <= pool:
        text = f"the target was slow throughout and all VUs were waiting for it: {took}"
        return _slow(text, shown, f"; if that latency is expected, use {_more_vus(case, needed)}")
    return DropCause(
        "pool",
        f"the VU pool was exhausted: {took}",
        f"use execute_k6_test with {_more_vus(case, needed)}, or with a lower rate; a slow target needs more"
        " VUs at the same rate",
        shown,
    )


def _none_finished(made: float, pool: int) -> DropCause:
    """Return the cause if no iteration finished.

    The duration of an iteration is unknown then, and so is the number of VUs that the rate needs.
    """
    return DropCause(
        "target",
        f"no iteration finished, so {count(round(made), 'VU')} stayed busy",
        "first check whether the target answers at all, and how long one iteration takes: execute_k6_test"
        " with vus 1 and iterations 1",
        Evidence(
            metric="vus_max",
            observed=made,
            limit=float(pool) or None,
            note="the number needed is not known",
        ),
    )


def _more_vus(case: Case, needed: float) -> str:
    """Return how to get more VUs.

    Load arguments do not change the scenarios that a script declares, so such a script has to be changed.
    """
    enough, arguments = max(1, round(needed * _SPARE)), case.run.asked
    own = arguments.url is None and arguments.rate_per_s is None
    return (
        f"a script whose scenario has maxVUs {enough}" if own else f"vus {enough} in addition to rate_per_s"
    )


def _slow(text: str, shown: Evidence, more: str = "") -> DropCause:
    advice = "find the highest rate it can sustain: execute_k6_test with a lower rate_per_s, or stages"
    return DropCause("target", text, advice + more, shown)


def _made_too_late(case: Case, made: float, shown: Evidence) -> DropCause:
    """Return the cause if k6 had to allocate VUs during the test.

    If an iteration finds no free VU, k6 allocates one beyond the preallocated VUs and drops that iteration.
    """
    ready = sum(scenario.vus or 0 for scenario in _open_scenarios(case))
    return DropCause(
        "preallocated",
        f"k6 dropped an iteration for each VU it had to allocate during the test: {count(ready, 'VU')} were"
        f" preallocated, {number(made)} were needed",
        f"preallocate {max(1, round(made * _SPARE))} VUs: vus of execute_k6_test along with rate_per_s,"
        " preAllocatedVUs in a script",
        shown,
    )


def pool_size(case: Case) -> int:
    """Return how many VUs the plan's arrival rates may use."""
    return sum(scenario.max_vus or 0 for scenario in _open_scenarios(case))


@dataclass(frozen=True)
class _Taken:
    """How long an iteration took, in s.

    `now` while VUs were short, `usual` otherwise (None: unknown), `within_limit` if answers took as long as
    their limit allows.
    """

    now: float
    usual: float | None
    within_limit: float


def _iteration_s(case: Case, when: list[Interval]) -> _Taken:
    """Return how long iterations took, derived from latency, since only latency has a series.

    `usual` is from before VUs were short, or from the very beginning if they always were.
    """
    average_s = case.values("iteration_duration").get("avg", case.iteration_ms) / 1000
    per_iteration = case.figures.requests / max(1, case.figures.iterations)
    latency_s = (together(case.intervals).avg_ms or 0.0) / 1000 if case.intervals else average_s
    think_s = max(0.0, average_s - per_iteration * latency_s)
    within_limit = think_s + per_iteration * case.limits.avg_ms / 1000
    known = [interval for interval in case.intervals if interval.p50_ms is not None]
    before = [i.p50_ms or 0.0 for i in known if when and i.to_s <= when[0].from_s] or [
        i.p50_ms or 0.0 for i in known[:1]
    ]
    # By their start: comparing whole intervals would take seconds for an hour's run
    short_from = {interval.from_s for interval in when}
    during = [i.p50_ms or 0.0 for i in known if i.from_s in short_from]
    if not before or not during:
        return _Taken(average_s, None, within_limit)
    now, usual = (think_s + per_iteration * median(ms) / 1000 for ms in (during, before))
    return _Taken(now, usual, within_limit)


def generator_saturated(case: Case) -> Iterator[Finding]:
    """Find a load generator at its own limits (CPU, file descriptors, VU pool).

    Its figures then describe the generator rather than the target.
    """
    limits = [*_cpu(case), *_files(case), *_pool(case)]
    if limits:
        yield Finding(
            id="generator_saturated",
            severity="warning",
            confidence=max(limit.confidence for limit in limits),
            message="the load generator was at its limits, so rate and latency may be its own: "
            + "; ".join(limit.text for limit in limits),
            evidence=tuple(limit.evidence for limit in limits),
            recommendation="do not trust rate and latency; repeat execute_k6_test with "
            + ", or ".join(limit.advice for limit in limits),
        )


@dataclass(frozen=True)
class _Limit:
    """A limit that was reached, what to change about it, and the evidence."""

    text: str
    advice: str
    evidence: Evidence
    confidence: float


def _cpu(case: Case) -> Iterator[_Limit]:
    generator, limit = case.metrics.generator, case.limits.cpu_share
    if generator is not None and generator.cpu_share > limit:
        yield _Limit(
            f"k6 used {percent(generator.cpu_share)} of {count(generator.cores, 'core')}",
            "lower vus or rate_per_s, or more cores",
            Evidence(metric=GENERATOR_CPU, observed=generator.cpu_share, limit=limit),
            above(generator.cpu_share, limit, case.figures.wall_s, _CPU_SAMPLE_S),
        )


def _files(case: Case) -> Iterator[_Limit]:
    refused = sum(error.count for error in case.metrics.errors if error.code == TOO_MANY_FILES)
    if refused:
        yield _Limit(
            f"{count(refused, 'connection')} could not be opened: file descriptors or ports ran out",
            "lower vus, or a higher ulimit -n",
            Evidence(metric="http_reqs{error_code:1213}", observed=float(refused), limit=0.0),
            above(refused, 0.0, refused, 1),
        )


def _pool(case: Case) -> Iterator[_Limit]:
    if dropped_share(case) <= MOST_DROPPED:
        return
    cause, pool = (
        cause_of_drops(case, [interval for interval in case.intervals if interval.dropped]),
        pool_size(case),
    )
    if cause.kind == "pool" and (case.figures.vus_allocated or 0) >= pool:
        dropped = case.figures.iterations_dropped
        yield _Limit(
            f"all {count(pool, 'VU')} were busy when {count(dropped, 'iteration')} should have started",
            "more VUs (vus along with rate_per_s, maxVUs in a script)",
            cause.evidence,
            above_share(dropped, case.figures.iterations_due, MOST_DROPPED),
        )
