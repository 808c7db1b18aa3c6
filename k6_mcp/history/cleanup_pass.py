"""One pass over the history, from the run that was stored longest, removing runs beyond the limits."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from k6_mcp.history.disk_space import Space
from k6_mcp.history.elapsed_time import DAY_US, Witness
from k6_mcp.history.removing import Removals
from k6_mcp.history.retention import Excess, Kept, Removal
from k6_mcp.history.runs import from_us
from k6_mcp.history.shield import shielded
from k6_mcp.models.prune import Pruned, PruneReport
from k6_mcp.models.retention import Retention

# A pause between batches lets other writers in
_PAUSE_S = 0.01
_LISTED = 100
_MEASURING_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How runs are removed: not at all (`dry_run`), with ages `by_clock`, or `for_good`.

    An automatic cleanup stops after `within_s` and leaves the runs of the time `spare`.
    """

    dry_run: bool = False
    by_clock: bool = False
    for_good: bool = False
    spare: timedelta | None = None
    within_s: float | None = None


class Pass:
    """Removes runs beyond `limits`, except those that `spared` returns; it is called before each batch."""

    def __init__(
        self,
        space: Space,
        removing: Removals,
        spared: Callable[[], Awaitable[frozenset[str]]],
        limits: Retention,
        manner: Manner,
        witness: Witness,
    ) -> None:
        self._space = space
        self._removing = removing
        self._spared = spared
        self._limits = limits._replace(trash_days=0.0) if manner.for_good else limits
        self._manner = manner
        self._witness = witness
        self._until = None if manner.within_s is None else time.monotonic() + manner.within_s
        self._removed: list[Removal] = []
        self._count = 0
        self._freed_bytes = 0
        self._problems: list[str] = []
        self._complete = True

    async def report(self) -> PruneReport:
        """Make the pass and return a report."""
        deleted = 0
        if not self._manner.dry_run:
            await self._removing.settle()
            deleted = await self._removing.delete(self._limits)
        left_s = _MEASURING_S if self._until is None else self._until - time.monotonic()
        space = await self._space.measure(left_s)
        now_us = self._witness.wall_us if self._manner.by_clock else self._witness.now_us
        excess = Excess.of(space.runs, space.size_bytes, self._limits, from_us(now_us), self._manner.spare)
        await self._choose(excess)
        kept_bytes = space.size_bytes - self._freed_bytes
        if not self._manner.dry_run:
            deleted += await self._removing.delete(self._limits, kept_bytes)
        ahead_us = self._witness.ahead_us
        return PruneReport(
            dry_run=self._manner.dry_run,
            limits=self._limits,
            removed=self._count,
            freed_bytes=self._freed_bytes,
            listed=tuple(_pruned(removal) for removal in self._removed),
            protected=len(excess.spared),
            postponed=excess.postponed,
            kept=space.runs - self._count,
            kept_bytes=kept_bytes,
            problems=tuple(self._problems[:_LISTED]),
            complete=self._complete,
            deleted=deleted,
            trash=await self._removing.report(self._limits.trash_days),
            clock_ahead_s=ahead_us / 1_000_000 if abs(ahead_us) > DAY_US else None,
        )

    async def _choose(self, excess: Excess) -> None:
        protected = await self._spared()
        async for page in self._space.ended():
            if page and not self._manner.by_clock and excess.ends_before(page[0].since_us):
                break
            if self._manner.by_clock:
                page = [replace(kept, aged_us=None) for kept in page]
            if not await self._take([*excess.choose(page, protected)]):
                break

    async def _take(self, chosen: list[Removal]) -> bool:
        while chosen:
            if self._until is not None and time.monotonic() >= self._until:
                self._complete = False
                return False
            batch, chosen = chosen[: self._removing.batch], chosen[self._removing.batch :]
            gone = frozenset(removal.run.run_id for removal in batch)
            if not self._manner.dry_run:
                batch, gone = await self._remove(batch)
            self._note([removal for removal in batch if removal.run.run_id in gone])
        return True

    async def _remove(self, batch: list[Removal]) -> tuple[list[Removal], frozenset[str]]:
        # A run may have become a baseline in the meantime
        protected = await self._spared()
        batch = [removal for removal in batch if removal.run.run_id not in protected]
        gone, problems = await shielded(self._removing.remove(batch, keep=self._limits.trash_days > 0))
        self._problems += problems
        await asyncio.sleep(_PAUSE_S)
        return batch, gone

    def _note(self, gone: list[Removal]) -> None:
        self._removed += gone[: _LISTED - len(self._removed)]
        self._count += len(gone)
        self._freed_bytes += sum(removal.run.size_bytes for removal in gone)


def _pruned(removal: Removal) -> Pruned:
    run: Kept = removal.run
    created_at = datetime.fromtimestamp(run.created_us / 1_000_000, UTC)
    return Pruned(run_id=run.run_id, created_at=created_at, size_bytes=run.size_bytes, reason=removal.reason)
