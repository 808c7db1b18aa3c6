"""Long work in a thread, so that the event loop can answer other clients."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio.to_thread

LARGE = 50_000
"""Length in characters from which work on a text goes to a thread; below it takes a few ms at most."""
P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return the result of `work`, computed in a thread; a cancelled caller doesn't wait for it.

    Python switches threads every 5 ms, but not within a call of a C function, so no such call in `work` may
    take long.
    """
    return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), abandon_on_cancel=True)


async def in_thread_if(large: bool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return the result of `work`, computed in a thread if it is `large`, else directly."""
    return await in_thread(work, *args, **kwargs) if large else work(*args, **kwargs)
