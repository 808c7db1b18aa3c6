"""Ends the runs of dead servers, once and early in the life of a service."""

import anyio

from k6_mcp.service.queue import RunQueue

# A test that waits for its start goes first.
_WAIT_S = 0.1


class Recovery:
    """Ends these runs soon after the service has opened, or at once when a caller waits for it."""

    def __init__(self, queue: RunQueue) -> None:
        self._queue = queue
        self._wanted = anyio.Event()
        self._done = anyio.Event()

    async def run(self) -> None:
        """End the runs."""
        with anyio.move_on_after(_WAIT_S):
            await self._wanted.wait()
        await self._queue.recover_lost()
        self._done.set()

    async def done(self) -> None:
        """Return when the runs have ended; their status is correct from then on."""
        self._wanted.set()
        await self._done.wait()
