"""The lines in a client's input.

A line that is too long, or has too many values, is refused and never kept or parsed.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, cast

from mcp_types import INVALID_REQUEST, ErrorData, JSONRPCError

# Bytes kept of each end of a line that is too long: one of the ends holds the id.
_END_BYTES = 2_000
_VALUE = rb'"(?:[^"\\]|\\.){0,200}"|-?\d{1,20}'
_PLAIN_MEMBERS = rb'(?:"(?:jsonrpc|method)"\s*:\s*"[^"\\]{0,200}"\s*,\s*)*'
_ID_FIRST = re.compile(rb"\s*\{\s*" + _PLAIN_MEMBERS + rb'"id"\s*:\s*(' + _VALUE + rb")\s*,")
_ID_LAST = re.compile(
    rb',\s*"id"\s*:\s*(' + _VALUE + rb')\s*(?:,\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]{0,200}"\s*)*\}\s*\Z'
)
# A message of up to this size is always parsed.
_SIMPLE_BYTES = 1_000_000
_MOST_VALUES = 500_000


class Oversized(NamedTuple):
    """A line that is refused: why, and the request's id if the line's start or end contains it."""

    request_id: int | str | None
    reason: str

    def error(self) -> JSONRPCError:
        """Return the error that answers the line."""
        return JSONRPCError(
            jsonrpc="2.0", id=self.request_id, error=ErrorData(code=INVALID_REQUEST, message=self.reason)
        )


Line: TypeAlias = str | Oversized


class LineReader:
    """Takes bytes in chunks and yields whole lines.

    It holds at most `longest` bytes of a line, and only the two ends of a longer one.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._pending = bytearray()
        # The beginning of a line that is too long.
        self._beginning: bytes | None = None
        self._reported = False

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Take the next bytes and yield complete lines.

        A line that is too long is reported as soon as its request id is known.
        """
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._take(end)
            yield from self._reported_early()
            yield from self._line()
        self._take(rest)
        yield from self._reported_early()

    def close(self) -> Iterator[Line]:
        """Yield the last line, which has no line break."""
        yield from self._line()

    def _take(self, part: bytes) -> None:
        self._pending += part
        if self._beginning is None and len(self._pending) > self._longest:
            self._beginning = bytes(self._pending[:_END_BYTES])
        if self._beginning is not None and len(self._pending) > 2 * _END_BYTES:
            del self._pending[:-_END_BYTES]

    def _reported_early(self) -> Iterator[Oversized]:
        if self._beginning is not None and not self._reported and (match := _ID_FIRST.match(self._beginning)):
            self._reported = True
            yield self._refused(match)

    def _line(self) -> Iterator[Line]:
        line, too_long = bytes(self._pending), self._beginning is not None
        reported = self._reported
        self._pending, self._beginning, self._reported = bytearray(), None, False
        if too_long and not reported:
            yield self._refused(_ID_LAST.search(line))
        elif not too_long and line.strip():
            yield refused_values(line) or line.decode("utf-8", "replace")

    def _refused(self, match: re.Match[bytes] | None) -> Oversized:
        reason = (
            f"the message is longer than {self._longest} bytes, this server's limit "
            "(next step: send less; a long script can be a file, given as script_file)"
        )
        return Oversized(_id(match), reason)


def refused_values(line: bytes) -> Oversized | None:
    """Refuse a message with so many values that parsing it would delay all other clients."""
    if len(line) <= _SIMPLE_BYTES or not _has_many_values(line):
        return None
    reason = (
        f"the message has more than {_MOST_VALUES} values (next step: send less; a long body can be given as"
        " text)"
    )
    return Oversized(_id(_ID_FIRST.match(line[:_END_BYTES]) or _ID_LAST.search(line[-_END_BYTES:])), reason)


def _has_many_values(line: bytes) -> bool:
    """Return whether the line has more values than allowed, by counting what separates them.

    If there are too many strings, that alone decides. Otherwise commas and brackets inside of strings do not
    count.
    """
    signs = sum(map(line.count, (b",", b"[", b"{")))
    if signs <= _MOST_VALUES:
        return False
    bare = line.replace(b"\\\\", b"").replace(b'\\"', b"")
    if bare.count(b'"') > 2 * _MOST_VALUES:
        return True
    return (
        sum(part.count(sign) for part in bare.split(b'"')[::2] for sign in (b",", b"[", b"{")) > _MOST_VALUES
    )


def _id(match: re.Match[bytes] | None) -> int | str | None:
    try:
        request_id = cast("object", json.loads(match[1])) if match else None
    except ValueError:
        return None
    if isinstance(request_id, str):
        return request_id if request_id.isprintable() else None
    return request_id if isinstance(request_id, int) else None
