"""The target of the demo: a tiny HTTP server on 127.0.0.1 that answers in about 20 ms."""

import asyncio
import random
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

_HOST = "127.0.0.1"
_BODY = b'{"message": "hello from the demo target"}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)
_LATENCY_S = (0.015, 0.025)


@asynccontextmanager
async def demo_target() -> AsyncGenerator[str]:
    """Serve until the block ends; yields the URL."""
    open_writers: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                # The demo sends only GET requests, so there is no body to read.
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(random.uniform(*_LATENCY_S))
                writer.write(_ANSWER)
                await writer.drain()
        open_writers.discard(writer)
        writer.close()

    server = await asyncio.start_server(talk, _HOST, 0)
    try:
        yield f"http://{_HOST}:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for writer in [*open_writers]:
            writer.close()


def closed_url() -> str:
    """Return a URL of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return f"http://{_HOST}:{probe.getsockname()[1]}/"
