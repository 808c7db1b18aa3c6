"""What `k6_server.py` starts: the first line on stdin decides whether the peer speaks MCP or one-shot."""

import json
import os
import sys
from typing import cast

from k6_mcp.errors import InvalidArguments
from k6_mcp.settings import Settings

_STDIN = 0
_INTERRUPTED = 130
_FOR_PEOPLE = "k6-mcp: waiting for an MCP client or a one-shot request on stdin; for people there is `k6-mcp --help`\n"


def main() -> int:
    """Serve stdin and stdout until the peer leaves; return the exit code."""
    if os.isatty(_STDIN):
        sys.stderr.write(_FOR_PEOPLE)
    try:
        return _serve(read_line(_STDIN), Settings.from_environment())
    except KeyboardInterrupt:  # before the front end has its own way of ending
        return _INTERRUPTED
    except InvalidArguments as error:
        sys.stderr.write(f"k6-mcp: {error}\n")
        return 1


def _serve(first_line: bytes, settings: Settings) -> int:
    if not speaks_mcp(first_line):
        from k6_mcp.frontends.oneshot_start import serve_lines

        return serve_lines(first_line, settings)
    from k6_mcp.frontends.mcp_server.run import serve_stdio

    return serve_stdio(settings, first_line)


def read_line(fd: int) -> bytes:
    """Return the first line on `fd` that is not blank, empty at its end; not one byte after it is taken."""
    line = bytearray()
    while byte := os.read(fd, 1):  # a buffer would swallow what belongs to the front end that is chosen next
        line += byte
        if byte == b"\n":
            if line.strip():
                break
            line.clear()
    return bytes(line) if line.strip() else b""


def speaks_mcp(line: bytes) -> bool:
    """Return whether `line` is JSON-RPC; every other line gets the one-shot mode's answer, at least what it lacks."""
    try:
        message: object = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if isinstance(message, list):  # a batch of an older protocol revision
        message = next(iter(cast("list[object]", message)), None)
    return isinstance(message, dict) and "jsonrpc" in cast("dict[str, object]", message)
