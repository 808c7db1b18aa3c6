"""Protect from cancellation what must be written whole."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end even when cancelled, by anyio or by asyncio; the cancellation is raised
    afterwards.
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
        # Else asyncio reports it as never retrieved
        _ = task.exception()
        raise interruption
    return task.result()
