"""A local gRPC server that ends each call as its message requests, and counts the calls by status.

The messages are in grpc_target.proto. The server implements as much of HTTP/2 (RFC 9113) as k6 needs, without
TLS. Everything that decides is in the message, so it need not read the compressed headers of a request. It
writes the headers of an answer without compression (RFC 7541, 6.2.2).
"""

import asyncio
import struct
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.in_thread import OpenConnections, serving

PROTO = Path(__file__).with_suffix(".proto")
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD_BYTES = 9
_DATA, _HEADERS, _SETTINGS, _PING, _WINDOW_UPDATE = 0, 1, 4, 6, 8
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
# The eighth entry of HPACK's static table
_STATUS_200 = b"\x88"
# An uncompressed message of no bytes
_EMPTY_MESSAGE = bytes(5)
_STATUS, _ANSWERS, _STAY = 1, 2, 3


class GrpcTarget:
    """The running server, as a test sees it.

    A script connects to `address`; `calls` counts the ended calls by status.
    """

    def __init__(self) -> None:
        self.address = ""
        self.calls: Counter[int] = Counter()
        self.open = 0


@contextmanager
def open_grpc_target() -> Generator[GrpcTarget]:
    """Serve on a free port of 127.0.0.1, in a thread of its own, until the block ends."""
    target = GrpcTarget()
    with serving(lambda connections: _Connection(target, connections)) as port:
        target.address = f"127.0.0.1:{port}"
        yield target


class _Connection(asyncio.Protocol):
    def __init__(self, target: GrpcTarget, connections: OpenConnections) -> None:
        self._target = target
        self._connections = connections
        self._buffer = b""
        self._greeted = False
        self._messages: dict[int, bytes] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(transport)
        self._send(_SETTINGS)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._greeted and len(self._buffer) >= len(_PREFACE):
            assert self._buffer.startswith(_PREFACE), "not HTTP/2"
            self._greeted, self._buffer = True, self._buffer[len(_PREFACE) :]
        while self._greeted and len(self._buffer) >= _HEAD_BYTES:
            size = int.from_bytes(self._buffer[:3])
            if len(self._buffer) < _HEAD_BYTES + size:
                return
            kind, flags, stream = struct.unpack(">BBI", self._buffer[3:_HEAD_BYTES])
            payload, self._buffer = (
                self._buffer[_HEAD_BYTES : _HEAD_BYTES + size],
                self._buffer[_HEAD_BYTES + size :],
            )
            self._frame(kind, flags, stream & 0x7FFFFFFF, payload)

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind in (_SETTINGS, _PING) and not flags & _ACK:
            self._send(kind, _ACK, payload=payload if kind == _PING else b"")
        elif kind == _DATA:
            self._messages[stream] = self._messages.get(stream, b"") + payload
            if payload:
                self._send(_WINDOW_UPDATE, payload=struct.pack(">I", len(payload)))
            if flags & _END_STREAM:
                self._answer(stream, dict(_fields(self._messages.pop(stream)[len(_EMPTY_MESSAGE) :])))

    def _answer(self, stream: int, request: Mapping[int, int]) -> None:
        status = request.get(_STATUS, 0)
        self._send(_HEADERS, _END_HEADERS, stream, _STATUS_200 + _header("content-type", "application/grpc"))
        for _ in range(request.get(_ANSWERS, 0 if status else 1)):
            self._send(_DATA, 0, stream, _EMPTY_MESSAGE)
        if request.get(_STAY):
            self._target.open += 1
            return
        self._target.calls[status] += 1
        trailer = _header("grpc-status", str(status)) + _header("grpc-message", "requested" if status else "")
        self._send(_HEADERS, _END_HEADERS | _END_STREAM, stream, trailer)

    def _send(self, kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> None:
        if self._transport is not None:
            self._transport.write(
                len(payload).to_bytes(3) + struct.pack(">BBI", kind, flags, stream) + payload
            )


def _header(name: str, value: str) -> bytes:
    return b"\x00" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))


def _fields(message: bytes) -> Iterator[tuple[int, int]]:
    """Yield the numbers of a protobuf message with their field numbers; it contains nothing else."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        yield tag >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at
