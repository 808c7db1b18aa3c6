"""What `k6_server.py` starts: the first line on stdin decides whether the peer speaks MCP or one-shot."""

import json
import os
import sys
from typing import cast

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.standard_streams import hold_standard_streams
from k6_mcp.settings import LONGEST_LINE_BYTES, Settings

_STDIN = 0
_INTERRUPTED = 130
_CHUNK_BYTES = 65_536
_FOR_PEOPLE = "k6-mcp: waiting for an MCP client or a one-shot request on stdin; for people there is `k6-mcp --help`\n"


def main() -> int:
    """Serve stdin and stdout until the peer leaves; return the exit code."""
    hold_standard_streams()
    if os.isatty(_STDIN):
        sys.stderr.write(_FOR_PEOPLE)
    try:
        return _serve(read_head(_STDIN), Settings.from_environment())
    except KeyboardInterrupt:  # before the front end has its own way of ending
        return _INTERRUPTED
    except InvalidArguments as error:
        sys.stderr.write(f"k6-mcp: {error}\n")
        return 1


def _serve(head: bytes, settings: Settings) -> int:
    if not speaks_mcp(head.partition(b"\n")[0]):
        from k6_mcp.frontends.oneshot_start import serve_lines

        return serve_lines(head, settings)
    from k6_mcp.frontends.mcp_server.run import serve_stdio

    return serve_stdio(settings, head)


def read_head(fd: int) -> bytes:
    """Return what `fd` has from its first line that is not blank, that line as a whole and maybe more; empty at its end."""
    head = b""
    while b"\n" not in head and len(head) < LONGEST_LINE_BYTES and (chunk := os.read(fd, _CHUNK_BYTES)):
        head = (head + chunk).lstrip()
    return head


def speaks_mcp(line: bytes) -> bool:
    """Return whether `line` is JSON-RPC; every other line gets the one-shot mode's answer, at least what it lacks."""
    try:
        message: object = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if isinstance(message, list):  # a batch of an older protocol revision
        message = next(iter(cast("list[object]", message)), None)
    return isinstance(message, dict) and "jsonrpc" in cast("dict[str, object]", message)
