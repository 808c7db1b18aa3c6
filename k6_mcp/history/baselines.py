"""Baselines, the runs that later runs are compared with: rows in the database, and a small file as their
backup.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.database import Database
from k6_mcp.history.runs import from_us, to_us
from k6_mcp.history.server_locks import FileLock
from k6_mcp.history.shield import shielded
from k6_mcp.models.base import Model
from k6_mcp.models.comparison import Baseline
from k6_mcp.workspace.atomic import replace_file

_LOCK_TRIES = 20
# Nobody set anything then, and nothing could be set later
_NO_YEAR = 9000
_MOMENT = timedelta(microseconds=1)
_UPSERT = (
    "INSERT INTO baselines (name, run_id, set_us) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET run_id ="
    " excluded.run_id, set_us = excluded.set_us WHERE excluded.set_us >= set_us"
)


class BaselinesFile(Model):
    """What `baselines.json` holds."""

    baselines: tuple[Baseline, ...] = ()


class Baselines:
    """Baselines by test name, shared by several servers: the one that was set last counts, wherever it is
    kept.
    """

    def __init__(self, results_dir: Path, database: Database) -> None:
        self._path = results_dir / "baselines.json"
        self._database = database
        self._seen: tuple[tuple[str | None, object], frozenset[str]] | None = None

    async def all(self) -> Mapping[str, Baseline]:
        """Return every baseline by its name.

        Raises:
            HistoryUnavailable: If neither the database nor the file can be read.
        """
        kept, trouble = await asyncio.to_thread(self._read)
        try:
            rows = await self._database.fetch("SELECT name, run_id, set_us FROM baselines")
        except HistoryUnavailable:
            if trouble:
                raise
            return _newest(kept)
        return _newest(
            [*kept, *(Baseline(name=row[0], run_id=row[1], set_at=from_us(row[2])) for row in rows)]
        )

    async def ids(self) -> frozenset[str]:
        """Return the runs that are baselines; raises as `all`."""
        return frozenset(baseline.run_id for baseline in (await self.all()).values())

    async def ids_at(self, mark: str | None) -> frozenset[str]:
        """Return the same; what was read last is used again while neither the file nor the `mark` of the
        database has changed.
        """
        seen = (mark, self._signature())
        if mark is None or self._seen is None or self._seen[0] != seen:
            self._seen = (seen, await self.ids())
        return self._seen[1]

    async def set(self, baseline: Baseline) -> None:
        """Keep a baseline in place of the one of that name; one of the two places is enough.

        Raises:
            HistoryUnavailable: If neither could be written.
        """
        await shielded(self._set(baseline))

    async def restore(self) -> None:
        """Write what the file holds into the database. Raises HistoryUnavailable."""
        kept, _ = await asyncio.to_thread(self._read)
        await self._store(kept)

    async def _set(self, baseline: Baseline) -> None:
        known: Mapping[str, Baseline] = {}
        with suppress(HistoryUnavailable):
            known = await self.all()
        # By a clock that was ahead
        if (former := known.get(baseline.name)) and former.set_at >= baseline.set_at:
            baseline = baseline.changed(set_at=former.set_at + _MOMENT)
        written = await asyncio.to_thread(self._write, [*known.values(), baseline])
        try:
            await self._store([*known.values(), baseline])
        except HistoryUnavailable:
            if not written:
                raise

    async def _store(self, baselines: Iterable[Baseline]) -> None:
        rows = [(item.name, item.run_id, to_us(item.set_at)) for item in baselines]
        async with self._database.atomic() as connection:
            await connection.executemany(_UPSERT, rows)

    def _read(self) -> tuple[tuple[Baseline, ...], bool]:
        """Return what the file holds, and whether it could not be read."""
        try:
            kept = BaselinesFile.model_validate_json(self._path.read_bytes()).baselines
            return tuple(item for item in kept if item.set_at.year < _NO_YEAR), False
        except FileNotFoundError:
            return (), False
        except (OSError, ValidationError):
            return (), True

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def _write(self, baselines: Iterable[Baseline]) -> bool:
        """Replace the file in one step, with what another server may have written meanwhile; return whether
        that worked.
        """
        with suppress(OSError):
            for _ in range(_LOCK_TRIES):
                if lock := FileLock.acquire(self._path.with_suffix(".lock")):
                    try:
                        self._replace(_newest([*self._read()[0], *baselines]).values())
                        return True
                    finally:
                        lock.release()
        return False

    def _replace(self, baselines: Iterable[Baseline]) -> None:
        content = BaselinesFile(baselines=tuple(sorted(baselines, key=lambda item: item.name)))
        text = json.dumps(content.model_dump(mode="json"), indent=1, ensure_ascii=False)
        replace_file(self._path, text.encode())


def _newest(baselines: Iterable[Baseline]) -> dict[str, Baseline]:
    found: dict[str, Baseline] = {}
    for item in baselines:
        if item.name not in found or found[item.name].set_at <= item.set_at:
            found[item.name] = item
    return found
