"""Progress of a run as MCP tells it: a percentage that only grows and one line of live figures."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.wording import count

logger = logging.getLogger(__name__)
# Characters that clients show of a progress message
LONGEST_LINE = 200


class Report(Protocol):
    """Where progress goes; MCP's request context is one."""

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None: ...


def live_line(run: Run) -> str:
    """Return what `run` is doing now, in one line of at most 200 characters; of a series, which repeat it
    is.
    """
    if (series := run.series) and run.status not in FINAL:
        return (
            f"{min(len(series.runs) + 1, series.asked)} of {series.asked}:"
            f" {live_line(run.changed(series=None))}"
        )
    if run.status == "queued":
        place = f", position {run.queue_position}" if run.queue_position else ""
        return f"queued{place}: waiting until another test on this server ends"
    if (live := run.live) is None:
        return "starting k6" if run.status == "running" else run.status
    parts = [
        f"{live.percent:.0f}%" if live.percent is not None else f"{live.elapsed_s:.0f}s",
        count(live.vus, "VU"),
        count(live.iterations, "iteration"),
        f"{live.requests_per_s:.1f} req/s" if live.requests_per_s is not None else "",
        f"p95 {live.p95_ms:.1f} ms" if live.p95_ms is not None else "",
        f"errors {live.error_rate:.1%}" if live.error_rate is not None else "",
    ]
    return ", ".join(part for part in parts if part)[:LONGEST_LINE]


class Percentage:
    """A share of 100 that grows with every step, as MCP asks, and reaches 100 never before the end."""

    def __init__(self) -> None:
        self.value = 0.0

    def next(self, percent: float | None) -> float:
        """Return `percent` if it is more than the last value, else a little more than the last value."""
        nudged = self.value + (100 - self.value) / 1000
        self.value = max(nudged, min(percent or 0.0, 99.9))
        return self.value


@asynccontextmanager
async def reporting(report: Report) -> AsyncGenerator[Callable[[Run], None]]:
    """Yield a function that takes a run's live state and never blocks; the newest state is sent on as
    progress.
    """
    send, receive = anyio.create_memory_object_stream[Run](1)
    failure: Exception | None = None

    def emit(run: Run) -> None:
        try:
            send.send_nowait(run)
        except anyio.WouldBlock:
            logger.debug("the client reads slowly: one progress notification left out")

    with send, receive:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_send_all, receive, report)
            try:
                yield emit
            except Exception as error:
                # Raised below, so that callers see it and not a group around it
                failure = error
            finally:
                tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _send_all(states: "anyio.abc.ObjectReceiveStream[Run]", report: Report) -> None:
    percentage = Percentage()
    async for run in states:
        try:
            await report.report_progress(
                percentage.next(run.live.percent if run.live else None), 100, live_line(run)
            )
        except Exception:
            logger.debug("progress could not be sent", exc_info=True)
