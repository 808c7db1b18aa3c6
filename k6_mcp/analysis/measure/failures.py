"""Failed requests that k6's http_req_failed leaves out.

A script may tell k6 not to judge requests (responseCallback null), or to expect status 0, the status of a
request without an answer. k6 still gives each failure its error_code, so such failures are counted here.
"""

from collections.abc import Mapping

from k6_mcp.analysis.measure.breakdown import Breakdown, Rows, values_of
from k6_mcp.analysis.measure.error_codes import is_unanswered
from k6_mcp.models.metrics import MetricRow

FAILED = "http_req_failed"
# Precision of a rate in the record
_LAST_DIGIT = 1e-5


def left_out(rows: Rows, recorded: Rows, breakdown: Breakdown) -> int:
    """Return how many failed requests http_req_failed does not count as failed."""
    requests, values = breakdown.requests, values_of(rows, FAILED)
    failing = sum(error.count for error in breakdown.errors)
    expected = sum(_expected(recorded, error.code, error.count) for error in breakdown.errors)
    if "passes" not in values:
        counted = round(values.get("rate", 0.0) * requests)
        more = failing - counted
        return min(max(more, 0), requests - counted) if more > requests * _LAST_DIGIT + 1 or not values else 0
    failed = round(values["passes"])
    unjudged = requests - failed - round(values.get("fails", 0.0))
    never = sum(error.count for error in breakdown.errors if _never_judged(recorded, error.code))
    return min(max(expected, min(failing - failed, unjudged), never - failed, 0), requests - failed)


def unjudged(rows: Rows, requests: int) -> int:
    """Return how many requests k6 judged as neither failed nor successful; 0 if unknown."""
    values = values_of(rows, FAILED)
    judged = values.get("passes", 0.0) + values.get("fails", 0.0)
    return max(requests - round(judged), 0) if "passes" in values or FAILED not in rows else 0


def with_all_failures(rows: Rows, requests: int, more: int) -> Rows:
    """Return the rows with `more` failed requests in http_req_failed, over all requests."""
    if not more:
        return rows
    values = values_of(rows, FAILED)
    failed = round(values["passes"] if "passes" in values else values.get("rate", 0.0) * requests) + more
    every: Mapping[str, float] = {"passes": failed, "fails": requests - failed, "rate": failed / requests}
    return {**rows, FAILED: MetricRow(name=FAILED, type="rate", contains="default", values=every)}


def _never_judged(recorded: Rows, code: int) -> bool:
    """Whether the record has requests with this code but no sample of http_req_failed for them."""
    return f"http_reqs{{error_code:{code}}}" in recorded and f"{FAILED}{{error_code:{code}}}" not in recorded


def _expected(recorded: Rows, code: int, count: int) -> int:
    """Return the requests without an answer that the script expects."""
    name = f"{FAILED}{{error_code:{code}}}"
    return round(count * (1 - values_of(recorded, name).get("rate", 1.0))) if is_unanswered(code) else 0
