"""Serving one client over stdin and stdout, until it leaves or a signal comes.

Runs are stopped in both cases.
"""

import functools
import logging
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from k6_mcp.frontends.mcp_server.oversized_lines import Line
from k6_mcp.frontends.mcp_server.server import K6Server, served
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.stdin import stdin_lines
from k6_mcp.runners.signals import Stop, stop_signals
from k6_mcp.settings import Limits, Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from k6_mcp.service.load_tests import LoadTests

_QUICK_ANSWERS_S = 0.3
# Time to answer the callers of stopped runs.
_LAST_ANSWERS_S = 1.0
# The service closes within 6 s. A client that does not read must not keep the process alive.
_LEAVING_LIMIT_S = 10.0


def prepare(settings: Settings) -> tuple[K6Server, OpenedService]:
    """Return the server of `settings` and its service, not yet opened."""
    opened = OpenedService(functools.partial(_open, settings))
    return served(opened), opened


@asynccontextmanager
async def _open(settings: Settings) -> AsyncGenerator["LoadTests"]:
    """Open the service; its imports take 0.1 s, for which the handshake does not wait."""
    open_app = await anyio.to_thread.run_sync(_import_app)
    async with open_app(settings) as tests:
        yield tests


def _import_app() -> "Callable[[Settings], AbstractAsyncContextManager[LoadTests]]":
    from k6_mcp.app import open_app

    return open_app


def serve(server: K6Server, opened: OpenedService, head: bytes, limits: Limits) -> int:
    """Serve until stdin ends and return 0, or until a signal comes and return 128 + its number."""
    return anyio.run(_serve, server, opened, head, limits.longest_line_bytes)


async def _serve(server: K6Server, opened: OpenedService, head: bytes, longest: int) -> int:
    with stop_signals() as stop:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_leave_on, stop, server, opened, tasks.cancel_scope)
            try:
                await server.run_lines(_lines_until_end(head, longest, stop))
            except* (BrokenPipeError, ConnectionResetError):
                logging.getLogger(__name__).info("the client left while it was being answered")
            tasks.cancel_scope.cancel()
        return stop.exit_code


async def _lines_until_end(head: bytes, longest: int, stop: Stop) -> AsyncGenerator[Line]:
    """Yield the client's lines; when they end, leave as after a signal.

    This way, the requests that the client still waits for are answered.
    """
    async for line in stdin_lines(head, longest):
        yield line
    stop.ask()
    await anyio.sleep_forever()


async def _leave_on(stop: Stop, server: K6Server, opened: OpenedService, serving: anyio.CancelScope) -> None:
    """Stop the runs, answer their callers, and end.

    Clients may send more signals meanwhile, which must not interrupt this.
    """
    await stop.wait()
    limit = threading.Timer(_LEAVING_LIMIT_S, os._exit, [stop.exit_code])
    limit.daemon = True
    limit.start()
    # Stdin ended. Quick requests that came just before are answered first.
    if not stop.exit_code:
        await server.in_flight.wait_idle(_QUICK_ANSWERS_S)
    await opened.close()
    await server.in_flight.wait_idle(_LAST_ANSWERS_S)
    serving.cancel()
