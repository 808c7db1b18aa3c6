"""The entry to serving MCP.

The SDK, the most expensive part of starting, is imported only here, and cheaply.
"""

import gc
import logging
import sys

from k6_mcp.settings import Settings

# CPython's default is 5 ms. At each statement, SQLite's thread waits that long for a busy event loop, and all
# clients wait for SQLite.
_SWITCH_S = 0.0005


def serve_stdio(settings: Settings, head: bytes = b"") -> int:
    """Serve one client over stdin and stdout; return the exit code once it has left.

    `head` is what was already read from descriptor 0.
    """
    _log_to_stderr(settings)
    # Garbage collection while thousands of lasting objects are made costs 35 ms at the start and 65 ms at the
    # end.
    gc.disable()
    from k6_mcp.frontends.mcp_server import stdio

    server, opened = stdio.prepare(settings)
    gc.enable()
    gc.freeze()
    return stdio.serve(server, opened, head, settings.limits)


def serve_http(settings: Settings, port: int) -> int:
    """Serve http://127.0.0.1:`port`/mcp to any number of clients.

    Return the exit code once a signal has ended it.
    """
    _log_to_stderr(settings)
    sys.setswitchinterval(_SWITCH_S)
    from k6_mcp.frontends.mcp_server import http, stdio

    return http.serve(*stdio.prepare(settings), port, settings.limits)


def _log_to_stderr(settings: Settings) -> None:
    sys.stderr.writelines(f"k6-mcp: {warning}\n" for warning in settings.unknown)
    logging.basicConfig(
        level=settings.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
