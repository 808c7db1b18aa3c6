"""A server for an asyncio protocol, in a thread of its own for the length of a block."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager

_START_TIMEOUT_S = 10
_STOP_TIMEOUT_S = 10

OpenConnections = set[asyncio.BaseTransport]


@contextmanager
def serving(
    protocol: Callable[[OpenConnections], asyncio.Protocol], tls: ssl.SSLContext | None = None
) -> Generator[int]:
    """Serve on a free port of 127.0.0.1 and yield the port.

    `protocol` adds its transports to the set that it gets.
    """
    loop = asyncio.new_event_loop()
    ready, stop, ports = threading.Event(), asyncio.Event(), list[int]()

    async def serve() -> None:
        connections: OpenConnections = set()
        server = await loop.create_server(
            lambda: protocol(connections), "127.0.0.1", 0, ssl=tls, backlog=1024
        )
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()
        for transport in list(connections):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        await server.wait_closed()

    thread = threading.Thread(target=_run, args=(loop, serve), name="target", daemon=True)
    thread.start()
    if not ready.wait(_START_TIMEOUT_S):
        raise RuntimeError(f"the target did not start within {_START_TIMEOUT_S} s")
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_STOP_TIMEOUT_S)


def _run(loop: asyncio.AbstractEventLoop, serve: Callable[[], Coroutine[object, object, None]]) -> None:
    asyncio.set_event_loop(loop)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serve())
