"""Serving over Streamable HTTP on the loopback interface."""

import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

import anyio
import uvicorn

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.mcp_server.opened import OpenedService
from k6_mcp.frontends.mcp_server.server import K6Server
from k6_mcp.frontends.mcp_server.streams import OpenStreams
from k6_mcp.runners.signals import Stop, stop_signals

_HOST = "127.0.0.1"  # there is no access control yet, so nothing else can be bound
_LEAVE_S = 2  # how long open requests may take once the runs are stopped


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # ours are handled below: they stop the runs first


def serve(server: K6Server, opened: OpenedService, port: int) -> int:
    """Serve http://127.0.0.1:`port`/mcp until a signal comes; return 128 + its number. Port 0 is any free one.

    Raises:
        InvalidArguments: If the port cannot be used.
    """
    try:
        listener = socket.create_server((_HOST, port))
    except (OSError, OverflowError) as error:
        raise InvalidArguments(f"port {port} cannot be used: {error}", hint="choose another port") from None
    with listener:
        sys.stderr.write(f"k6-mcp: serving MCP at http://{_HOST}:{listener.getsockname()[1]}/mcp\n")
        return anyio.run(_serve, server, opened, listener)


async def _serve(server: K6Server, opened: OpenedService, listener: socket.socket) -> int:
    streams = OpenStreams(server.streamable_http_app(host=_HOST))
    config = uvicorn.Config(
        streams,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_LEAVE_S,
    )
    http = _Server(config)
    with stop_signals() as stop:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_leave_on, stop, server, opened, streams, http)
            await http.serve([listener])
            tasks.cancel_scope.cancel()
        return stop.exit_code


async def _leave_on(stop: Stop, server: K6Server, opened: OpenedService, streams: OpenStreams, http: uvicorn.Server) -> None:
    """Stop the runs, answer their callers, end the streams of those who only listen, end."""
    await stop.wait()
    await opened.close()
    await server.in_flight.wait_idle(_LEAVE_S)
    streams.end()
    http.should_exit = True
