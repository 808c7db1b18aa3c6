"""What a cleanup of the history removed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from k6_mcp.models.base import Model
from k6_mcp.models.retention import Retention

Reason = Literal["age", "count", "size"]


class Pruned(Model):
    """One removed run, and the limit that it exceeded."""

    run_id: str
    created_at: datetime
    size_bytes: int
    reason: Reason


class TrashReport(Model):
    """The removed runs that can still be restored: their number by reason, and the bytes of their folders.

    `days_left` is the time until the first of them is permanently deleted. Only time that the history has
    seen pass counts.
    """

    runs: int = 0
    size_bytes: int = 0
    reasons: Mapping[str, int] = {}
    days_left: float | None = None


class PruneReport(Model):
    """What a cleanup removed, or would remove (`dry_run`), oldest first; `listed` names the first ones.

    `protected` runs exceed a limit but stay: baselines and their repeats. `problems` lists what could not be
    removed. `postponed` runs are too old, but exceed the number that one automatic cleanup removes.
    `complete` is False if the cleanup ran out of time; the next one continues. `deleted` runs left the trash
    permanently. Ages are counted by the time that the history has seen pass. `clock_ahead_s` is how far this
    machine's clock is ahead of that time, if by more than a day.
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
    """Runs restored from the trash, and why others were not."""

    restored: tuple[str, ...]
    problems: tuple[str, ...] = ()


class SpaceReport(Model):
    """The stored runs and the bytes of their folders; `unmeasured` runs are not yet in the bytes."""

    runs: int
    size_bytes: int
    unmeasured: int = 0
