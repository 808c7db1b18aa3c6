"""One-shot mode, for clients that do not speak MCP.

Each line on stdin is a JSON request, and each line on stdout a JSON answer:

{"method": "execute_k6_test", "params": {"script_file": "t.js", "duration": "10s", "vus": 10}}

Every line is answered. The exit code is 0 if all requests were carried out, even if a test failed. It is 1
if a request was refused. Then the reason also goes to stderr, because some clients show nothing else.
Otherwise stderr stays silent, because these clients interpret output on it as failures.
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
from k6_mcp.errors import InternalError, K6McpError, LimitExceeded, NotUnderstood
from k6_mcp.frontends.oneshot.call import Call, answer
from k6_mcp.frontends.oneshot.request import HINT, Request, parse
from k6_mcp.models.wording import cut
from k6_mcp.runners.signals import Stop, stop_signals

if TYPE_CHECKING:
    from k6_mcp.answers.oneshot import OneShotAnswer
    from k6_mcp.runners.launcher import Launcher
    from k6_mcp.service.load_tests import LoadTests
    from k6_mcp.settings import Limits, Settings

ServiceOpener = Callable[[], AbstractAsyncContextManager["LoadTests"]]
_CHUNK_BYTES = 65536
_MOST_TAKEN_OF_A_REFUSED_LINE_BYTES = 64_000_000
_FRAMES, _FAULT = 4, 500
_LAST_READ_S = 2.0
# A reader that stopped reading must not keep the process alive.
_LAST_WRITE_S = 5.0
T = TypeVar("T")


class Lines(Protocol):
    """The source of requests and the destination of answers."""

    async def read(self) -> bytes | None:
        """Return the next line, None if there are no more.

        Raises:
            LimitExceeded: If the line is longer than any request.
        """
        ...

    async def write(self, line: bytes) -> None:
        """Write one answer; an answer that nobody reads is not an error."""
        ...

    async def leave(self) -> None:
        """Read the rest of a line that was refused.

        A client that is still writing the line could not read the answer.
        """
        ...

    def reader_gone(self) -> bool:
        """Return whether nobody can read an answer any more."""
        ...


async def serve_stdio(head: bytes, settings: Settings, launcher: Launcher | None) -> int:
    """Serve descriptors 0 and 1, beginning with `head`, which was already read; return the exit code."""
    with stop_signals() as stop:
        lines = _Stdio(head, stop, settings.limits)
        code = await serve(lines, lambda: open_app(settings, launcher), stop)
    return stop.exit_code or code


async def serve(lines: Lines, open_service: ServiceOpener, stop: Stop) -> int:
    """Answer line by line until the input ends or `stop` comes; return the exit code.

    The service is opened with the first understood request. The end of the input cancels nothing. The first
    line that is not a request ends the loop.
    """
    refused, last = False, None
    async with AsyncExitStack() as stack:
        service: LoadTests | None = None
        try:
            while request := await _next(lines, stop, at_least_one=last is None):
                try:
                    service = service or await stack.enter_async_context(open_service())
                    last = await answer(
                        Call(service, request.method, request.params, stop, lines.reader_gone)
                    )
                except K6McpError as error:
                    last = _of_error(error)
                except Exception as error:
                    last = _internal(error)
                last = await _write(lines, last, stop)
                refused = refused or last.refused
        except (NotUnderstood, LimitExceeded) as error:
            await _write(lines, _of_error(error), stop)
            await lines.leave()
            return 1
    return 1 if refused else 0


async def _next(lines: Lines, stop: Stop, *, at_least_one: bool) -> Request | None:
    """Return the next request, None if there are no more or a stop was requested.

    Raises:
        NotUnderstood: If the next line is not a request, or there is no line although there must be one.
        LimitExceeded: If the line is longer than any request.
    """
    while not stop.asked and (line := await lines.read()) is not None:
        if line.strip():
            return parse(line)
    if at_least_one and not stop.asked:
        raise NotUnderstood("there is no line with a request", hint=HINT)
    return None


async def _write(lines: Lines, reply: OneShotAnswer, stop: Stop) -> OneShotAnswer:
    """Write an answer and return the one that was written.

    If the exit code will not be 0, the reason also goes to stderr, because some clients show nothing else.
    """
    from k6_mcp.answers.oneshot import to_line, to_reason

    try:
        line = to_line(reply)
    except Exception as error:
        reply = _internal(error)
        line = to_line(reply)
    await lines.write(line)
    if reply.refused or (stop.exit_code and not reply.success):
        sys.stderr.write(to_reason(reply))
    return reply


def _internal(error: Exception) -> OneShotAnswer:
    frames = [
        f"{frame.f_code.co_filename.rpartition('/')[2]}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    sys.stderr.write(
        f"k6-mcp: {type(error).__name__}: {cut(str(error), _FAULT)} at {', '.join(frames[-_FRAMES:])}\n"
    )
    return _of_error(
        InternalError(
            "this request failed because of an error in k6-mcp itself", hint="stderr has the details"
        )
    )


def _of_error(error: K6McpError) -> OneShotAnswer:
    from k6_mcp.answers.oneshot import answer_error

    return answer_error(error)


class _Stdio:
    """`Lines` over file descriptors 0 and 1; blocking reads and writes do not delay a requested stop."""

    def __init__(self, head: bytes, stop: Stop, limits: Limits) -> None:
        self._stop = stop
        self._limits = limits
        self._pending = head
        self._ended = not head
        self._refused = False
        self._poll = select.poll()
        self._poll.register(1, 0)

    async def read(self) -> bytes | None:
        longest = self._limits.longest_line_bytes
        while b"\n" not in self._pending and len(self._pending) <= longest and not self._ended:
            self._pending += await self._chunk()
        if len(self._pending.partition(b"\n")[0]) > longest:
            self._refused = True
            raise LimitExceeded(
                f"the line is longer than {longest} bytes, the most that a script of"
                f" {self._limits.max_script_bytes} bytes needs",
                hint=(
                    "name a script_file, shorten the script or raise K6_MCP_MAX_SCRIPT_BYTES in the server's"
                    " environment"
                ),
            )
        line, _, self._pending = self._pending.partition(b"\n")
        return None if self._ended and not line and not self._pending else line

    async def leave(self) -> None:
        left = _MOST_TAKEN_OF_A_REFUSED_LINE_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_READ_S):
                while (
                    self._refused
                    and b"\n" not in self._pending
                    and not self._ended
                    and not self._stop.asked
                    and left > 0
                ):
                    self._pending = await self._chunk()
                    left -= len(self._pending)

    async def _chunk(self) -> bytes:
        """Return more of the input, or no bytes at its end."""
        chunk = await self._in_thread(lambda: os.read(0, _CHUNK_BYTES), grace_s=0)
        self._ended = not chunk or isinstance(chunk, OSError)
        return chunk if isinstance(chunk, bytes) else b""

    async def write(self, line: bytes) -> None:
        error = await self._in_thread(lambda: _write_all(1, line), grace_s=_LAST_WRITE_S)
        if error is None:
            return
        # A reader that is gone needs no answer, but a full disk loses one.
        if not isinstance(error, BrokenPipeError | TimeoutError):
            sys.stderr.write(f"k6-mcp: the answer could not be written: {error}\n")
            self._stop.ask(1)
        self._stop.ask()

    def reader_gone(self) -> bool:
        return any(
            events & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, events in self._poll.poll(0)
        )

    async def _in_thread(self, work: Callable[[], T], grace_s: float) -> T | OSError:
        """Return the result of `work`, or the error with which it failed.

        If it takes longer than `grace_s` after a stop was requested, return a TimeoutError. The thread may
        block forever, so it is a daemon, for which the interpreter does not wait.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T | OSError] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except OSError as error:
                result = error
            # The event loop may be closed by now.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, done, result)

        threading.Thread(target=run, daemon=True).start()
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait((done, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not done.done():
            await asyncio.wait((done,), timeout=grace_s)
        return done.result() if done.done() else TimeoutError("nobody read it")


def _settle(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, even to a descriptor that its other owners made non-blocking."""
    while data:
        select.select((), (fd,), ())
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(fd, data) :]
