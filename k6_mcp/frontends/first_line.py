"""The first line on stdin: it decides whether the peer speaks MCP or the one-shot mode."""

import json
import os
import re
from contextlib import suppress
from typing import cast

from k6_mcp.frontends.use_cases.catalog import NAMES
from k6_mcp.settings import LIMITS

_CHUNK_BYTES = 65_536
_BEGINS_LIKE_MCP = re.compile(rb'\s*\{\s*"jsonrpc"\s*:')


def read_head(fd: int, longest: int = LIMITS.longest_line_bytes) -> bytes:
    """Return what `fd` holds from its first line that is not blank: the whole line and maybe more; empty at
    its end.

    Nothing more is read of a line that has more than `longest` bytes.
    """
    head = b""
    # A descriptor that cannot be read, such as one that was opened for writing, counts as one at its end.
    with suppress(OSError):
        while b"\n" not in head and len(head) <= longest and (chunk := os.read(fd, _CHUNK_BYTES)):
            head = (head + chunk).lstrip()
    return head


def speaks_mcp(line: bytes) -> bool:
    """Return whether `line` is JSON-RPC. Every other line is answered in the one-shot mode, if only with what
    it lacks.
    """
    try:
        message: object = json.loads(line)
    except (ValueError, RecursionError):
        # The line is broken, or longer than what was read. A client that begins like MCP gets MCP's own
        # error.
        return _BEGINS_LIKE_MCP.match(line) is not None
    # A batch of an older protocol revision
    if isinstance(message, list):
        message = next(iter(cast("list[object]", message)), None)
    fields = cast("dict[str, object]", message) if isinstance(message, dict) else {}
    # MCP calls a tool by `tools/call`; what names a tool as its method is a one-shot client's.
    return "jsonrpc" in fields and fields.get("method") not in NAMES
