"""Work that may take long, away from the event loop: other clients are answered meanwhile."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio.to_thread

LARGE = 50_000
"""Characters from which on a text is worked on aside: what is smaller takes some ms at most."""
P = ParamSpec("P")
R = TypeVar("R")


async def aside(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `work` returns, computed in a thread; whoever is cancelled does not wait for it.

    Python takes turns every 5 ms, but not within one call of a C function: none of these may take long.
    """
    return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), abandon_on_cancel=True)


async def aside_if(large: bool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `work` returns, computed `aside` if it is `large`, else at once."""
    return await aside(work, *args, **kwargs) if large else work(*args, **kwargs)
