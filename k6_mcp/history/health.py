"""The state of the two places where runs are stored."""

import shutil
import tempfile
from pathlib import Path

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.database import Database
from k6_mcp.history.elapsed_time import DAY_US
from k6_mcp.history.storage_notices import only_in_folders
from k6_mcp.models.prune import SpaceReport, TrashReport
from k6_mcp.models.retention import Retention
from k6_mcp.models.service_answers import Component
from k6_mcp.models.wording import count

# Enough for a few hundred runs with their time series
_LITTLE_BYTES = 200_000_000


async def database_health(database: Database, left_in_folders: int = 0) -> Component:
    """Return whether the database can be written, tried now.

    `left_in_folders` runs are in their folders only.
    """
    database.forgive()
    try:
        async with database.atomic() as connection:
            # A write that changes nothing
            await connection.execute("UPDATE k6_mcp_migrations SET applied_at = applied_at")
            rows = [*await connection.execute_fetchall("SELECT count(*) FROM documents")]
    except HistoryUnavailable as error:
        detail = f"{'; '.join(error.reasons)}; tests still run and are kept in their folders"
        return Component(name="database", state="degraded", detail=detail, hint=error.hint)
    detail = f"{database.path}, {count(rows[0][0], 'run')}"
    if missing := only_in_folders(left_in_folders):
        return Component(
            name="database", state="degraded", detail=f"{detail}; {missing}", hint="run `k6-mcp rebuild`"
        )
    return Component(name="database", state="ok", detail=detail)


def disk_health(results_dir: Path) -> Component:
    """Return whether run folders can be written, tried now, and the free space. Blocking."""
    hint = "free some space, or set K6_RESULTS_DIR to another disk"
    try:
        free_bytes = shutil.disk_usage(results_dir).free
        with tempfile.TemporaryFile(dir=results_dir) as probe:
            probe.write(b"x" * 4096)
    except OSError as error:
        return Component(
            name="disk",
            state="broken",
            detail=f"{results_dir} cannot be written: {error.strerror}",
            hint=hint,
        )
    detail = f"{results_dir}, {free_bytes} bytes free ({free_bytes / 1e9:.1f} GB)"
    if free_bytes < _LITTLE_BYTES:
        return Component(name="disk", state="degraded", detail=detail, hint=hint)
    return Component(name="disk", state="ok", detail=detail)


def retention_health(
    limits: Retention,
    space: SpaceReport | None,
    trash: TrashReport | None = None,
    ahead_us: int = 0,
    hint: str = "",
) -> Component:
    """Return how long runs are kept, the space that they use, and what was removed.

    `space` is None while the database is unavailable.
    """
    rules = (
        "of any age" if limits.days is None else f"for {limits.days:g} days",
        "of any number" if limits.runs is None else f"the newest {limits.runs}",
        "of any size" if limits.size_bytes is None else f"{limits.size_bytes / 1e6:g} MB at most",
    )
    kept = f"runs are kept {', '.join(rules)}, plus all baselines"
    if space is None:
        detail = f"{kept}; the space that they use is unknown while the database is unavailable"
        return Component(name="retention", state="degraded", detail=detail, hint=hint)
    unmeasured = f", {space.unmeasured} of them not measured yet" if space.unmeasured else ""
    used = f"{space.runs} ended runs use {space.size_bytes / 1e6:.1f} MB{unmeasured}"
    detail = "; ".join(filter(None, (kept, used, _in_trash(trash), _clock(ahead_us))))
    return Component(
        name="retention", state="ok", detail=detail, hint=_BRING_BACK if trash and trash.runs else None
    )


_BRING_BACK = "`k6-mcp prune --restore RUN` restores a removed run, `--restore all` restores every one"
_WHY = {"age": "too old", "count": "too many", "size": "too much space", "unknown": "for an unknown reason"}


def _in_trash(trash: TrashReport | None) -> str | None:
    if not trash or not trash.runs:
        return None
    why = ", ".join(f"{runs} {_WHY.get(reason, reason)}" for reason, runs in sorted(trash.reasons.items()))
    when = f"; the first is deleted in {trash.days_left:.1f} days" if trash.days_left is not None else ""
    return (
        f"removed and in the trash: {count(trash.runs, 'run')} ({why}), {trash.size_bytes / 1e6:.1f} MB{when}"
    )


def _clock(ahead_us: int) -> str | None:
    if abs(ahead_us) <= DAY_US:
        return None
    days, where = abs(ahead_us) / DAY_US, "ahead of" if ahead_us > 0 else "behind"
    return (
        f"this machine's clock is {days:.0f} days {where} the time that this history has recorded, and ages"
        " follow the recorded time"
    )
