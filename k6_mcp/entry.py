"""What `k6_server.py` starts: the first line on stdin decides whether the peer speaks MCP or one-shot."""

import json
import os
import re
import sys
from contextlib import suppress
from typing import cast

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.standard_streams import hold_standard_streams
from k6_mcp.frontends.tool_names import EXECUTE_WITH_OPTIONS, TOOLS
from k6_mcp.models.wording import log_line
from k6_mcp.settings import LIMITS, Settings

_STDIN = 0
_INTERRUPTED = 130
_CHUNK_BYTES = 65_536
_BEGINS_LIKE_MCP = re.compile(rb'\s*\{\s*"jsonrpc"\s*:')
_FOR_PEOPLE = "k6-mcp: waiting for an MCP client or a one-shot request on stdin; for people there is `k6-mcp --help`\n"


def main() -> int:
    """Serve stdin and stdout until the peer leaves; return the exit code."""
    hold_standard_streams()
    if os.isatty(_STDIN):
        sys.stderr.write(_FOR_PEOPLE)
    try:
        return _serve()
    except KeyboardInterrupt:  # before the front end has its own way of ending
        return _INTERRUPTED


def _serve() -> int:
    try:
        settings = Settings.from_environment()
    except InvalidArguments as error:
        return _refuse(error)
    head = read_head(_STDIN, settings.limits.longest_line_bytes)
    if not speaks_mcp(head.partition(b"\n")[0]):
        from k6_mcp.frontends.oneshot_start import serve_lines

        return serve_lines(head, settings)
    from k6_mcp.frontends.mcp_server.run import serve_stdio

    return serve_stdio(settings, head)


def _refuse(error: InvalidArguments) -> int:
    """Say that nothing can be served, in the log's form that one-shot clients look for, and to these in an answer too."""
    sys.stderr.write(f"{log_line(f'k6-mcp: {error}')}\n")
    if os.isatty(_STDIN) or speaks_mcp(read_head(_STDIN).partition(b"\n")[0]):
        return 1
    from k6_mcp.frontends.oneshot_start import refuse

    return refuse(error)


def read_head(fd: int, longest: int = LIMITS.longest_line_bytes) -> bytes:
    """Return what `fd` has from its first line that is not blank, that line as a whole and maybe more; empty at its end.

    Nothing more is read of a line that has more than `longest` bytes.
    """
    head = b""
    # A descriptor that cannot be read, as one that was opened for writing, is like one at its end.
    with suppress(OSError):
        while b"\n" not in head and len(head) <= longest and (chunk := os.read(fd, _CHUNK_BYTES)):
            head = (head + chunk).lstrip()
    return head


def speaks_mcp(line: bytes) -> bool:
    """Return whether `line` is JSON-RPC; every other line gets the one-shot mode's answer, at least what it lacks."""
    try:
        message: object = json.loads(line)
    except (ValueError, RecursionError):
        # Broken, or longer than was read: MCP's own words for that are for those who begin like it.
        return _BEGINS_LIKE_MCP.match(line) is not None
    if isinstance(message, list):  # a batch of an older protocol revision
        message = next(iter(cast("list[object]", message)), None)
    fields = cast("dict[str, object]", message) if isinstance(message, dict) else {}
    # MCP calls a tool by `tools/call`; what names a tool as its method is a one-shot client's.
    return "jsonrpc" in fields and fields.get("method") not in (EXECUTE_WITH_OPTIONS, *TOOLS)
