"""The rule about closed models whose VUs complete fewer iterations than they could."""

from collections.abc import Iterator

from k6_mcp.analysis.findings.case import Case
from k6_mcp.analysis.numbers.confidence import above
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import count, number

_HALF_SURE_AT = 5
# The typical latency relative to the best one
_QUEUES = 4.0
_QUEUES_MS = 50.0
_LOW_THROUGHPUT = 0.5
_ONE_PER_ITERATION = 1.05


def throughput_low_for_vus(case: Case) -> Iterator[Finding]:
    """Find a closed model whose VUs mostly wait in line.

    The target answers far more slowly than it can.
    """
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
        message=(
            f"{count(figures.vus_max or 0, 'VU')} made {number(figures.iterations_per_s, 3)} iterations/s;"
            f" with answers in {number(best, 2)} ms, which the target can do, and {number(think_ms, 2)} ms"
            f" think time, they could make {number(possible, 2)}: requests wait in line"
        ),
        evidence=(
            Evidence(
                metric="iterations",
                observed=figures.iterations_per_s,
                limit=possible,
                note="per s; limit: possible without waiting",
            ),
            Evidence(
                metric="http_req_duration",
                observed=latency.med_ms,
                limit=best,
                note="median; limit: without waiting in line",
            ),
        ),
        recommendation=(
            "more VUs will not bring more throughput: use stages of execute_k6_test to find the number of VUs"
            " at which it stops growing"
        ),
    )


def _best_ms(case: Case) -> float | None:
    """Return how fast the target answers if no request has to wait, None if unknown.

    That is its latency at the lowest load of a ramp, else its fastest answer if all requests are alike.
    """
    known = [interval for interval in case.intervals if interval.p50_ms is not None and interval.load]
    if known and max(i.load or 0.0 for i in known) >= 2 * min(i.load or 0.0 for i in known):
        return min(interval.p50_ms or 0.0 for interval in known)
    names = [endpoint for endpoint in case.metrics.endpoints if endpoint.requests]
    alike = len(names) == 1 or (
        not names and case.figures.requests <= _ONE_PER_ITERATION * case.figures.iterations
    )
    return case.figures.latency.min_ms if alike and case.figures.latency else None
