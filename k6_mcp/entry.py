"""What `k6_server.py` starts: the first line on stdin decides whether the peer speaks MCP or one-shot."""

import fcntl
import io
import json
import os
import sys
from typing import TYPE_CHECKING, cast

from k6_mcp.errors import InvalidArguments
from k6_mcp.settings import Settings

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_STDIN = 0
_INTERRUPTED = 130
_FOR_PEOPLE = "k6-mcp: waiting for an MCP client or a one-shot request on stdin; for people there is `k6-mcp --help`\n"


def main() -> int:
    """Serve stdin and stdout until the peer leaves; return the exit code."""
    if os.isatty(_STDIN):
        sys.stderr.write(_FOR_PEOPLE)
    try:
        first_line = read_line(_STDIN)
        settings = Settings.from_environment()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except InvalidArguments as error:
        sys.stderr.write(f"k6-mcp: {error}\n")
        return 1
    if not speaks_mcp(first_line):
        from k6_mcp.frontends.oneshot import serve_lines

        return serve_lines(first_line, settings)
    from k6_mcp.frontends.mcp_server.run import serve_stdio

    sys.stdin = io.TextIOWrapper(io.BufferedReader(_StdinAgain(first_line)), encoding="utf-8", errors="replace")
    return serve_stdio(settings)


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
    return isinstance(message, list) or (isinstance(message, dict) and "jsonrpc" in cast("dict[str, object]", message))


class _StdinAgain(io.RawIOBase):
    """Standard input from its beginning, although its first line was read; fd 0 itself becomes the null device.

    So nothing that is started later can read, or wait for, what belongs to the protocol.
    """

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._fd = fcntl.fcntl(_STDIN, fcntl.F_DUPFD_CLOEXEC, 3)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, _STDIN)
        os.close(null)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        if not self._head:
            return os.readv(self._fd, [view])
        size = min(len(view), len(self._head))
        view[:size], self._head = self._head[:size], self._head[size:]
        return size
