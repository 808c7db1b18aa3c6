"""A local HTTP server that misbehaves on request and counts its requests, to check k6's figures.

The path selects the behavior:

/ok                answers 200
/status/503        answers that status
/delay/250         answers 200 after that many milliseconds
/flaky/0.2         answers 500 for that share of its requests, evenly spread
/huge/100000       answers 200 with that many bytes
/echo              answers 200 with the request as JSON
/page/200          answers that status with an HTML page with an image and no favicon to request
/redirect/3        redirects three times, then answers 200; /redirect/loop never ends
/close             answers 200 and closes the connection
/reset             resets the connection instead of answering
/eof               closes the connection instead of answering
/malformed         answers something that is not HTTP
/hang              never answers
"""

import asyncio
import json
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from lab.in_thread import serving

# Enough for every assertion, and bounded under full load
_KEPT_REQUESTS = 1000
_PAGE = (
    b"<!doctype html><link rel=icon href=data:,><h1>A page</h1><p>of a few words<p><img src=/image width=40"
    b" height=30>"
)
_IMAGE = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'><rect width='40' height='30'/></svg>"
)
# SO_LINGER on, 0 s: close() then sends RST
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One received request; `path` includes the query, header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def route(self) -> str:
        """Return the path without its query; it selects the behavior."""
        return self.path.partition("?")[0]


class Target:
    """The running server, as a test sees it: its address and everything that it received."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.port = 0
        self.connections = 0
        self.seen: list[Seen] = []
        self.requests: Counter[str] = Counter()
        self.methods: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()

    def url(self, path: str) -> str:
        """Return the URL of `path` on this server."""
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    @property
    def total(self) -> int:
        """Return the number of requests that arrived, answered or not."""
        return self.requests.total()


@contextmanager
def open_target(tls: ssl.SSLContext | None = None) -> Generator[Target]:
    """Serve on a free port of 127.0.0.1, in a thread of its own, until the block ends."""
    target = Target("https" if tls else "http")
    with serving(lambda connections: Connection(target, connections), tls) as target.port:
        yield target


def closed_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Connection(asyncio.Protocol):
    """One keep-alive connection: requests are answered in order, one at a time."""

    def __init__(self, target: Target, open_connections: set[asyncio.BaseTransport]) -> None:
        self.target = target
        self._open = open_connections
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(transport)
        self.target.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._open.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next_request()) is not None:
            self._count(request)
            name, _, argument = request.route[1:].partition("/")
            _BEHAVIORS.get(name, _not_found)(self, request, argument)

    def _next_request(self) -> Seen | None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)
        }
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, path, _ = line.split(" ", 2)
        return Seen(method, path, headers, rest[:length])

    def _count(self, request: Seen) -> None:
        self.target.requests[request.route] += 1
        self.target.methods[request.method] += 1
        if len(self.target.seen) < _KEPT_REQUESTS:
            self.target.seen.append(request)

    def answer(
        self, request: Seen, status: int = 200, body: bytes = b"ok", headers: str = "", *, close: bool = False
    ) -> None:
        """Send one answer, unless the client has disconnected."""
        if self._transport is None:
            return
        self.target.answers[status] += 1
        if status in (204, 304) or request.method == "HEAD":
            body = b""
        head = f"HTTP/1.1 {status} {_phrase(status)}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self._transport.write(head.encode("latin-1") + body)
        if close:
            self._transport.close()

    def answer_later(self, delay_s: float, request: Seen) -> None:
        """Send a plain answer after `delay_s`."""
        asyncio.get_running_loop().call_later(delay_s, self.answer, request)

    def hang_up(self, last_words: bytes = b"", *, reset: bool = False) -> None:
        """Close the connection, or reset it, after sending `last_words`."""
        if self._transport is None:
            return
        if reset:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
            return
        self._transport.write(last_words)
        self._transport.close()


@lru_cache
def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _flaky(connection: Connection, request: Seen, share: str) -> None:
    nth = connection.target.requests[request.route]
    fails = int(nth * float(share)) > int((nth - 1) * float(share))
    connection.answer(request, 500 if fails else 200)


def _echo(connection: Connection, request: Seen, _: str) -> None:
    seen = {
        "method": request.method,
        "path": request.path,
        "headers": dict(request.headers),
        "body": request.body.decode("latin-1"),
    }
    connection.answer(request, 200, json.dumps(seen).encode(), "Content-Type: application/json\r\n")


def _redirect(connection: Connection, request: Seen, left: str) -> None:
    if left == "0":
        connection.answer(request)
    else:
        step = left if left == "loop" else str(int(left) - 1)
        connection.answer(request, 302, b"", f"Location: /redirect/{step}\r\n")


def _page(connection: Connection, request: Seen, status: str) -> None:
    connection.answer(request, int(status), _PAGE, "Content-Type: text/html\r\n")


def _image(connection: Connection, request: Seen, _: str) -> None:
    connection.answer(request, 200, _IMAGE, "Content-Type: image/svg+xml\r\n")


def _not_found(connection: Connection, request: Seen, _: str) -> None:
    connection.answer(request, 404, b"no such behavior")


_BEHAVIORS: Mapping[str, Callable[[Connection, Seen, str], None]] = {
    "ok": lambda connection, request, _: connection.answer(request),
    "status": lambda connection, request, status: connection.answer(request, int(status)),
    "delay": lambda connection, request, ms: connection.answer_later(float(ms) / 1000, request),
    "flaky": _flaky,
    "huge": lambda connection, request, size: connection.answer(request, body=b"x" * int(size)),
    "echo": _echo,
    "page": _page,
    "image": _image,
    "redirect": _redirect,
    "close": lambda connection, request, _: connection.answer(
        request, headers="Connection: close\r\n", close=True
    ),
    "reset": lambda connection, request, _: connection.hang_up(reset=True),
    "eof": lambda connection, request, _: connection.hang_up(),
    "malformed": lambda connection, request, _: connection.hang_up(b"this is not HTTP\r\n\r\n"),
    "hang": lambda connection, request, _: None,
}
