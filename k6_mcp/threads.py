"""Work that may take long, in a thread: the event loop answers other clients meanwhile."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio.to_thread

LARGE = 50_000
"""Characters from which on work on a text goes to a thread: on a smaller one it takes a few ms at most."""
P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `work` returns, computed in a thread; a cancelled caller does not wait for it.

    Python switches threads every 5 ms, but not within one call of a C function: no such call in `work` may
    take long.
    """
    return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), abandon_on_cancel=True)


async def in_thread_if(large: bool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `work` returns, computed in a thread if it is `large`, else at once."""
    return await in_thread(work, *args, **kwargs) if large else work(*args, **kwargs)
