"""Failed requests that http_req_failed leaves out."""

from collections.abc import Mapping

import pytest

from k6_mcp.analysis.measure.breakdown import Breakdown
from k6_mcp.analysis.measure.failures import left_out, unjudged, with_all_failures
from k6_mcp.models.metrics import ErrorCount, MetricRow


def _failed(**values: float) -> Mapping[str, MetricRow]:
    return {
        "http_req_failed": MetricRow(name="http_req_failed", type="rate", contains="default", values=values)
    }


def _of_100(failing: int) -> Breakdown:
    """100 requests, as many of them with HTTP 500."""
    return Breakdown(100, (), (ErrorCount(code=1500, meaning="HTTP 500", count=failing),), 0)


@pytest.mark.parametrize(
    ("values", "failing", "missing"),
    [
        pytest.param({"passes": 10, "fails": 85}, 20, 5, id="no more than were not judged"),
        pytest.param({"passes": 10, "fails": 60}, 20, 10, id="no more than failed"),
        pytest.param({"passes": 10, "fails": 90}, 20, 0, id="all were judged"),
        pytest.param({"rate": 0.1}, 20, 10, id="a rate alone"),
        pytest.param({"rate": 0.1}, 11, 0, id="a rate alone, to within its last digit"),
        pytest.param({}, 1, 1, id="nothing was judged"),
    ],
)
def test_failed_requests_that_were_not_judged_are_counted(
    values: Mapping[str, float], failing: int, missing: int
) -> None:
    assert left_out(_failed(**values), {}, _of_100(failing)) == missing


@pytest.mark.parametrize(
    ("rows", "failed"),
    [({}, 5), (_failed(rate=0.1), 15), (_failed(passes=10, fails=60), 15)],
    ids=["nothing judged", "a rate alone", "some not judged"],
)
def test_failures_that_were_left_out_are_added_to_those_counted(
    rows: Mapping[str, MetricRow], failed: int
) -> None:
    values = with_all_failures(rows, 100, 5)["http_req_failed"].values

    assert dict(values) == {"passes": failed, "fails": 100 - failed, "rate": failed / 100}


def test_requests_that_were_not_judged_are_those_without_a_sample() -> None:
    assert unjudged(_failed(passes=10, fails=60), 100) == 30
    assert unjudged({}, 100) == 100
    assert unjudged(_failed(rate=0.1), 100) == 0
