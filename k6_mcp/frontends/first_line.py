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
    """Return the first line on `fd` that is not blank, and maybe more; empty at the end of the input.

    Reading stops once the line has more than `longest` bytes.
    """
    head = b""
    # A descriptor that can't be read, such as one opened for writing, counts as ended.
    with suppress(OSError):
        while b"\n" not in head and len(head) <= longest and (chunk := os.read(fd, _CHUNK_BYTES)):
            head = (head + chunk).lstrip()
    return head


def speaks_mcp(line: bytes) -> bool:
    """Return whether `line` is JSON-RPC.

    Every other line is answered in the one-shot mode, if only with an error.
    """
    try:
        message: object = json.loads(line)
    except (ValueError, RecursionError):
        # The line is broken or was not read completely. A client that begins like MCP gets MCP's own error.
        return _BEGINS_LIKE_MCP.match(line) is not None
    # Older protocol revisions allow batches.
    if isinstance(message, list):
        message = next(iter(cast("list[object]", message)), None)
    fields = cast("dict[str, object]", message) if isinstance(message, dict) else {}
    # MCP calls tools with `tools/call`. A message with a tool's name as its method is from a one-shot client.
    return "jsonrpc" in fields and fields.get("method") not in NAMES
