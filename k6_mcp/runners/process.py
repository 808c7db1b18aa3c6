"""Owning one k6 process from its start to its end.

Both pipes are drained, and the process ends whatever happens to the owner.
"""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio

from k6_mcp.runners.child_process import REAP_TIMEOUT_S, Child
from k6_mcp.runners.watchdog import Watchdog

_CHUNK_BYTES = 65536
# A grandchild (a browser) can hold k6's pipes open after k6 has ended.
_PIPE_GRACE_S = 2.0
# The time between looks while the pipes are open, and the longest wait for a process that closed its pipes.
_LOOK_S = 0.05
_LOOK_AGAIN_S = 0.001


@asynccontextmanager
async def owned(child: Child, watchdog: Watchdog | None = None) -> AsyncGenerator[Child]:
    """Own a started process until the block ends.

    On the way out its whole group is killed, it is reaped, and `watchdog` forgets it.
    """
    try:
        yield child
    finally:
        with anyio.CancelScope(shield=True):
            child.kill()
            with anyio.move_on_after(REAP_TIMEOUT_S):
                await ended(child)
            child.close()
            if watchdog:
                watchdog.release(child.pid)


async def drain(pipe: int, take: Callable[[bytes], None]) -> None:
    """Feed everything from the descriptor `pipe` to `take` until it ends.

    k6 hangs forever on a pipe that nobody reads.
    """
    while True:
        await anyio.wait_readable(pipe)
        if not (chunk := os.read(pipe, _CHUNK_BYTES)):
            return
        take(chunk)


async def ended(child: Child, pipes_ended: anyio.Event | None = None) -> int:
    """Return the exit code of a process once it has ended.

    That is right after its pipes have ended; a grandchild may hold these open, so that is not waited for
    alone.
    """
    wait_s = _LOOK_AGAIN_S
    while (exit_code := child.exit_code()) is None:
        if pipes_ended and not pipes_ended.is_set():
            with anyio.move_on_after(_LOOK_S):
                await pipes_ended.wait()
        else:
            await anyio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LOOK_S)
    return exit_code


async def wait_drained(child: Child, stdout: Callable[[bytes], None], stderr: Callable[[bytes], None]) -> int:
    """Drain both pipes until the process and they have ended; return its exit code.

    Pipes that stay open are drained for a short grace period after the process has ended.
    """
    drained, exit_code = anyio.Event(), -1
    async with anyio.create_task_group() as tasks:

        async def both() -> None:
            async with anyio.create_task_group() as pipes:
                pipes.start_soon(drain, child.stdout, stdout)
                pipes.start_soon(drain, child.stderr, stderr)
            drained.set()

        tasks.start_soon(both)
        exit_code = await ended(child, drained)
        with anyio.move_on_after(_PIPE_GRACE_S):
            await drained.wait()
        tasks.cancel_scope.cancel()
    return exit_code
