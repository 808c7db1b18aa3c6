"""Progress of a run in MCP: an ever-growing percentage and one line of live figures."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from k6_mcp.answers.live_line import live_line
from k6_mcp.models.run import Run

logger = logging.getLogger(__name__)


class Report(Protocol):
    """The receiver of progress, such as MCP's request context."""

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None: ...


class Percentage:
    """A percentage that grows with every step, as MCP requires, and stays below 100 until the end."""

    def __init__(self) -> None:
        self.value = 0.0

    def next(self, percent: float | None) -> float:
        """Return `percent` if it exceeds the last value, else a little more than the last value."""
        nudged = self.value + (100 - self.value) / 1000
        self.value = max(nudged, min(percent or 0.0, 99.9))
        return self.value


@asynccontextmanager
async def reporting(report: Report) -> AsyncGenerator[Callable[[Run], None]]:
    """Yield a function that takes a run's live state and never blocks.

    The newest state is sent as progress.
    """
    send, receive = anyio.create_memory_object_stream[Run](1)
    failure: Exception | None = None

    def emit(run: Run) -> None:
        try:
            send.send_nowait(run)
        except anyio.WouldBlock:
            logger.debug("the client reads slowly: one progress notification was skipped")

    with send, receive:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_send_all, receive, report)
            try:
                yield emit
            except Exception as error:
                # Raised below, so that callers see this error and not an exception group.
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
