"""What a cleanup of the history removed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from k6_mcp.models.base import Model
from k6_mcp.models.retention import Retention

Reason = Literal["age", "count", "size"]


class Pruned(Model):
    """One removed run, and the limit that it was beyond."""

    run_id: str
    created_at: datetime
    size_bytes: int
    reason: Reason


class TrashReport(Model):
    """The removed runs that can still be brought back: how many for which reason, and the bytes of their
    folders.

    `days_left` is the time until the first of them is deleted for good; only time that was seen to pass
    counts.
    """

    runs: int = 0
    size_bytes: int = 0
    reasons: Mapping[str, int] = {}
    days_left: float | None = None


class PruneReport(Model):
    """What a cleanup removed, or would remove (`dry_run`), oldest first; `listed` names the first of them.

    `protected` runs were spared although a limit asks for their removal: baselines and their repeats.
    `problems` tells what could not be removed. `postponed` runs are too old, but more than go at once by
    themselves. `complete` is False when the time it had was over before it was done; the next cleanup goes
    on. `deleted` runs left the trash for good. `clock_ahead_s` is how far this machine's clock is ahead of
    the time that the history has seen pass, which ages are counted by, where that is more than a day.
    """

    dry_run: bool
    limits: Retention
    removed: int
    freed_bytes: int
    listed: tuple[Pruned, ...] = ()
    protected: int = 0
    postponed: int = 0
    kept: int
    kept_bytes: int
    problems: tuple[str, ...] = ()
    complete: bool = True
    deleted: int = 0
    trash: TrashReport = TrashReport()
    clock_ahead_s: float | None = None


class RestoreReport(Model):
    """Runs that came back from the trash, and why others did not."""

    restored: tuple[str, ...]
    problems: tuple[str, ...] = ()


class SpaceReport(Model):
    """The runs kept here and the bytes of their folders; `unmeasured` runs are not in the bytes yet."""

    runs: int
    size_bytes: int
    unmeasured: int = 0
