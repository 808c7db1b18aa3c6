"""Owning one k6 process from spawn to reaped: its own session, both pipes drained, ended whatever happens to the owner."""

import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from k6_mcp.runners.watchdog import Watchdog

_CHUNK_BYTES = 65536
_PIPE_GRACE_S = 2.0  # a grandchild (a browser) may hold k6's pipes open after k6 is gone
_REAP_TIMEOUT_S = 5.0


@asynccontextmanager
async def k6_process(command: Sequence[str], env: Mapping[str, str], cwd: Path, watchdog: Watchdog) -> AsyncGenerator[Process]:
    """Start `command` in its own session and yield it; on the way out its whole group is killed and it is reaped.

    Raises:
        OSError: If it cannot be started.
    """
    process = await anyio.open_process(
        watchdog.guard(command),
        stdin=watchdog.stdin(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=env,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            kill_group(process.pid)
            with anyio.move_on_after(_REAP_TIMEOUT_S):
                await process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    await stream.aclose()
            watchdog.release(process.pid)


async def drain(stream: ByteReceiveStream | None, take: Callable[[bytes], None]) -> None:
    """Feed everything from `stream` to `take` until it ends; k6 hangs for ever on a pipe that nobody reads."""
    if stream is None:
        return
    with contextlib.suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
        while True:
            take(await stream.receive(_CHUNK_BYTES))


async def wait_drained(process: Process, stdout: Callable[[bytes], None], stderr: Callable[[bytes], None]) -> int:
    """Drain both pipes until the process has ended and the pipes with it (or a short grace later); return its exit code."""
    drained, exit_code = anyio.Event(), -1
    async with anyio.create_task_group() as tasks:

        async def both() -> None:
            async with anyio.create_task_group() as pipes:
                pipes.start_soon(drain, process.stdout, stdout)
                pipes.start_soon(drain, process.stderr, stderr)
            drained.set()

        tasks.start_soon(both)
        exit_code = await process.wait()
        with anyio.move_on_after(_PIPE_GRACE_S):
            await drained.wait()
        tasks.cancel_scope.cancel()
    return exit_code


def interrupt(pid: int) -> None:
    """Ask k6 to stop gracefully: SIGINT to k6 alone; a second one would cost the end-of-test summary.

    Where this process was started with SIGINT ignored (in the background of a script), k6 inherits that until its own
    handler stands and would miss the request, so it gets SIGTERM, which means the same to it.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM if ignored else signal.SIGINT)


def kill_group(pid: int) -> None:
    """SIGKILL the process group that `pid` leads, if it still exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
