"""Running a test to its end for callers that wait as long as it takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from k6_mcp.errors import Interrupted
from k6_mcp.models.run import FINAL, Run

# Every import delays a process that runs one test.
if TYPE_CHECKING:
    from collections.abc import Callable

    from k6_mcp.models.request import LoadTest
    from k6_mcp.runners.signals import Stop

# The length of one wait, repeated until the run is final.
_WAIT_S = 3600.0


class Runs(Protocol):
    """The service, as far as it runs tests."""

    async def start(self, test: LoadTest) -> Run: ...
    async def wait(self, run_id: str, wait_s: float, emit: Callable[[Run], None] | None = None) -> Run: ...
    async def stop(self, run_id: str) -> Run: ...


async def started(service: Runs, test: LoadTest, stop: Stop) -> Run:
    """Start the test and return its run; nothing runs if `stop` comes first.

    Raises:
        K6McpError: As `LoadTests.start`.
        Interrupted: If `stop` came first.
    """
    starting, stopping = asyncio.create_task(service.start(test)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.asked:
            starting.cancel()
        return await starting
    except asyncio.CancelledError:
        if not stop.asked:
            raise
        raise Interrupted(
            "this process was stopped before the test had begun; nothing was run",
            hint="send the request to a new process",
        ) from None
    finally:
        starting.cancel()
        stopping.cancel()


async def until_final(
    service: Runs,
    run: Run,
    stop: Stop,
    emit: Callable[[Run], None],
    stopping: Callable[[], None] | None = None,
) -> Run:
    """Return `run` at its end; `emit` gets its live state meanwhile.

    When `stop` comes, `stopping` is called and k6 ends gracefully.
    """

    async def stop_run() -> None:
        await stop.wait()
        if stopping:
            stopping()
        await service.stop(run.run_id)

    stopper = asyncio.create_task(stop_run())
    try:
        last = run
        while last.status not in FINAL:
            last = await service.wait(run.run_id, _WAIT_S, emit)
        return last
    finally:
        stopper.cancel()
