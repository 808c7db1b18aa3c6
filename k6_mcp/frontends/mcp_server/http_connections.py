"""Connections of the HTTP server: limited in number, and closed if no whole request comes in time.

A half-open connection costs its client nothing, so it must never keep out another client.
"""

import asyncio
import logging
import time
from typing import Any, cast

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from k6_mcp.runners.descriptors import most_descriptors

logger = logging.getLogger(__name__)
# Time from the connection, or from the previous answer, until a whole request has arrived.
REQUEST_S = 15.0
# How many connections the event loop accepts before it serves one of them.
ACCEPTED_AT_ONCE = 16
_MOST = 512
_FEWEST = 8
# Descriptors for the database, files and pipes to k6.
_OTHER_DESCRIPTORS = 64
_LISTENS = b"subscriptions/listen"
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
)
_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def most_connections() -> int:
    """Return how many connections may be open at once.

    This is half of the descriptors that the rest of the server does not need.
    """
    return max(_FEWEST, min(_MOST, (most_descriptors() - _OTHER_DESCRIPTORS - ACCEPTED_AT_ONCE) // 2))


class BoundedProtocol(H11Protocol):
    """One connection; `limit_concurrency` of uvicorn's configuration is how many there may be.

    At the limit, a new connection replaces the oldest one that waits for a request, or else the oldest one
    that only listens. If all are being answered, the new one is refused with 503.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._most = config.limit_concurrency or _MOST
        # Uvicorn's own limit would refuse requests but keep silent connections.
        self.limit_concurrency = None
        self._waits_since = self.loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or refuse it if there is no room."""
        if len(self.connections) >= self._most and not self._make_room():
            self.transport = transport
            transport.write(_BUSY)
            transport.close()
            return
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request; once it is whole, no more bytes are expected."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Expect the next request."""
        self._waits_since = self.loop.time()
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._expect_nothing()
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Whether the client has to send: no whole request has come since the last answer."""
        cycle = cast("Any", self.cycle)
        return bool(cycle is None or cycle.response_complete or cycle.more_body)

    @property
    def listens(self) -> bool:
        """Whether the answer does not end by itself and its client can request it again."""
        scope = cast("Any", self.scope)
        return bool(scope) and bool(scope["method"] == "GET" or (b"mcp-method", _LISTENS) in scope["headers"])

    def _look(self) -> None:
        if self.transport.is_closing() or not self.waits:
            self._expect_nothing()
        elif self._timer is None:
            self._expect_request()

    def _expect_request(self) -> None:
        self._expect_nothing()
        self._timer = self.loop.call_later(REQUEST_S, self._end_waiting)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_waiting(self) -> None:
        self._timer = None
        if self.transport.is_closing() or not self.waits:
            return
        cycle = cast("Any", self.cycle)
        if cycle is None or cycle.response_complete:
            self.transport.write(_LATE)
            self.transport.close()
        else:
            self.transport.abort()

    def _make_room(self) -> bool:
        """Close the least useful connection; return False if all are being answered."""
        others = [cast("BoundedProtocol", other) for other in self.connections]
        spare = [other for other in others if other.waits] or [other for other in others if other.listens]
        if not spare:
            return False
        oldest = min(spare, key=_waits_since)
        self.connections.discard(oldest)
        oldest.transport.abort()
        return True


def _waits_since(connection: BoundedProtocol) -> float:
    return connection._waits_since  # pyright: ignore[reportPrivateUsage]


class OncePerSecond(logging.Filter):
    """Lets a message pass at most once a second, so that no client can fill the log."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        now, text = time.monotonic(), str(record.msg)[:80]
        passes = now - self._last.get(text, -1.0) >= 1.0
        if passes:
            self._last = {known: at for known, at in self._last.items() if now - at < 1.0} | {text: now}
        return passes


def quiet_accept_errors(loop: asyncio.AbstractEventLoop) -> None:
    """Log connections that could not be accepted in one line, at most once a second."""
    seldom = OncePerSecond()
    logger.addFilter(seldom)
    logging.getLogger("uvicorn.error").addFilter(seldom)

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if str(context.get("message", "")).startswith("socket.accept()"):
            logger.warning("no connection can be accepted: %s", context.get("exception"))
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
