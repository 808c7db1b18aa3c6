"""Protection from cancellation for writes that must be complete."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end even if this task is cancelled, by anyio or by asyncio.

    The cancellation continues afterward.
    """
    task = asyncio.ensure_future(work)
    interruption: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                interruption = error
    if interruption is not None:
        # Otherwise asyncio reports the exception as never retrieved
        _ = task.exception()
        raise interruption
    return task.result()
