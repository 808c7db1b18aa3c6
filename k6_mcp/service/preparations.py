"""The preparation of tests, which ends when the service is left; nothing runs after that."""

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from k6_mcp.errors import Interrupted


class Preparations:
    """The tests whose plan k6 is making."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._leaving = False
        self._over = anyio.Event()

    @contextmanager
    def one(self) -> Generator[None]:
        """Run a block that must not outlast the service.

        Raises:
            Interrupted: If the service is left before the block has ended.
        """
        if self._leaving:
            raise _interrupted()
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
                self._over.set()
                self._over = anyio.Event()
        if scope.cancelled_caught:
            raise _interrupted() from None

    async def end_all(self) -> None:
        """End all preparations, let none begin, and wait until all are over."""
        self._leaving = True
        for scope in [*self._scopes]:
            scope.cancel()
        while self._scopes:
            await self._over.wait()


def _interrupted() -> Interrupted:
    return Interrupted(
        "this server ended before the test had begun; nothing was run",
        hint="call again once a new server is running",
    )
