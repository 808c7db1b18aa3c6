"""What bytes prove about answers."""

import pytest

from k6_mcp.analysis.measure.breakdown import Breakdown
from k6_mcp.analysis.measure.witnesses import contradictions
from k6_mcp.models.metrics import MetricRow, StatusCount
from lab.sample_runs import outcome


def _received(count: int, *sessions: tuple[int, int]) -> list[str]:
    """Compare received bytes with WebSocket sessions, given as status and count."""
    row = MetricRow(name="data_received", type="counter", contains="data", values={"count": count})
    websockets = tuple(StatusCount(status=status, count=n) for status, n in sessions)
    return [*contradictions({"data_received": row}, Breakdown(0, (), (), 0, websockets), outcome())]


@pytest.mark.parametrize(("count", "possible"), [(3 * 129 - 1, False), (3 * 129, True)])
def test_a_websocket_that_opened_received_at_least_its_handshake(count: int, possible: bool) -> None:
    impossible = f"3 WebSocket sessions and requests were answered with only {count} bytes received"
    assert _received(count, (101, 3), (0, 5)) == ([] if possible else [impossible])


def test_a_websocket_that_was_refused_received_at_least_a_status_line() -> None:
    assert _received(2 * 9, (403, 2)) == []
    assert len(_received(2 * 9 - 1, (403, 2))) == 1
