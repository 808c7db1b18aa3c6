"""The service of one server, opened beside the handshake: a slow disk must not delay `initialize`."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from k6_mcp.errors import InternalError, K6McpError

if TYPE_CHECKING:  # importing the service costs start-up time; the process that serves imports it in the background
    from k6_mcp.service import LoadTests

logger = logging.getLogger(__name__)
OpenApp = Callable[[], AbstractAsyncContextManager["LoadTests"]]


class OpenedService:
    """Opens the service when the server's lifespan begins and closes it, runs stopped, when that ends."""

    def __init__(self, open_app: OpenApp) -> None:
        self._open_app = open_app
        self._service: LoadTests | None = None
        self._failure: K6McpError = InternalError("the server is shutting down")
        self._ready = anyio.Event()
        self._leave = anyio.Event()
        self._closed = anyio.Event()

    async def service(self) -> "LoadTests":
        """Return the service as soon as it is open.

        Raises:
            K6McpError: If it could not be opened, or is closed.
        """
        await self._ready.wait()
        if self._service is None:
            raise self._failure
        return self._service

    @asynccontextmanager
    async def lifespan(self, _server: object) -> AsyncGenerator["OpenedService"]:
        """Hold the service open; may be entered again after it was left."""
        self._ready, self._leave, self._closed = anyio.Event(), anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._hold)
            try:
                yield self
            finally:
                self._leave.set()

    async def close(self) -> None:
        """Stop every run and close the service, while the server's loop still turns."""
        self._leave.set()
        await self._closed.wait()

    async def _hold(self) -> None:
        try:
            with anyio.CancelScope(shield=True):  # the service is closed in order, also when the server is cancelled
                async with self._open_app() as service:
                    self._service = service
                    self._ready.set()
                    await self._leave.wait()
                    self._service = None
        except K6McpError as error:
            self._failure = error
        except Exception:
            logger.exception("the service could not be opened or closed")
            self._failure = InternalError("the service failed; the server's log on stderr has the details")
        finally:
            self._service = None
            self._ready.set()
            self._closed.set()
