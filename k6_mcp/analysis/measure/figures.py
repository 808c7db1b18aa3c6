"""The key figures of a run, and its latency without the requests that never connected."""

from typing import Literal, NamedTuple

from k6_mcp.analysis.measure.breakdown import Breakdown, Rows, count_of, values_of
from k6_mcp.analysis.measure.failures import unjudged
from k6_mcp.analysis.numbers.quantiles import answered
from k6_mcp.models.metrics import Figures, Generator, Latency, MetricRow
from k6_mcp.models.outcome import Outcome


class Basis(NamedTuple):
    """What the figures rest on beside the rows: the time load was applied, the time of the whole run,
    requests of setup and teardown, VUs seen in use, and whether all requests but those of setup and teardown
    failed.
    """

    load_s: float
    wall_s: float
    requests_outside: int
    most_vus: int | None
    load_failed: bool = False


def key_figures(rows: Rows, breakdown: Breakdown, outcome: Outcome, basis: Basis) -> Figures:
    """Return the key figures."""
    requests, iterations = breakdown.requests, count_of(rows, "iterations")
    failed, error_rate = _failed(rows, requests)
    unanswered = breakdown.unanswered
    # The script switched these tags off; k6 logs every request without an answer
    if unanswered is None:
        unanswered = min(outcome.log.request_failures, requests)
    checks = values_of(rows, "checks")
    return Figures(
        wall_s=basis.wall_s,
        load_s=basis.load_s,
        requests=requests,
        requests_outside_load=basis.requests_outside,
        requests_per_s=(requests - basis.requests_outside) / basis.load_s if basis.load_s else 0.0,
        failed_requests=failed,
        error_rate=error_rate,
        unanswered_requests=unanswered,
        latency=_latency(rows, breakdown, requests, failed, unanswered),
        iterations=iterations,
        iterations_per_s=iterations / basis.load_s if basis.load_s else 0.0,
        iterations_interrupted=outcome.interrupted,
        iterations_dropped=count_of(rows, "dropped_iterations"),
        iterations_thrown=outcome.log.thrown,
        vus_max=_vus_in_use(rows, basis.most_vus, iterations),
        vus_allocated=_most(rows, "vus_max"),
        data_received_bytes=count_of(rows, "data_received"),
        data_sent_bytes=count_of(rows, "data_sent"),
        checks_passed=round(checks.get("passes", 0.0)),
        checks_failed=round(checks.get("fails", 0.0)),
        load_failed=basis.load_failed,
    )


def generator(outcome: Outcome) -> Generator | None:
    """Return what running k6 took, None where the system does not tell or k6 was too short to be watched."""
    wall_s = (outcome.ended_at - outcome.started_at).total_seconds()
    if not outcome.cpu_s or not outcome.cores or wall_s <= 0:
        return None
    return Generator(
        cpu_s=outcome.cpu_s,
        cores=outcome.cores,
        cpu_share=min(outcome.cpu_s / wall_s / outcome.cores, 1.0),
        cpu_wait_s=outcome.cpu_wait_s,
        steal_s=outcome.steal_s,
    )


def _failed(rows: Rows, requests: int) -> tuple[int, float | None]:
    """Failed requests and their share; `passes` of http_req_failed counts the requests that did fail."""
    row = rows.get("http_req_failed")
    if row is None or not requests:
        return 0, None
    passes, fails, rate = row.values.get("passes"), row.values.get("fails", 0.0), row.values.get("rate", 0.0)
    if passes is None:
        return round(rate * requests), rate
    return round(passes), passes / (passes + fails) if passes + fails else None


def _latency(rows: Rows, breakdown: Breakdown, requests: int, failed: int, unanswered: int) -> Latency | None:
    """Latency of all requests, or of the successful ones when some never connected: k6 counts exactly those
    as 0 ms.
    """
    every = rows.get("http_req_duration")
    if every is None or not requests:
        return None
    if not unanswered or every.values.get("min", 0.0) > 0:
        return _latency_of(every, "all_requests", requests)
    tagged = None if unjudged(rows, requests) else rows.get("http_req_duration{expected_response:true}")
    good = tagged or _successes(every, rows, breakdown, failed)
    return _latency_of(good, "successful_requests", requests - failed) if good else None


def _successes(every: MetricRow, rows: Rows, breakdown: Breakdown, failed: int) -> MetricRow | None:
    """The latency of the successes where only the record is left: estimated, by taking the failures out of
    all requests.
    """
    if sum(error.count for error in breakdown.errors) != failed:
        return None
    failures = [
        (e.count, values_of(rows, f"http_req_duration{{error_code:{e.code}}}")) for e in breakdown.errors
    ]
    return every.changed(values=answered(every.values, breakdown.requests, failures))


def _latency_of(
    row: MetricRow, of: Literal["all_requests", "successful_requests"], count: int
) -> Latency | None:
    values = row.values
    count = round(values.get("count", count))
    if not count or not {"avg", "min", "med", "max"} <= values.keys():
        return None
    return Latency(
        of=of,
        count=count,
        avg_ms=values["avg"],
        min_ms=values["min"],
        med_ms=values["med"],
        max_ms=values["max"],
        p90_ms=values.get("p(90)"),
        p95_ms=values.get("p(95)"),
        p99_ms=values.get("p(99)"),
    )


def _vus_in_use(rows: Rows, seen: int | None, iterations: int) -> int | None:
    """The most VUs in use: k6 counts them once a second, and short iterations of an arrival rate may lie
    between.
    """
    most = _most(rows, "vus") if "max" in values_of(rows, "vus") else seen
    return max(most, 1 if iterations else 0) if most is not None else None


def _most(rows: Rows, gauge: str) -> int | None:
    values = values_of(rows, gauge)
    most = values.get("max", values.get("value"))
    return round(most) if most is not None else None
