"""Whether the load was delivered that was asked for, and whose limit it was if not."""

from collections.abc import Iterator
from statistics import median
from typing import Literal, NamedTuple

from k6_mcp.analysis.findings.case import Case, Interval, together
from k6_mcp.analysis.measure.error_codes import TOO_MANY_FILES
from k6_mcp.analysis.numbers.confidence import above, above_share
from k6_mcp.analysis.verdict.crossed import RATE_CAP_REACHED
from k6_mcp.analysis.verdict.iterations import MOST_DROPPED
from k6_mcp.models.findings import GENERATOR_CPU, Evidence, Finding
from k6_mcp.models.plan import ScenarioPlan
from k6_mcp.models.wording import count, number, percent

_MUCH_DROPPED = 0.10
# Iterations when VUs were short, against those before
_SLOWER = 2.0
# Times the VUs that the rate needs at some latency: such a pool had room for it
_ENOUGH = 1.2
# VUs to ask for, of those that were needed
_SPARE = 1.5
_CPU_SAMPLE_S = 2.0


class DropCause(NamedTuple):
    """Why iterations were not started: in words, what to do about it, and what shows it."""

    kind: Literal["cpu", "cap", "pool", "target", "preallocated"]
    text: str
    advice: str
    evidence: Evidence


def load_not_delivered(case: Case) -> Iterator[Finding]:
    """An arrival rate that was not kept, and why."""
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
    """Return the share of the iterations that an arrival rate asked for and that were not started."""
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
            "k6 itself had no CPU left",
            "lower rate_per_s of execute_k6_test, or run it on a machine with more cores",
            Evidence(metric=GENERATOR_CPU, observed=generator.cpu_share, limit=case.limits.cpu_share),
        )
    if plan is not None and plan.rps and figures.requests_per_s >= RATE_CAP_REACHED * plan.rps:
        return DropCause(
            "cap",
            "requests were held at the cap of requests per second",
            "ask for less with rate_per_s of execute_k6_test, or raise the cap (the script's rps,"
            " K6_MCP_MAX_RPS)",
            Evidence(metric="http_reqs", observed=figures.requests_per_s, limit=float(plan.rps)),
        )
    return _pool_or_target(case, when)


def _pool_or_target(case: Case, when: list[Interval]) -> DropCause:
    pool = pool_size(case)
    if not case.figures.iterations:
        return _none_finished(float(case.figures.vus_allocated or pool), pool)
    taken = _iteration_s(case, when)
    asked = (
        max((interval.load or 0.0 for interval in when), default=0.0)
        if case.load.unit == "iterations/s"
        else 0.0
    )
    rate = asked or (case.plan.peak_rate_per_s if case.plan else 0.0) or 0.0
    made, needed = float(case.figures.vus_allocated or pool), rate * taken.now
    shown = Evidence(
        metric="vus_max", observed=made, limit=float(pool) or None, note=f"needed about {number(needed, 2)}"
    )
    slower = taken.usual is not None and (
        taken.now >= _SLOWER * taken.usual or rate * taken.usual * _ENOUGH <= pool < needed
    )
    if made < pool and not slower:
        return _made_too_late(case, made, shown)
    makes = number(pool / taken.now if taken.now else 0.0, 2)
    took = f"an iteration took {number(taken.now, 2)} s"
    if made >= pool:
        took += f", so that {count(pool, 'VU')} make {makes} per s of {number(rate, 3)}"
    if slower:
        waiting = (
            "all VUs were waiting for it"
            if made >= pool
            else f"{number(made)} VUs had to be made to wait for it"
        )
        return _slow(
            f"the target became slow ({number(taken.usual or 0.0, 2)} s before) and {waiting}: {took}", shown
        )
    if rate * taken.within_limit * _ENOUGH <= pool:
        text = f"the target was slow all the time and all VUs were waiting for it: {took}"
        return _slow(text, shown, f"; if such answers are right, {_more_vus(case, needed)}")
    return DropCause(
        "pool",
        f"the VU pool was exhausted: {took}",
        f"give execute_k6_test {_more_vus(case, needed)}, or ask for a lower rate; a slow target needs more"
        " VUs at the same rate",
        shown,
    )


def _none_finished(made: float, pool: int) -> DropCause:
    """How long an iteration takes is not known, so neither is how many VUs the rate needs."""
    return DropCause(
        "target",
        f"not one iteration finished, so that {count(round(made), 'VU')} stayed busy",
        "see first whether the target answers at all, and how long one iteration takes: execute_k6_test with"
        " vus 1 and iterations 1",
        Evidence(
            metric="vus_max",
            observed=made,
            limit=float(pool) or None,
            note="how many are needed is not known",
        ),
    )


def _more_vus(case: Case, needed: float) -> str:
    """Return the VUs to ask for where they can be: load arguments do not change the scenarios that a script
    declares.
    """
    enough, asked = max(1, round(needed * _SPARE)), case.run.asked
    own = asked.url is None and asked.rate_per_s is None
    return f"a script whose scenario has maxVUs {enough}" if own else f"vus {enough} beside rate_per_s"


def _slow(text: str, shown: Evidence, more: str = "") -> DropCause:
    advice = "find the highest rate it can bear: execute_k6_test with a lower rate_per_s, or stages"
    return DropCause("target", text, advice + more, shown)


def _made_too_late(case: Case, made: float, shown: Evidence) -> DropCause:
    """k6 makes a VU beyond the preallocated ones when an iteration finds none free, and drops that
    iteration.
    """
    ready = sum(scenario.vus or 0 for scenario in _open_scenarios(case))
    return DropCause(
        "preallocated",
        f"k6 dropped an iteration for each VU it had to make during the test: {count(ready, 'VU')} were"
        f" preallocated, {number(made)} were needed",
        f"preallocate {max(1, round(made * _SPARE))} VUs: vus of execute_k6_test beside rate_per_s,"
        " preAllocatedVUs in a script",
        shown,
    )


def pool_size(case: Case) -> int:
    """Return how many VUs the arrival rates of the plan may use."""
    return sum(scenario.max_vus or 0 for scenario in _open_scenarios(case))


class _Taken(NamedTuple):
    """How long an iteration took in s: while VUs were short, usually (None: unknown), and how long it would
    with answers at their limit.
    """

    now: float
    usual: float | None
    within_limit: float


def _iteration_s(case: Case, when: list[Interval]) -> _Taken:
    """From latency, since only that has a series; usual is before VUs were short, or at the very beginning if
    they always were.
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
    during = [i.p50_ms or 0.0 for i in known if i in when]
    if not before or not during:
        return _Taken(average_s, None, within_limit)
    now, usual = (think_s + per_iteration * median(ms) / 1000 for ms in (during, before))
    return _Taken(now, usual, within_limit)


def generator_saturated(case: Case) -> Iterator[Finding]:
    """The load generator was at its own limits (CPU, file descriptors, VU pool), so the figures are its
    rather than the target's.
    """
    found = [*_cpu(case), *_files(case), *_pool(case)]
    if found:
        yield Finding(
            id="generator_saturated",
            severity="warning",
            confidence=max(sure for _, _, _, sure in found),
            message="the load generator was at its limits, so rate and latency may be its own: "
            + "; ".join(text for text, _, _, _ in found),
            evidence=tuple(evidence for _, _, evidence, _ in found),
            recommendation="do not trust rate and latency; repeat with execute_k6_test and "
            + ", or ".join(advice for _, advice, _, _ in found),
        )


# What was reached, what to change, what shows it, how sure
_Limit = tuple[str, str, Evidence, float]


def _cpu(case: Case) -> Iterator[_Limit]:
    generator, limit = case.metrics.generator, case.limits.cpu_share
    if generator is not None and generator.cpu_share > limit:
        yield (
            f"k6 used {percent(generator.cpu_share)} of {count(generator.cores, 'core')}",
            "lower vus or rate_per_s, or more cores",
            Evidence(metric=GENERATOR_CPU, observed=generator.cpu_share, limit=limit),
            above(generator.cpu_share, limit, case.figures.wall_s, _CPU_SAMPLE_S),
        )


def _files(case: Case) -> Iterator[_Limit]:
    refused = sum(error.count for error in case.metrics.errors if error.code == TOO_MANY_FILES)
    if refused:
        yield (
            f"{count(refused, 'connection')} could not be opened for want of file descriptors or ports",
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
        yield (
            f"all {count(pool, 'VU')} were busy while {count(dropped, 'iteration')} should have started",
            "more VUs (vus beside rate_per_s, maxVUs in a script)",
            cause.evidence,
            above_share(dropped, case.figures.iterations_due, MOST_DROPPED),
        )
