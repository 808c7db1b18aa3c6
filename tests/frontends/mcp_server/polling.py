"""Waiting for what a server in the background will do."""

import time
from collections.abc import Callable

import anyio

_LONGEST_S = 10


async def until(condition: Callable[[], bool], what: str) -> None:
    """Poll until `condition` holds."""
    deadline = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {_LONGEST_S} s: {what}"
        await anyio.sleep(0.005)
