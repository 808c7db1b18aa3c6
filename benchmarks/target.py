"""The fastest target that Python alone can provide: one small answer for every request, unread.

`python -m benchmarks.target` prints its port and serves 127.0.0.1 until its standard input ends.
"""

import asyncio
from contextlib import AbstractContextManager

from lab.served import open_served, serve_until_stdin_ends

_END = b"\r\n\r\n"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class _Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._write = transport.write

    def data_received(self, data: bytes) -> None:
        self._write(_ANSWER * data.count(_END))


def open_target() -> AbstractContextManager[str]:
    """Serve in a process of its own until the block ends; yield the URL without a path."""
    return open_served("benchmarks.target")


if __name__ == "__main__":
    asyncio.run(serve_until_stdin_ends(_Answering))
