"""Watching real k6 processes from outside (Linux: through /proc)."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio

T = TypeVar("T")
_POLL_S = 0.02


async def until(condition: Callable[[], T | None], what: str, timeout_s: float = 15.0) -> T:
    """Poll `condition` until it is true and return its value; fails saying `what` was awaited."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        await anyio.sleep(_POLL_S)
    return value


def k6_pids(run_id: str, command: str = "run") -> list[int]:
    """Return the k6 processes that execute this run, or the other command of it."""
    return [pid for pid in _all_pids() if _executes(pid, run_id, command)]


def k6_pid(run_id: str) -> int | None:
    """Return the k6 process that executes this run, None if there is none."""
    return next(iter(k6_pids(run_id)), None)


def alive(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        state = (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()[0]
        )
    except (OSError, IndexError):
        return False
    return state != "Z"


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 (names are all we need)


def _executes(pid: int, run_id: str, command: str) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return arguments[1:2] == [command.encode()] and any(run_id.encode() in argument for argument in arguments)
