"""The runs of dead servers, ended once and early in the life of a service."""

import anyio

from k6_mcp.service.queue import RunQueue

# A test that is waiting to be started goes first
_WAIT_S = 0.1


class Recovery:
    """Ends these runs soon after the service has opened, at once when somebody waits for it."""

    def __init__(self, queue: RunQueue) -> None:
        self._queue = queue
        self._wanted = anyio.Event()
        self._done = anyio.Event()

    async def run(self) -> None:
        """End them."""
        with anyio.move_on_after(_WAIT_S):
            await self._wanted.wait()
        await self._queue.recover_lost()
        self._done.set()

    async def done(self) -> None:
        """Return once they are ended: what is read from then on is true."""
        self._wanted.set()
        await self._done.wait()
