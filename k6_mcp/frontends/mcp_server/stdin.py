"""Lines of stdin, read by a thread that nobody waits for: a signal must end the process while the client is silent."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import CancelledError

import anyio
from anyio.abc import ObjectSendStream

_CHUNK_BYTES = 65_536
_STDIN = 0


async def stdin_lines(head: bytes = b"") -> AsyncGenerator[str]:
    """Yield the lines of `head`, what was already read, and of stdin until it ends; children find the null device in its place."""
    send, receive = anyio.create_memory_object_stream[str](8)
    arguments = (head, _take_stdin(), send, asyncio.get_running_loop())
    threading.Thread(target=_hand_over_lines, args=arguments, daemon=True, name="stdin").start()
    async with receive:
        async for line in receive:
            yield line


def _take_stdin() -> int:
    wire = os.dup(_STDIN)  # not inherited by children
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    return wire


def _hand_over_lines(head: bytes, wire: int, send: ObjectSendStream[str], loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(anyio.BrokenResourceError, CancelledError, RuntimeError):  # the server has left
        for line in _lines(head, wire):
            asyncio.run_coroutine_threadsafe(send.send(line.decode("utf-8", "replace")), loop).result()
        asyncio.run_coroutine_threadsafe(send.aclose(), loop).result()


def _lines(pending: bytes, wire: int) -> Iterator[bytes]:
    while True:
        *lines, pending = pending.split(b"\n")
        yield from (line for line in lines if line.strip())
        chunk = b""
        with contextlib.suppress(OSError):
            chunk = os.read(wire, _CHUNK_BYTES)
        if not chunk:
            break
        pending += chunk
    if pending.strip():
        yield pending
