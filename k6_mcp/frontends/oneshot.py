"""One-shot mode: one JSON request per line on stdin, one JSON answer per line on stdout, for clients that speak no MCP.

{"method": "execute_k6_test", "params": {"script_file": "t.js", "duration": "10s", "vus": 10}}

Everything understood is answered and ends with exit code 0, also a failed test; the rest ends with 1. Stderr stays
silent for what is understood, because these clients take words on it for failures.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Protocol, TypeVar

from k6_mcp.app import open_app
from k6_mcp.errors import InternalError, K6McpError, NotUnderstood
from k6_mcp.frontends.oneshot_methods import Call, Service, answer
from k6_mcp.frontends.oneshot_request import HINT, parse
from k6_mcp.runners.signals import Stop, stop_signals
from k6_mcp.settings import LONGEST_LINE_BYTES

if TYPE_CHECKING:
    from k6_mcp.reports.oneshot_answer import OneShotAnswer
    from k6_mcp.runners.launcher import Launcher
    from k6_mcp.settings import Settings

ServiceOpener = Callable[[], AbstractAsyncContextManager[Service]]
_CHUNK_BYTES = 65536
_LAST_WRITE_S = 5.0  # a reader that stopped reading does not keep the process from ending
T = TypeVar("T")


class Lines(Protocol):
    """Where requests come from and answers go to."""

    async def read(self) -> bytes | None:
        """Return the next line, None when there are no more."""
        ...

    async def write(self, line: bytes) -> None:
        """Hand over one answer; an answer nobody reads is no error."""
        ...

    def reader_gone(self) -> bool:
        """Return whether nobody can read an answer any more."""
        ...


async def serve_stdio(head: bytes, settings: Settings, launcher: Launcher | None) -> int:
    """Serve descriptors 0 and 1, beginning with `head`, what was already read; return the exit code."""
    with stop_signals() as stop:
        code = await serve(_Stdio(head, stop), lambda: open_app(settings, launcher), stop)
    return stop.exit_code or code


async def serve(lines: Lines, open_service: ServiceOpener, stop: Stop) -> int:
    """Answer line by line until there are no more or `stop` asks for the end; return the exit code.

    The service is opened with the first understood request. The end of the input cancels nothing.
    """
    answered = False
    async with AsyncExitStack() as stack:
        service: Service | None = None
        while not stop.asked and (line := await lines.read()) is not None:
            if not line.strip():
                continue
            try:
                request = parse(line)
                service = service or await stack.enter_async_context(open_service())
                told = await answer(Call(service, request.method, request.params, stop, lines.reader_gone))
            except NotUnderstood as error:
                return await _refuse(lines, error)
            except K6McpError as error:
                told = _of_error(error)
            except Exception:
                told = _internal()
            await lines.write(_line(told))
            answered = True
        if not answered and not stop.asked:
            return await _refuse(lines, NotUnderstood("there is no line with a request", hint=HINT))
    return 0


async def _refuse(lines: Lines, error: NotUnderstood) -> int:
    refusal = _line(_of_error(error))
    await lines.write(refusal)
    sys.stderr.write(refusal.decode())
    return 1


def _internal() -> OneShotAnswer:
    traceback.print_exc()
    return _of_error(InternalError("this request hit a fault of k6-mcp itself", hint="see stderr for the details"))


def _of_error(error: K6McpError) -> OneShotAnswer:
    from k6_mcp.reports.oneshot_answer import answer_error

    return answer_error(error)


def _line(told: OneShotAnswer) -> bytes:
    from k6_mcp.reports.oneshot_answer import to_line

    return to_line(told)


class _Stdio:
    """`Lines` over file descriptors 0 and 1; whatever blocks there does not hold up the end when it is asked for."""

    def __init__(self, head: bytes, stop: Stop) -> None:
        self._stop = stop
        self._pending = head
        self._ended = not head
        self._poll = select.poll()
        self._poll.register(1, 0)

    async def read(self) -> bytes | None:
        while b"\n" not in self._pending and len(self._pending) < LONGEST_LINE_BYTES and not self._ended:
            chunk = await self._in_thread(lambda: os.read(0, _CHUNK_BYTES), grace_s=0)
            self._ended = not chunk or isinstance(chunk, OSError)
            self._pending += chunk if isinstance(chunk, bytes) else b""
        line, _, self._pending = self._pending.partition(b"\n")
        return None if self._ended and not line and not self._pending else line

    async def write(self, line: bytes) -> None:
        error = await self._in_thread(lambda: _write_all(1, line), grace_s=_LAST_WRITE_S)
        if error is None:
            return
        if not isinstance(error, BrokenPipeError | TimeoutError):  # a reader that is gone wants no answer; a full disk loses one
            sys.stderr.write(f"k6-mcp: the answer could not be written: {error}\n")
            self._stop.ask(1)
        self._stop.ask()

    def reader_gone(self) -> bool:
        return any(events & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, events in self._poll.poll(0))

    async def _in_thread(self, work: Callable[[], T], grace_s: float) -> T | OSError:
        """Return what `work` returns or why it failed, a TimeoutError if it takes longer than `grace_s` after the end was asked for.

        The thread may block for ever, so it is none that the interpreter waits for.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T | OSError] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except OSError as error:
                result = error
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(_settle, done, result)

        threading.Thread(target=run, daemon=True).start()
        asked = asyncio.create_task(self._stop.wait())
        await asyncio.wait((done, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not done.done():
            await asyncio.wait((done,), timeout=grace_s)
        return done.result() if done.done() else TimeoutError("nobody read it")


def _settle(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, also to a descriptor that its other owners made non-blocking."""
    while data:
        select.select((), (fd,), ())
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(fd, data) :]
