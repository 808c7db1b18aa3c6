"""How much time has passed for this history: measured by the kernel, hardly by a wall clock.

A wall clock may be set to anything at any moment: by hand, by NTP, by an empty battery. What a kernel has
counted since it booted cannot be set. So ages grow by that count, and by a day at most from one boot to the
next: only clocks know how long that pause was. A history may count itself as younger than it is, but never as
much older.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiosqlite

DAY_US = 86_400_000_000
_GAP_US = DAY_US
# 2025-01-01: k6 1.0 didn't exist before, so the clock of an earlier run was wrong
_NO_RUN_BEFORE_US = 1_735_689_600_000_000
# Boots that are remembered, on all machines that use the history; the oldest one is forgotten first
_BOOTS = 50
Fetch = Callable[..., Awaitable[Iterable[Any]]]
_UPTIME, _BOOT = Path("/proc/uptime"), Path("/proc/sys/kernel/random/boot_id")


class Reading(NamedTuple):
    """What the clocks show now: the machine's boot, µs since that boot, and wall time (µs since 1970)."""

    boot: str
    uptime_us: int
    wall_us: int


class Boot(NamedTuple):
    """The last reading during one boot: the history's own time then, and the clocks."""

    seen_us: int
    boot: str
    uptime_us: int
    wall_us: int


class Witness(NamedTuple):
    """The history's own time now (µs since 1970 if all clocks had been right), and the wall clock's."""

    now_us: int
    wall_us: int

    def aged_us(self, created_us: int) -> int:
        """Return the time since which a new run counts as stored.

        The run is as old as both clocks agree that it is, since one of them may be wrong.
        """
        if created_us < _NO_RUN_BEFORE_US:
            return self.now_us
        return self.now_us - max(0, min(self.now_us, self.wall_us) - created_us)

    @property
    def ahead_us(self) -> int:
        """How far the wall clock is ahead of the history's own time, in µs."""
        return self.wall_us - self.now_us


def read_clocks() -> Reading:
    """Return a reading of this machine's clocks."""
    wall_us, boot = time.time_ns() // 1000, "unknown"
    with suppress(OSError):
        boot = _BOOT.read_text(encoding="ascii").strip()
    # The file comes first: tools that shift a process's clocks change the results of its library calls
    try:
        uptime_s = float(_UPTIME.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        uptime_s = time.monotonic()
    return Reading(boot, round(uptime_s * 1_000_000), wall_us)


def advanced(boots: Sequence[Boot], now: Reading) -> int:
    """Return the history's own time at `now`.

    `boots` has the last reading of each boot; there must be one.
    """
    last = max(boots)
    mine = next((boot for boot in boots if boot.boot == now.boot and boot.uptime_us <= now.uptime_us), None)
    if mine is not None:
        return max(last.seen_us, mine.seen_us + now.uptime_us - mine.uptime_us)
    return last.seen_us + min(max(0, now.wall_us - last.wall_us), _GAP_US)


def first_time(created_us: Sequence[int], wall_us: int) -> int:
    """Return the first time of a history that has runs already.

    It is the clock's, unless that is far from the times at which the runs were created.
    """
    if not created_us:
        return wall_us
    if wall_us < sorted(created_us)[len(created_us) // 2]:
        # The clock is behind most runs
        return max(created_us)
    return min(wall_us, max(created_us) + _GAP_US)


async def peek(fetch: Fetch) -> Witness:
    """Return the time without recording it; `fetch` is a database's or a connection's."""
    return (await _witness(fetch))[0]


async def look(connection: aiosqlite.Connection, coming_us: Iterable[int] = ()) -> Witness:
    """Return the time and record this reading; call it inside a write transaction.

    `coming_us` are the creation times of runs that come from elsewhere; a history that begins with them
    checks its clock against them.
    """
    witness, now, boots = await _witness(connection.execute_fetchall, coming_us)
    if not boots:
        await connection.execute(
            "UPDATE results SET aged_us = ? WHERE created_us > ? OR created_us < ?",
            (witness.now_us, witness.now_us, _NO_RUN_BEFORE_US),
        )
    await connection.execute(
        "INSERT OR REPLACE INTO clock (seen_us, boot, uptime_us, wall_us) VALUES (?, ?, ?, ?)",
        (witness.now_us, now.boot, now.uptime_us, now.wall_us),
    )
    if boots >= _BOOTS:
        await connection.execute(
            "DELETE FROM clock WHERE seen_us = (SELECT min(seen_us) FROM clock) AND boot <> ?", (now.boot,)
        )
    return witness


async def _witness(fetch: Fetch, coming_us: Iterable[int] = ()) -> tuple[Witness, Reading, int]:
    now = read_clocks()
    if boots := [Boot(*row) for row in await fetch("SELECT seen_us, boot, uptime_us, wall_us FROM clock")]:
        return Witness(advanced(boots, now), now.wall_us), now, len(boots)
    created = await fetch("SELECT created_us FROM results WHERE created_us >= ?", (_NO_RUN_BEFORE_US,))
    known_us = [
        *(created_us for (created_us,) in created),
        *(moment for moment in coming_us if moment >= _NO_RUN_BEFORE_US),
    ]
    return Witness(first_time(known_us, now.wall_us), now.wall_us), now, 0
