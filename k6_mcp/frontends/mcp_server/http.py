"""Serving over Streamable HTTP on the loopback interface."""

import asyncio
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

import anyio
import uvicorn
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.mcp_server.http_connections import (
    ACCEPTED_AT_ONCE,
    BoundedProtocol,
    most_connections,
    quiet_accept_errors,
)
from k6_mcp.frontends.mcp_server.http_hosts import OwnHostOnly
from k6_mcp.frontends.mcp_server.http_sessions import IDLE_S, MOST_SESSIONS, Sessions
from k6_mcp.frontends.mcp_server.http_streams import OpenStreams
from k6_mcp.frontends.mcp_server.server import K6Server
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.runners.signals import Stop, stop_signals
from k6_mcp.settings import LIMITS, Limits

# There is no access control yet, so only the loopback interface is allowed.
_HOST = "127.0.0.1"
# Connections that the kernel holds until they are accepted.
_WAITING = 512
# How long open requests may take once the runs are stopped.
_LEAVE_S = 2


class HttpServer(uvicorn.Server):
    """Serves an application on a listening socket.

    It limits the number of connections and the time a request may take.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            ws="none",
            limit_concurrency=most,
            backlog=ACCEPTED_AT_ONCE,
            proxy_headers=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_LEAVE_S,
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Our own handling of signals stops the runs first.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, with room for more waiting connections than are accepted at once."""
        await super().startup(sockets)
        for listener in sockets or ():
            # Asyncio uses its backlog also as the number of connections that it accepts at once.
            listener.listen(_WAITING)


def serve(server: K6Server, opened: OpenedService, port: int, limits: Limits = LIMITS) -> int:
    """Serve http://127.0.0.1:`port`/mcp until a signal comes; return 128 + its number.

    Port 0 means any free port.

    Raises:
        InvalidArguments: If the port cannot be used.
    """
    try:
        listener = socket.create_server((_HOST, port))
    except (OSError, OverflowError) as error:
        raise InvalidArguments(f"port {port} cannot be used: {error}", hint="choose another port") from None
    with listener:
        sys.stderr.write(f"k6-mcp: serving MCP at http://{_HOST}:{listener.getsockname()[1]}/mcp\n")
        return anyio.run(_serve, server, opened, listener, limits)


def http_app(
    server: K6Server,
    port: int,
    limits: Limits = LIMITS,
    *,
    idle_s: float = IDLE_S,
    most_sessions: int = MOST_SESSIONS,
) -> ASGIApp:
    """Return the application that serves `server` at http://127.0.0.1:`port`/mcp.

    A session ends after `idle_s` without use.
    """
    sessions = Sessions(server.lowlevel, limits.longest_line_bytes, idle_s=idle_s, most=most_sessions)
    route = Route("/mcp", endpoint=StreamableHTTPASGIApp(sessions))
    return OwnHostOnly(Starlette(routes=[route], lifespan=lambda _: sessions.run()), port)


async def _serve(server: K6Server, opened: OpenedService, listener: socket.socket, limits: Limits) -> int:
    streams = OpenStreams(http_app(server, listener.getsockname()[1], limits))
    http = HttpServer(streams, most_connections())
    quiet_accept_errors(asyncio.get_running_loop())
    with stop_signals() as stop:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_leave_on, stop, server, opened, streams, http)
            await http.serve([listener])
            tasks.cancel_scope.cancel()
        return stop.exit_code


async def _leave_on(
    stop: Stop, server: K6Server, opened: OpenedService, streams: OpenStreams, http: uvicorn.Server
) -> None:
    """Stop the runs, answer their callers, end the streams of listeners, and end."""
    await stop.wait()
    await opened.close()
    await server.in_flight.wait_idle(_LEAVE_S)
    streams.end()
    http.should_exit = True
