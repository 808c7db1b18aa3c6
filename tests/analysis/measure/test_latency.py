"""Requests that never connected: k6 counts them as 0 ms."""

import json
from typing import Any

import pytest

from k6_mcp.analysis.measure.breakdown import Breakdown
from k6_mcp.analysis.measure.figures import Basis, key_figures
from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.sources import record_rows
from k6_mcp.analysis.measure.summary import read
from k6_mcp.models.metrics import ErrorCount
from lab.sample_runs import (
    OPENING,
    START_MS,
    TREND_VALUES,
    ended_well,
    line,
    metric,
    outcome,
    record,
    rows,
    said,
    summary,
)

Data = dict[str, Any]

_NEVER = {**TREND_VALUES, "min": 0, "avg": 6.5}
_KINDS = {
    "time": {"type": "gauge"},
    "http_reqs": {"type": "counter"},
    "http_reqs{error_code:1212}": {"type": "counter"},
    "http_req_failed": {"type": "rate"},
    "http_req_duration": {"type": "trend", "contains": "time"},
    "http_req_duration{error_code:1212}": {"type": "trend", "contains": "time"},
    "iterations": {"type": "counter"},
}


def _partly_refused(unanswered: int, minimum: float = 0) -> tuple[Record, Data]:
    """Return the record of 100 requests, of which `unanswered` were refused."""
    answered = 100 - unanswered
    trend = [0.13 * answered, 40.123, 11.5, minimum, 30.5, 35.75, 39.5]
    values = {
        "http_reqs": [100, 40],
        "http_reqs{error_code:1212}": [unanswered, 1],
        "http_req_duration{error_code:1212}": [minimum] * 7,
        "http_req_failed": [unanswered / 100],
        "http_req_duration": trend,
        "iterations": [10, 4],
    }
    closing = (line("cumulative", rows(2500, values, _KINDS)), line("stop", [[START_MS + 2501]]))
    data = summary()
    data["root_group"]["groups"], data["root_group"]["checks"] = [], []
    good = metric("trend", {**TREND_VALUES, "avg": 13.0, "count": answered}, "time")
    data["metrics"] = {
        "http_reqs": metric("counter", {"count": 100, "rate": 40}),
        "http_req_failed": metric(
            "rate", {"rate": unanswered / 100, "passes": unanswered, "fails": answered}
        ),
        "http_req_duration": metric("trend", {**_NEVER, "min": minimum}, "time"),
        "iterations": metric("counter", {"count": 10, "rate": 4}),
        **({"http_req_duration{expected_response:true}": good} if answered else {}),
    }
    return record((*OPENING[:2], line("metric", _KINDS), *closing)), data


def test_requests_that_never_connected_are_not_in_the_latency() -> None:
    reader, data = _partly_refused(50)
    metrics = read(ended_well(summary=json.dumps(data)), reader, None)
    assert (metrics.source, metrics.figures.unanswered_requests) == ("summary", 50)
    assert metrics.figures.latency is not None
    assert (metrics.figures.latency.of, metrics.figures.latency.count, metrics.figures.latency.avg_ms) == (
        "successful_requests",
        50,
        13.0,
    )


def test_from_the_record_alone_the_latency_of_the_successes_is_estimated() -> None:
    latency = read(outcome(-9), _partly_refused(20)[0], None).figures.latency
    assert latency is not None
    assert (latency.of, latency.count, latency.avg_ms) == ("successful_requests", 80, pytest.approx(13.0))
    assert latency.med_ms > 11.5 > latency.min_ms
    assert (latency.p99_ms, latency.max_ms) == (pytest.approx(39.5, abs=1), 40.123)


def test_from_the_record_alone_no_latency_is_told_where_the_codes_do_not_explain_every_failure() -> None:
    reader, _ = _partly_refused(50)
    rows_of = record_rows(reader)
    failed = rows_of["http_req_failed"].model_copy(update={"values": {"rate": 0.7}})
    breakdown = Breakdown.of(rows_of, rows_of, None)
    figures = key_figures(
        {**rows_of, "http_req_failed": failed}, breakdown, outcome(-9), Basis(1.0, 1.0, 0, None)
    )
    assert (figures.failed_requests, figures.latency) == (70, None)


def test_requests_that_connected_and_timed_out_stay_in_the_latency() -> None:
    reader, data = _partly_refused(50, minimum=2.25)
    latency = read(ended_well(summary=json.dumps(data)), reader, None).figures.latency
    assert latency is not None
    assert (latency.of, latency.count) == ("all_requests", 100)


def test_without_any_answer_there_is_no_latency() -> None:
    reader, data = _partly_refused(100)
    metrics = read(ended_well(summary=json.dumps(data)), reader, None)
    assert (metrics.figures.unanswered_requests, metrics.figures.latency) == (100, None)
    assert metrics.errors == (ErrorCount(code=1212, meaning="connection refused", count=100),)


def test_without_the_status_tag_k6s_log_tells_the_unanswered_requests() -> None:
    data: Data = {**summary(), "k6-mcp": {}}
    kinds = {name: facts for name, facts in _KINDS.items() if "{" not in name}
    values = {
        "http_reqs": [100, 40],
        "http_req_failed": [0.1],
        "http_req_duration": [1, 1, 1, 0, 1, 1, 1],
        "iterations": [10, 4],
    }
    reader = record((*OPENING[:2], line("metric", kinds), line("cumulative", rows(2500, values, kinds))))
    metrics = read(ended_well(summary=json.dumps(data), log=said(request_failures=7)), reader, None)
    assert (metrics.statuses, metrics.figures.unanswered_requests) == ((), 7)
    assert any(warning.startswith("statuses_incomplete: 0 of 100") for warning in metrics.warnings)


def test_no_requests_make_no_rate() -> None:
    data: Data = {**summary(), "metrics": {"iterations": metric("counter", {"count": 10, "rate": 4})}}
    data["root_group"]["groups"], data["root_group"]["checks"] = [], []
    figures = read(ended_well(summary=json.dumps(data)), Record(), None).figures
    assert (figures.requests, figures.error_rate, figures.latency) == (0, None, None)
