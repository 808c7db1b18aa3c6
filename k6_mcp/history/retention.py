"""Which runs go: a choice from ages, sizes and limits, made page by page from the oldest run on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from k6_mcp.history.runs import to_us
from k6_mcp.models.prune import Reason
from k6_mcp.models.retention import Retention


class Kept(NamedTuple):
    """A run that has ended: when it was created (µs since 1970) and the bytes of its folder."""

    run_id: str
    created_us: int
    size_bytes: int


class Removal(NamedTuple):
    """A run to be removed, and the limit that it is beyond."""

    run: Kept
    reason: Reason


@dataclass(slots=True)
class Excess:
    """What is kept beyond the limits; shrinks as runs are passed.

    A run goes when it is older than `before_us`, or while there are `runs` or `size_bytes` too many. Runs created at or after
    `spare_us` stay whatever the limits say. Protected ones stay besides: no newer run goes in their place, and `spared` counts
    those that a limit asked for.
    """

    before_us: int | None
    runs: int
    size_bytes: int
    spare_us: int | None = None
    spared: set[str] = field(default_factory=set[str])

    @classmethod
    def of(cls, runs: int, size_bytes: int, limits: Retention, now: datetime, spare: timedelta | None = None) -> "Excess":
        """Return what `runs` ended runs of `size_bytes` in all are beyond `limits`."""
        return cls(
            before_us=None if limits.days is None else to_us(now) - round(limits.days * 86_400_000_000),
            runs=0 if limits.runs is None else max(0, runs - limits.runs),
            size_bytes=0 if limits.size_bytes is None else max(0, size_bytes - limits.size_bytes),
            spare_us=None if spare is None else to_us(now - spare),
        )

    def choose(self, oldest_first: Iterable[Kept], protected: frozenset[str]) -> Iterator[Removal]:
        """Yield the runs that go; pages must follow each other in the order of time."""
        for run in oldest_first:
            if not (reason := self._reason(run)):
                continue
            self.runs -= 1
            self.size_bytes -= run.size_bytes
            if run.run_id in protected:
                self.spared.add(run.run_id)
            else:
                yield Removal(run, reason)

    def ends_before(self, created_us: int) -> bool:
        """Return whether no run created at `created_us` or later can be chosen any more."""
        if self.spare_us is not None and created_us >= self.spare_us:
            return True
        return self.runs <= 0 and self.size_bytes <= 0 and (self.before_us is None or created_us >= self.before_us)

    def _reason(self, run: Kept) -> Reason | None:
        if self.spare_us is not None and run.created_us >= self.spare_us:
            return None
        if self.before_us is not None and run.created_us < self.before_us:
            return "age"
        return "count" if self.runs > 0 else "size" if self.size_bytes > 0 else None
