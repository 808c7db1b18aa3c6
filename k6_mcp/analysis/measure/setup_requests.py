"""How requests of setup() and teardown() affect a run's latency.

k6 counts them there like any other request.
"""

from collections.abc import Iterator

from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.numbers.quantiles import Quantiles, merged, without_some
from k6_mcp.models.metrics import Figures, Latency
from k6_mcp.models.plan import Plan
from k6_mcp.models.wording import number, percent

_NOTHING: Quantiles = {}
# Share of all requests
_CONSIDERABLE = 0.05
# Share of the figure without them
_MOVED = 0.10
_P95 = 0.95


def setup_in_latency(record: Record, plan: Plan | None, figures: Figures) -> Iterator[str]:
    """Yield a warning if requests outside the load are many, or move average or p95.

    It states their number and the latency without them, which comes from the time series by scenario. That is
    exact to five digits for one scenario. Several scenarios are merged (`quantiles.merged`), and the result
    stays within what leaving out that few requests can do to the percentile of all.
    """
    outside, latency = figures.requests_outside_load, figures.latency
    if not outside or latency is None or plan is None:
        return
    inside = _of_load(record, plan) if latency.of == "all_requests" else _NOTHING
    pairs = [*_pairs(latency, inside)]
    moved = any(abs(with_ms - without_ms) >= _MOVED * without_ms for _, with_ms, without_ms in pairs)
    if outside < _CONSIDERABLE * figures.requests and not moved:
        return
    without = ", ".join(
        f"{name} {number(without_ms)} instead of {number(with_ms)} ms" for name, with_ms, without_ms in pairs
    )
    yield (
        f"setup_in_latency: {outside} of {figures.requests} requests ({percent(outside / figures.requests)})"
        " came from setup() and teardown(); k6 includes them in the latency and in thresholds on it"
        + (f"; without them: {without}" if without else "")
        + f"; a threshold on http_req_duration{{scenario:{plan.scenarios[0].name}}} judges only that"
        " scenario's load"
    )


def _of_load(record: Record, plan: Plan) -> Quantiles:
    totals = record.totals()
    if totals is None:
        return _NOTHING
    tags = [f"{{scenario:{scenario.name}}}" for scenario in plan.scenarios]
    parts = [
        (record.count(f"http_reqs{tag}"), totals.rows.get(f"http_req_duration{tag}", _NOTHING))
        for tag in tags
    ]
    inside = merged(parts)
    if sum(count > 0 for count, _ in parts) < 2 or "p(95)" not in inside:
        return inside
    every, requests = totals.rows.get("http_req_duration", _NOTHING), record.count("http_reqs")
    bounds = without_some(every, requests, requests - sum(count for count, _ in parts), _P95)
    low, high = bounds or (inside["p(95)"], inside["p(95)"])
    return {**inside, "p(95)": min(max(inside["p(95)"], low), high)}


def _pairs(latency: Latency, inside: Quantiles) -> Iterator[tuple[str, float, float]]:
    """Yield the figures that are known both with and without these requests."""
    for name, key, value in (("average", "avg", latency.avg_ms), ("p95", "p(95)", latency.p95_ms)):
        if value is not None and key in inside:
            yield name, value, inside[key]
