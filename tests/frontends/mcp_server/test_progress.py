"""The percentage and the line that describe a running test."""

import itertools
from datetime import UTC, datetime

import pytest

from k6_mcp.answers.live_line import LONGEST_LINE, live_line
from k6_mcp.frontends.mcp_server.progress import Percentage
from k6_mcp.models.metrics import LiveFigures
from k6_mcp.models.run import Asked, Run, Status

LIVE = LiveFigures(
    elapsed_s=12.3,
    percent=41.0,
    vus=10,
    iterations=510,
    requests=512,
    requests_per_s=49.96,
    p95_ms=12.345,
    error_rate=0.0125,
)


def run(status: Status, live: LiveFigures | None = None, queue_position: int | None = None) -> Run:
    """Return a run as the service gives it to a waiting caller."""
    return Run(
        run_id="r-20260101-abc",
        status=status,
        name=None,
        asked=Asked(origin="text"),
        script_sha256="0",
        k6_version="1.1.0",
        server_id="s",
        created_at=datetime.now(UTC),
        live=live,
        queue_position=queue_position,
    )


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (run("running", LIVE), "41%, 10 VUs, 510 iterations, 50.0 req/s, p95 12.3 ms, errors 1.2%"),
        (run("running"), "starting k6"),
        (
            run("queued", queue_position=3),
            "queued, position 3: waiting until another test on this server ends",
        ),
        (run("completed"), "completed"),
        (
            run(
                "running",
                LIVE.model_copy(
                    update={"percent": None, "requests_per_s": None, "p95_ms": None, "error_rate": None}
                ),
            ),
            "12s, 10 VUs, 510 iterations",
        ),
    ],
)
def test_a_state_is_told_in_one_line(state: Run, line: str) -> None:
    assert live_line(state) == line
    assert len(line) <= LONGEST_LINE


def test_the_percentage_always_grows_and_never_reaches_100_while_the_run_goes_on() -> None:
    percentage = Percentage()
    asked = [None, 0.0, 10.0, 5.0, None, 10.0, 99.0, 100.0, *[100.0] * 1000]
    values = [percentage.next(value) for value in asked]
    assert all(low < high for low, high in itertools.pairwise(values))
    assert values[2] == 10.0
    assert values[6] == 99.0
    assert values[-1] < 100
