"""A target whose latency is as noisy as a real service's: log-normal per request, drifting each second.

`GET /<name>` waits and answers. `GET /set/<name>/<factor>/<errors>` makes that name slower by a factor and
lets a share of its requests fail. `python -m benchmarks.wandering_target` prints its port and serves
127.0.0.1 until its standard input ends.
"""

import asyncio
import math
import random
from contextlib import AbstractContextManager

from lab.served import open_served, serve_until_stdin_ends

MEDIAN_S = 0.05
# Standard deviation of the logarithm, per request
SIGMA = 0.4
# Standard deviation of the logarithm of the level that all requests of a name share
_WANDER = 0.03
# The share of the level that stays from one second to the next
_REMEMBERED = 0.8
_END = b"\r\n\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"


class Level:
    """The slowness and the error rate of one name."""

    def __init__(self) -> None:
        self.factor, self.errors, self.drift = 1.0, 0.0, 0.0

    def delay_s(self) -> float:
        """Return the time of one request, in s."""
        return MEDIAN_S * self.factor * math.exp(self.drift + random.gauss(0, SIGMA))

    def wander(self) -> None:
        """Advance by one second."""
        self.drift = _REMEMBERED * self.drift + random.gauss(0, _WANDER * math.sqrt(1 - _REMEMBERED**2))


class _Connection(asyncio.Protocol):
    def __init__(self, levels: dict[str, Level]) -> None:
        self._levels = levels
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for head in data.split(_END)[:-1]:
            self._answer(head.split(b" ", 2)[1].decode().strip("/").split("/"))

    def _answer(self, path: list[str]) -> None:
        if path[0] == "set":
            level = self._levels.setdefault(path[1], Level())
            level.factor, level.errors = float(path[2]), float(path[3])
            self._write(_OK)
            return
        level = self._levels.setdefault(path[0], Level())
        answer = _FAILED if random.random() < level.errors else _OK
        asyncio.get_running_loop().call_later(level.delay_s(), self._write, answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def open_wandering_target() -> AbstractContextManager[str]:
    """Serve in a process of its own until the block ends; yield the URL without a path."""
    return open_served("benchmarks.wandering_target")


async def _serve() -> None:
    levels: dict[str, Level] = {}

    def wander() -> None:
        for level in levels.values():
            level.wander()

    await serve_until_stdin_ends(lambda: _Connection(levels), wander)


if __name__ == "__main__":
    asyncio.run(_serve())
