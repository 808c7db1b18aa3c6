"""A proxy that refuses everything and remembers the requests."""

import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

# Of the browser's maker: it asks for these by itself
_OWN_HOSTS = (
    "google.com",
    "googleapis.com",
    "gstatic.com",
    "gvt1.com",
)


@dataclass
class Listener:
    """Where it listens, and the first line of every request so far."""

    port: int
    asked: list[str] = field(default_factory=list[str])

    @property
    def for_pages(self) -> list[str]:
        """Return the requests that are not the browser's own."""
        return [line for line in self.asked if line and not any(host in line for host in _OWN_HOSTS)]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    listener: Listener


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline(2000).decode("latin-1").strip()
        cast(_Server, self.server).listener.asked.append(line)
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@contextmanager
def listening() -> Generator[Listener]:
    """Listen on a free port of the loopback interface."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.listener = Listener(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.listener
        finally:
            server.shutdown()
            thread.join()
