"""The run that each test's later runs are compared with.

Baselines are rows in the database, with a small file next to the runs as their backup.
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
# No real baseline has such a date, and no later one could replace it
_NO_YEAR = 9000
_MOMENT = timedelta(microseconds=1)
_UPSERT = (
    "INSERT INTO baselines (name, run_id, set_us) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET run_id ="
    " excluded.run_id, set_us = excluded.set_us WHERE excluded.set_us >= set_us"
)


class BaselinesFile(Model):
    """The content of `baselines.json`."""

    baselines: tuple[Baseline, ...] = ()


class Baselines:
    """Baselines by test name, shared by several servers.

    The one that was set last counts, whether the database or the file has it.
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
        """Return the ids of the runs that are baselines; raises as `all` does."""
        return frozenset(baseline.run_id for baseline in (await self.all()).values())

    async def ids_at(self, mark: str | None) -> frozenset[str]:
        """Return the same, from memory while nothing has changed.

        The last result is reused while the file and the database's `mark` stay the same.
        """
        version = (mark, self._signature())
        if mark is None or self._seen is None or self._seen[0] != version:
            self._seen = (version, await self.ids())
        return self._seen[1]

    async def set(self, baseline: Baseline) -> None:
        """Store a baseline in place of the one with the same name; one of the two places is enough.

        Raises:
            HistoryUnavailable: If neither the database nor the file could be written.
        """
        await shielded(self._set(baseline))

    async def restore(self) -> None:
        """Write the file's baselines into the database. Raises HistoryUnavailable."""
        kept, _ = await asyncio.to_thread(self._read)
        await self._store(kept)

    async def _set(self, baseline: Baseline) -> None:
        known: Mapping[str, Baseline] = {}
        with suppress(HistoryUnavailable):
            known = await self.all()
        # The earlier baseline was set by a clock that was ahead; the one that is set last must still count
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
        """Return the file's baselines, and whether the file could not be read."""
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
        """Replace the file in one step, and return whether that worked.

        What another server may have written meanwhile is merged.
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
    newest: dict[str, Baseline] = {}
    for item in baselines:
        if item.name not in newest or newest[item.name].set_at <= item.set_at:
            newest[item.name] = item
    return newest
