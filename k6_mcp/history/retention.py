"""The choice of the runs to remove, from ages, sizes and limits, page by page from the oldest run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from k6_mcp.history.runs import to_us
from k6_mcp.models.prune import Reason
from k6_mcp.models.retention import Retention

# Most runs that age alone may remove at once: a few, or a tenth of all, and never more than half
_FEW, _SHARE = 10, 10


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that has ended, with the bytes of its folder.

    `created_us` is when it was created, `aged_us` since when it counts as stored if that differs (µs since
    1970).
    """

    run_id: str
    created_us: int
    size_bytes: int
    aged_us: int | None = None

    @property
    def since_us(self) -> int:
        """Since when the run counts as stored: since it was created, unless a clock was wrong."""
        return self.created_us if self.aged_us is None else self.aged_us


@dataclass(frozen=True, slots=True)
class Removal:
    """A run to remove, and the limit that it exceeds."""

    run: Kept
    reason: Reason


@dataclass(slots=True)
class Excess:
    """The runs and bytes beyond the limits; they shrink as runs are passed.

    A run goes if it is older than `before_us`, or while there are `runs` or `size_bytes` too many. Runs
    stored since `spare_us` or later stay whatever the limits are. Protected runs stay too: no newer run goes
    in their place, and `spared` counts those that exceeded a limit. At most `by_age` runs go for their age
    alone, however wrong a clock was; `postponed` counts the others. Of `left` runs the last one stays, unless
    the limits allow none.
    """

    before_us: int | None
    runs: int
    size_bytes: int
    left: int
    spare_us: int | None = None
    by_age: int | None = None
    keep: int = 0
    spared: set[str] = field(default_factory=set[str])
    postponed: int = 0

    @classmethod
    def of(
        cls, runs: int, size_bytes: int, limits: Retention, now: datetime, spare: timedelta | None = None
    ) -> "Excess":
        """Return how far `runs` ended runs of `size_bytes` in all exceed `limits`.

        `spare` is given for automatic cleanup, which is more careful.
        """
        return cls(
            before_us=None if limits.days is None else to_us(now) - round(limits.days * 86_400_000_000),
            runs=0 if limits.runs is None else max(0, runs - limits.runs),
            size_bytes=0 if limits.size_bytes is None else max(0, size_bytes - limits.size_bytes),
            left=runs,
            spare_us=None if spare is None else to_us(now - spare),
            by_age=None if spare is None else min(max(_FEW, runs // _SHARE), max(1, runs // 2)),
            keep=0 if spare is None else 1,
        )

    def choose(self, oldest_first: Iterable[Kept], protected: frozenset[str]) -> Iterator[Removal]:
        """Yield the runs to remove; pages must follow each other in the order of time."""
        for run in oldest_first:
            reason = self._reason(run)
            self.left -= 1
            if not reason:
                continue
            self.runs -= 1
            self.size_bytes -= run.size_bytes
            if run.run_id in protected:
                self.spared.add(run.run_id)
                continue
            if reason == "age" and self.by_age is not None:
                self.by_age -= 1
            yield Removal(run, reason)

    def ends_before(self, aged_us: int) -> bool:
        """Return whether no run stored since `aged_us` or later can be chosen any more."""
        if self.spare_us is not None and aged_us >= self.spare_us:
            return True
        return (
            self.runs <= 0 and self.size_bytes <= 0 and (self.before_us is None or aged_us >= self.before_us)
        )

    def _reason(self, run: Kept) -> Reason | None:
        if self.left <= self.keep or (self.spare_us is not None and run.since_us >= self.spare_us):
            return None
        beyond: Reason | None = "count" if self.runs > 0 else "size" if self.size_bytes > 0 else None
        if self.before_us is None or run.since_us >= self.before_us:
            return beyond
        if self.by_age is None or self.by_age > 0:
            return "age"
        if beyond is None:
            self.postponed += 1
        return beyond
