"""Lines of stdin, read by a daemon thread.

This lets a signal end the process while the client is silent.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import CancelledError

import anyio
from anyio.abc import ObjectSendStream

from k6_mcp.frontends.mcp_server.oversized_lines import Line, LineReader

_CHUNK_BYTES = 65_536
_STDIN = 0


async def stdin_lines(head: bytes, longest: int) -> AsyncGenerator[Line]:
    """Yield the lines of `head`, which was already read, and of stdin until it ends.

    Child processes get the null device in place of stdin. Of a line of more than `longest` bytes, only the
    parts that may hold its request id are kept.
    """
    send, receive = anyio.create_memory_object_stream[Line](8)
    arguments = (LineReader(longest), head, _take_stdin(), send, asyncio.get_running_loop())
    threading.Thread(target=_hand_over_lines, args=arguments, daemon=True, name="stdin").start()
    async with receive:
        async for line in receive:
            yield line


def _take_stdin() -> int:
    # Child processes do not inherit the duplicate.
    wire = os.dup(_STDIN)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    return wire


def _hand_over_lines(
    reader: LineReader, head: bytes, wire: int, send: ObjectSendStream[Line], loop: asyncio.AbstractEventLoop
) -> None:
    # These errors mean that the server has left.
    with contextlib.suppress(anyio.BrokenResourceError, CancelledError, RuntimeError):
        for line in _lines(reader, head, wire):
            asyncio.run_coroutine_threadsafe(send.send(line), loop).result()
        asyncio.run_coroutine_threadsafe(send.aclose(), loop).result()


def _lines(reader: LineReader, chunk: bytes, wire: int) -> Iterator[Line]:
    yield from reader.feed(chunk)
    while chunk := _read(wire):
        yield from reader.feed(chunk)
    yield from reader.close()


def _read(wire: int) -> bytes:
    with contextlib.suppress(OSError):
        return os.read(wire, _CHUNK_BYTES)
    return b""
