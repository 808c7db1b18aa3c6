"""The service of one server, opened during the handshake, so that a slow disk can't delay `initialize`."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from k6_mcp.errors import InternalError, K6McpError
from k6_mcp.runners.memory import MORE_MEMORY, starved, too_little

# Importing the service costs start-up time, so the serving process imports it in the background.
if TYPE_CHECKING:
    from k6_mcp.service.load_tests import LoadTests

logger = logging.getLogger(__name__)
# Nobody needs the service while a client initializes and lists the tools.
_HANDSHAKE_S = 0.2
OpenApp = Callable[[], AbstractAsyncContextManager["LoadTests"]]


class OpenedService:
    """Opens the service when the server's lifespan begins; stops runs and closes it at the end."""

    def __init__(self, open_app: OpenApp) -> None:
        self._open_app = open_app
        self._service: LoadTests | None = None
        self._failure: K6McpError = InternalError("the server is shutting down")
        self._held = False
        self._begin()

    async def service(self) -> "LoadTests":
        """Return the service as soon as it is open.

        Raises:
            K6McpError: If it could not be opened, or is closed.
        """
        self._wanted.set()
        await self._ready.wait()
        if self._service is None:
            raise self._failure
        return self._service

    @asynccontextmanager
    async def lifespan(self, _server: object) -> AsyncGenerator["OpenedService"]:
        """Hold the service open; the context can be entered again after it was left."""
        self._begin()
        self._held = True
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._hold)
            try:
                yield self
            finally:
                self._let_go()

    async def close(self) -> None:
        """Stop every run and close the service, while the server's event loop still runs."""
        self._let_go()
        if self._held:
            await self._closed.wait()

    def _begin(self) -> None:
        self._wanted, self._ready = anyio.Event(), anyio.Event()
        self._leave, self._closed = anyio.Event(), anyio.Event()

    def _let_go(self) -> None:
        self._leave.set()
        self._wanted.set()

    async def _hold(self) -> None:
        try:
            # The service is closed properly even if the server is cancelled.
            with anyio.CancelScope(shield=True):
                with anyio.move_on_after(_HANDSHAKE_S):
                    await self._wanted.wait()
                if self._leave.is_set():
                    return
                async with self._open_app() as service:
                    self._service = service
                    self._ready.set()
                    await self._leave.wait()
                    self._service = None
        except K6McpError as error:
            self._failure = error
        except Exception as error:
            logger.exception("the service could not be opened or closed")
            self._failure = _failure(error)
        finally:
            self._service = None
            self._ready.set()
            self._closed.set()


def _failure(error: Exception) -> InternalError:
    if starved(error):
        return InternalError(f"the server has {too_little()}", hint=MORE_MEMORY)
    return InternalError("the service failed; the server's log on stderr has the details")
