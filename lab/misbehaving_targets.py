"""A local HTTP server that misbehaves over time, in a process of its own so that nothing slows it down.

`python -m lab.misbehaving_targets` prints its port and serves 127.0.0.1 until its standard input ends. The
path selects the behavior. Time 0 is the first request for that path with its query, so that `?a` and `?b` are
two targets. Times are in s, latencies in ms.

/steady/20                answers after 20 ms, give or take a fifth
/tailed/20                answers after a median of 20 ms, log-normally spread: one in a hundred takes 80 ms
/stall/4/3/5              answers after 5 ms, but nothing from 4 s on for 3 s, then everything that waited
/periodic/4/0.7/5         answers after 5 ms, but nothing for the last 0.7 s of every 4 s
/pausing/0.6/5/3/8/10/17  answers after 5 ms, but nothing for 0.6 s from 3, 8, 10 and 17 s on
/rising/20/15             answers after 20 ms at first and 15 ms more every second
/crowded/20/2             a queue before two counters that each take 20 ms: latency grows with concurrency
/burst/4/3/0.8/5          answers after 5 ms, but 500 for that share of requests from 4 s on for 3 s
/outage/4/3/5             answers after 5 ms, but resets every connection from 4 s on for 3 s
/recovering/4/2/3/5       as /outage for 2 s, then is slow (400 ms) for 3 s
/warmup/3/300/10          answers after 300 ms for the first 3 s, then after 10 ms
/fastfail/0.5/120         answers 500 immediately for half of the requests, else 200 after 120 ms
/flaky/0.2/5              answers 500 for that share of requests after 5 ms
/limited/40/5             answers after 5 ms, but 429 immediately to more than 40 requests within a second
/jumping/6/20/200         answers after 20 ms at first, and after 200 ms from 6 s on
/lone/80/2000/10          answers after 10 ms, but every 80th request after 2000 ms, independent of the others
"""

import asyncio
import random
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from lab.served import open_served, serve_until_stdin_ends

_END = b"\r\n\r\n"
# SO_LINGER on, 0 s: close() then sends RST
_RESET = struct.pack("ii", 1, 0)
_SLOW_MS = 400.0

# A delay in s and a status; status 0 resets the connection
Answer = tuple[float, int]


class Clocked:
    """One path with its query: its first request, its number of requests, and its counters' free times."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.count = 0
        self.free_at: list[float] = []
        self.in_second: tuple[int, int] = (0, 0)

    @property
    def age_s(self) -> float:
        """Return the time since the first request, in s."""
        return time.monotonic() - self.began

    def fails(self, share: float) -> bool:
        """Return whether this request is one of `share`, evenly spread."""
        return int(self.count * share) > int((self.count - 1) * share)


def _steady(_: Clocked, ms: float) -> Answer:
    return ms / 1000 * random.uniform(0.8, 1.2), 200


def _tailed(_: Clocked, ms: float) -> Answer:
    return ms / 1000 * random.lognormvariate(0, 0.6), 200


def _stall(path: Clocked, at: float, length: float, ms: float) -> Answer:
    age = path.age_s
    return (at + length - age if at <= age < at + length else 0.0) + ms / 1000, 200


def _periodic(path: Clocked, every: float, length: float, ms: float) -> Answer:
    into = path.age_s % every
    return (every - into if into >= every - length else 0.0) + ms / 1000, 200


def _pausing(path: Clocked, length: float, ms: float, *at: float) -> Answer:
    age = path.age_s
    waits = (begin + length - age for begin in at if begin <= age < begin + length)
    return max(waits, default=0.0) + ms / 1000, 200


def _rising(path: Clocked, ms: float, more_ms: float) -> Answer:
    return (ms + more_ms * path.age_s) / 1000 * random.uniform(0.9, 1.1), 200


def _crowded(path: Clocked, ms: float, counters: float) -> Answer:
    now = time.monotonic()
    path.free_at += [now] * (int(counters) - len(path.free_at))
    first = min(range(len(path.free_at)), key=path.free_at.__getitem__)
    path.free_at[first] = max(now, path.free_at[first]) + ms / 1000
    return path.free_at[first] - now, 200


def _burst(path: Clocked, at: float, length: float, share: float, ms: float) -> Answer:
    return ms / 1000, 500 if at <= path.age_s < at + length and path.fails(share) else 200


def _outage(path: Clocked, at: float, length: float, ms: float) -> Answer:
    return (0.0, 0) if at <= path.age_s < at + length else (ms / 1000, 200)


def _recovering(path: Clocked, at: float, length: float, slow: float, ms: float) -> Answer:
    if at + length <= path.age_s < at + length + slow:
        return _SLOW_MS / 1000, 200
    return _outage(path, at, length, ms)


def _warmup(path: Clocked, seconds: float, slow_ms: float, ms: float) -> Answer:
    return (slow_ms if path.age_s < seconds else ms) / 1000, 200


def _fastfail(path: Clocked, share: float, ms: float) -> Answer:
    return (0.0, 500) if path.fails(share) else (ms / 1000, 200)


def _flaky(path: Clocked, share: float, ms: float) -> Answer:
    return ms / 1000, 500 if path.fails(share) else 200


def _limited(path: Clocked, per_s: float, ms: float) -> Answer:
    second, count = path.in_second
    path.in_second = (int(path.age_s), count + 1 if second == int(path.age_s) else 1)
    return (ms / 1000, 200) if path.in_second[1] <= per_s else (0.0, 429)


def _jumping(path: Clocked, at: float, before_ms: float, after_ms: float) -> Answer:
    return (before_ms if path.age_s < at else after_ms) / 1000 * random.uniform(0.9, 1.1), 200


def _lone(path: Clocked, every: float, slow_ms: float, ms: float) -> Answer:
    return (ms if path.count % every else slow_ms) / 1000, 200


_BEHAVIORS: Mapping[str, Callable[..., Answer]] = {
    "steady": _steady,
    "tailed": _tailed,
    "stall": _stall,
    "periodic": _periodic,
    "pausing": _pausing,
    "rising": _rising,
    "crowded": _crowded,
    "burst": _burst,
    "outage": _outage,
    "recovering": _recovering,
    "warmup": _warmup,
    "fastfail": _fastfail,
    "flaky": _flaky,
    "limited": _limited,
    "jumping": _jumping,
    "lone": _lone,
}


class _Connection(asyncio.Protocol):
    """One keep-alive connection; k6 sends one request at a time."""

    def __init__(self, paths: dict[str, Clocked]) -> None:
        self._paths = paths
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(_END)):
            target = data.split(b" ", 2)[1].decode("latin-1")
            path = self._paths.setdefault(target, Clocked())
            path.count += 1
            name, *arguments = target.partition("?")[0].strip("/").split("/")
            delay_s, status = (
                _BEHAVIORS[name](path, *map(float, arguments)) if name in _BEHAVIORS else (0.0, 404)
            )
            self._loop.call_later(delay_s, self._answer, status) if delay_s > 0 else self._answer(status)

    def _answer(self, status: int) -> None:
        if self._transport is None:
            return
        if status == 0:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
            return
        self._transport.write(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok".encode())


def open_misbehaving() -> AbstractContextManager[str]:
    """Serve in a process of its own until the block ends; yield the URL without a path."""
    return open_served("lab.misbehaving_targets")


if __name__ == "__main__":
    paths: dict[str, Clocked] = {}
    asyncio.run(serve_until_stdin_ends(lambda: _Connection(paths)))
