"""Rules about the load itself: not delivered, less than the VUs could make, or limited by the generator."""

from collections.abc import Iterator
from statistics import median

from k6_mcp.analysis.error_codes import TOO_MANY_FILES
from k6_mcp.analysis.findings.case import Case, Interval, together
from k6_mcp.analysis.findings.confidence import above, above_share
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.plan import ScenarioPlan
from k6_mcp.models.wording import count, number, percent

_MOST_DROPPED = 0.01
_MUCH_DROPPED = 0.10
_AT_CAP = 0.95
_SLOWER = 2.0  # iterations when VUs were short, against those before
_HALF_SURE_AT = 5
_QUEUES = 4.0  # the typical latency against the shortest
_QUEUES_MS = 50.0
_LOW_THROUGHPUT = 0.5
_ONE_PER_ITERATION = 1.05
_CPU_SAMPLE_S = 2.0


def load_not_delivered(case: Case) -> Iterator[Finding]:
    """An arrival rate that was not kept, and why."""
    figures = case.figures
    dropped = figures.iterations_dropped
    planned = dropped + figures.iterations + figures.iterations_interrupted
    if not _open_scenarios(case) or not dropped or dropped / planned <= _MOST_DROPPED:
        return
    share = dropped / planned
    when = [interval for interval in case.intervals if interval.dropped]
    cause, advice, evidence = _cause(case, when)
    from_s, to_s = (when[0].from_s, when[-1].to_s) if when else (None, None)
    yield Finding(
        id="load_not_delivered",
        severity="critical" if share > _MUCH_DROPPED else "warning",
        confidence=above_share(dropped, planned, _MOST_DROPPED),
        message=f"{dropped} of {planned} planned iterations ({percent(share)}) were not started; likely cause: {cause}",
        evidence=(
            Evidence(metric="dropped_iterations", observed=share, limit=_MOST_DROPPED, from_s=from_s, to_s=to_s),
            *evidence,
        ),
        recommendation=advice,
    )


def _open_scenarios(case: Case) -> list[ScenarioPlan]:
    return [scenario for scenario in case.plan.scenarios if scenario.executor.endswith("arrival-rate")] if case.plan else []


def _cause(case: Case, when: list[Interval]) -> tuple[str, str, tuple[Evidence, ...]]:
    """Return the likely cause, what to do about it, and what shows it."""
    figures, plan = case.figures, case.plan
    if generator := case.metrics.generator:
        if generator.cpu_share > case.limits.cpu_share:
            shown = Evidence(metric="generator_cpu", observed=generator.cpu_share, limit=case.limits.cpu_share)
            return (
                "k6 itself had no CPU left",
                "lower rate_per_s of execute_k6_test, or run it on a machine with more cores",
                (shown,),
            )
    if plan is not None and plan.rps and figures.requests_per_s >= _AT_CAP * plan.rps:
        shown = Evidence(metric="http_reqs", observed=figures.requests_per_s, limit=float(plan.rps))
        return (
            "requests were held at the cap of requests per second",
            "ask for less with rate_per_s of execute_k6_test, or raise the cap (the script's rps, K6_MCP_MAX_RPS)",
            (shown,),
        )
    pool = sum(scenario.max_vus or 0 for scenario in _open_scenarios(case))
    seconds, usual_s = _iteration_s(case, when)
    asked = max((interval.load or 0.0 for interval in when), default=0.0) if case.load.unit == "iterations/s" else 0.0
    rate = asked or (plan.peak_rate_per_s if plan else 0.0) or 0.0
    needed = rate * seconds
    shown = Evidence(
        metric="vus", observed=float(figures.vus_max or pool), limit=float(pool) or None, note=f"needed about {number(needed, 2)}"
    )
    took = f"an iteration took {number(seconds, 2)} s, so that {count(pool, 'VU')} make {number(pool / seconds if seconds else 0, 2)} per s of {number(rate, 3)}"
    if usual_s is not None and seconds >= _SLOWER * usual_s:
        return (
            f"the target became slow ({number(usual_s, 2)} s before) and all VUs were waiting for it: {took}",
            "find the highest rate it can bear: execute_k6_test with a lower rate_per_s, or stages",
            (shown,),
        )
    return (
        f"the VU pool was exhausted: {took}",
        f"give execute_k6_test vus {_pool(needed)} beside rate_per_s, or ask for a lower rate_per_s; a slow target needs more VUs at the same rate",
        (shown,),
    )


def _iteration_s(case: Case, when: list[Interval]) -> tuple[float, float | None]:
    """How long an iteration took while VUs were short, and before that if it can be said; from latency, since only that has a series."""
    average_s = case.values("iteration_duration").get("avg", case.iteration_ms) / 1000
    before = [i.p50_ms for i in case.intervals if when and i.to_s <= when[0].from_s and i.p50_ms is not None]
    during = [i.p50_ms for i in when if i.p50_ms is not None]
    if not before or not during:
        return average_s, None
    per_iteration = case.figures.requests / max(1, case.figures.iterations)
    think_s = max(0.0, average_s - per_iteration * (together(case.intervals).avg_ms or 0.0) / 1000)
    return think_s + per_iteration * median(during) / 1000, think_s + per_iteration * median(before) / 1000


def _pool(needed: float) -> int:
    return max(1, round(needed * 1.5))


def generator_saturated(case: Case) -> Iterator[Finding]:
    """The load generator was at its own limits, so the figures are its rather than the target's."""
    evidence: list[Evidence] = []
    reasons: list[str] = []
    sure = 0.0
    generator, limit = case.metrics.generator, case.limits.cpu_share
    if generator is not None and generator.cpu_share > limit:
        evidence.append(Evidence(metric="generator_cpu", observed=generator.cpu_share, limit=limit))
        reasons.append(f"k6 used {percent(min(generator.cpu_share, 1.0))} of {count(generator.cores, 'core')}")
        sure = above(generator.cpu_share, limit, case.figures.wall_s, _CPU_SAMPLE_S)
    refused = sum(error.count for error in case.metrics.errors if error.code == TOO_MANY_FILES)
    if refused:
        evidence.append(Evidence(metric="http_reqs{error_code:1213}", observed=float(refused), limit=0.0))
        reasons.append(f"{count(refused, 'connection')} could not be opened for want of file descriptors or ports")
        sure = max(sure, above(refused, 0.0, refused, 1))
    if reasons:
        yield Finding(
            id="generator_saturated",
            severity="warning",
            confidence=sure,
            message="the load generator was at its limits, latency and rate may be its own: " + "; ".join(reasons),
            evidence=tuple(evidence),
            recommendation="do not trust latency and rate; repeat with lower vus or rate_per_s of execute_k6_test, "
            + ("a higher ulimit -n, " if refused else "")
            + "or on a machine with more cores",
        )


def throughput_low_for_vus(case: Case) -> Iterator[Finding]:
    """A closed model whose VUs spend their time waiting in line: the target answers far slower than it can."""
    iteration, latency = case.values("iteration_duration"), case.figures.latency
    figures = case.figures
    if not case.load.closed or latency is None or "avg" not in iteration or not figures.iterations:
        return
    best = _best_ms(case)
    if best is None or latency.med_ms < max(_QUEUES * best, best + _QUEUES_MS):
        return
    per_iteration = figures.requests / figures.iterations
    could_take_ms = iteration["avg"] - per_iteration * (latency.avg_ms - best)
    if could_take_ms <= 0 or could_take_ms > _LOW_THROUGHPUT * iteration["avg"]:
        return
    possible = figures.iterations_per_s * iteration["avg"] / could_take_ms
    think_ms = max(0.0, iteration["avg"] - per_iteration * latency.avg_ms)
    yield Finding(
        id="throughput_low_for_vus",
        severity="warning",
        confidence=above(latency.med_ms, best, figures.iterations, _HALF_SURE_AT),
        message=f"{count(figures.vus_max or 0, 'VU')} made {number(figures.iterations_per_s, 3)} iterations/s; at the {number(best, 2)} ms that the "
        f"target can answer in (and {number(think_ms, 2)} ms think time) they could make {number(possible, 2)}: requests wait in line",
        evidence=(
            Evidence(
                metric="iterations",
                observed=figures.iterations_per_s,
                limit=possible,
                note="per s; limit: possible without waiting",
            ),
            Evidence(
                metric="http_req_duration", observed=latency.med_ms, limit=best, note="median; limit: when it need not wait"
            ),
        ),
        recommendation="more VUs will not bring more throughput: find with stages of execute_k6_test the VUs from which on it no longer grows",
    )


def _best_ms(case: Case) -> float | None:
    """How fast the target answers when nobody is in line: at the lowest load of a ramp, else its fastest answer if all are alike."""
    known = [interval for interval in case.intervals if interval.p50_ms is not None and interval.load]
    if known and max(i.load or 0.0 for i in known) >= 2 * min(i.load or 0.0 for i in known):
        return min(interval.p50_ms or 0.0 for interval in known)
    names = [endpoint for endpoint in case.metrics.endpoints if endpoint.requests]
    alike = len(names) == 1 or (not names and case.figures.requests <= _ONE_PER_ITERATION * case.figures.iterations)
    return case.figures.latency.min_ms if alike and case.figures.latency else None
