"""How exactly a summary must agree with the record: to the last digit that k6 keeps."""

import pytest

from k6_mcp.analysis.measure.record_check import contradiction
from k6_mcp.analysis.measure.sources import Measured
from k6_mcp.models.metrics import MetricRow
from lab.sample_runs import CLOSING, OPENING, line, record, rows

_KINDS = {
    "time": {"type": "gauge", "contains": "time"},
    "http_reqs": {"type": "counter"},
    "http_req_duration": {"type": "trend", "contains": "time"},
}
_TREND = ("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)")


def _contradiction(recorded: tuple[float, float], stated: tuple[float, float]) -> str | None:
    """Compare a number of requests and their (equal) latencies: as recorded, and as the summary states."""
    totals = {"http_reqs": [recorded[0], 1.0], "http_req_duration": [recorded[1]] * 7}
    whole = record(
        (*OPENING[:2], line("metric", _KINDS), line("cumulative", rows(2500, totals, _KINDS)), CLOSING[1])
    )
    stated_rows = {
        "http_reqs": MetricRow(
            name="http_reqs", type="counter", contains="default", values={"count": stated[0], "rate": 1.0}
        ),
        "http_req_duration": MetricRow(
            name="http_req_duration", type="trend", contains="time", values=dict.fromkeys(_TREND, stated[1])
        ),
    }
    return contradiction(Measured(stated_rows, {}, (), 2.5, ()), whole)


@pytest.mark.parametrize(
    ("recorded", "digit"),
    [
        (12345.0, 1.0),
        (1234.5, 0.1),
        (123.45, 0.01),
        (12.345, 0.001),
        (1.2345, 0.0001),
        (0.12345, 0.00001),
    ],
)
def test_a_latency_may_differ_by_the_last_digit_of_the_record_and_no_more(
    recorded: float, digit: float
) -> None:
    assert _contradiction((100, recorded), (100, recorded + 0.9 * digit)) is None
    reason = _contradiction((100, recorded), (100, recorded + 1.2 * digit))
    assert reason is not None and reason.startswith("http_req_duration avg is ")


@pytest.mark.parametrize("stated", [20001, 19999])
def test_a_large_count_may_not_differ_by_one(stated: int) -> None:
    assert _contradiction((20000, 12.5), (20000, 12.5)) is None
    reason = _contradiction((20000, 12.5), (stated, 12.5))
    assert reason == f"http_reqs count is {float(stated)}, recorded 20000"
