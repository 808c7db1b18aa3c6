"""What a cleanup of the history removed."""

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


class PruneReport(Model):
    """What a cleanup removed, or would remove (`dry_run`), oldest first; `listed` names the first of them.

    `protected` runs were spared although a limit asks for their removal: baselines and their repeats. `problems` tells
    what could not be removed. `complete` is False when the time it had was over before it was done; the next cleanup goes on.
    """

    dry_run: bool
    limits: Retention
    removed: int
    freed_bytes: int
    listed: tuple[Pruned, ...] = ()
    protected: int = 0
    kept: int
    kept_bytes: int
    problems: tuple[str, ...] = ()
    complete: bool = True


class SpaceReport(Model):
    """The runs kept here and the bytes of their folders; `unmeasured` runs are not in the bytes yet."""

    runs: int
    size_bytes: int
    unmeasured: int = 0
