"""Run folders as the history's backup: `run.json` written whole or not at all, and read back whatever became
of it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.workspace.documents import from_text

# The day within a run id
_DAY = slice(2, 10)
_LARGEST_RUN_BYTES = 20_000_000


class Folders:
    """The folders of all runs below `results_dir`; for this user alone. Blocking: call it in a thread."""

    def __init__(self, results_dir: Path) -> None:
        self.results_dir = results_dir

    def prepare(self) -> None:
        """Make the folders that are missing. Raises OSError."""
        for path in (self.results_dir, self.results_dir / "runs"):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, run: Run) -> Path:
        """Replace a run's `run.json` in one step; without fsync, so that only a power failure can lose the
        newest state.

        Raises:
            OSError: If the disk is full or the folder cannot be written; the former `run.json` is untouched
            then.
            ValueError: If the run's id could lead out of the folder.
        """
        if not RUN_ID.match(run.run_id):
            raise ValueError(f"{run.run_id[:60]!r} is not a run id")
        target = RunFolder(self.results_dir, run.run_id).run_json
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes the file with mode 0600
        handle, name = tempfile.mkstemp(prefix=".run-", suffix=".json", dir=target.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(run.model_dump_json(indent=1))
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return target

    def take_in(self, outside: RunFolder) -> None:
        """Copy the files of a run here but for its `run.json`, which `write` makes of the newest state.

        Raises:
            OSError: If the disk is full or the folder cannot be written; no folder is made of a part of the
            files.
        """
        self.prepare()
        target = RunFolder(self.results_dir, outside.run_id).path
        fresh = not target.exists()
        try:
            shutil.copytree(
                outside.path,
                target,
                symlinks=True,
                ignore=shutil.ignore_patterns(outside.run_json.name),
                dirs_exist_ok=True,
            )
        except OSError:
            if fresh:
                shutil.rmtree(target, ignore_errors=True)
            raise

    def read(self, run_id: str) -> Run | None:
        """Return the run in a folder, None if there is none.

        Raises:
            ValueError: If its `run.json` is damaged or of another run.
            OSError: If it cannot be read.
        """
        path = RunFolder(self.results_dir, run_id).run_json
        if not RUN_ID.match(run_id) or not path.exists():
            return None
        if (size := path.stat().st_size) > _LARGEST_RUN_BYTES:
            raise ValueError(f"run.json has {size} bytes, more than any run")
        run = from_text(path.read_bytes())
        if run.run_id != run_id:
            raise ValueError("run.json is of another run")
        return run

    def read_some(self, run_ids: Iterable[str]) -> Iterator[Run]:
        """Yield the runs that can be read, in the order of `run_ids`."""
        for run_id in run_ids:
            with suppress(OSError, ValueError):
                if (run := self.read(run_id)) is not None:
                    yield run

    def names(self) -> list[str]:
        """Return the name of everything that lies where run folders do, last in the alphabet first; empty if
        it cannot be listed.
        """
        try:
            return sorted((path.name for path in (self.results_dir / "runs").iterdir()), reverse=True)
        except OSError:
            return []

    def ids(self) -> list[str]:
        """Return the id of every run folder, later days first."""
        return [name for name in self.names() if RUN_ID.match(name)]

    def newest(self, limit: int, among: Iterable[str] | None = None) -> list[str]:
        """Return the `limit` ids whose folders changed last; only days that can matter are looked at."""
        chosen: list[str] = []
        for _, day in groupby(self.ids() if among is None else among, key=lambda run_id: run_id[_DAY]):
            if len(chosen) >= limit:
                break
            chosen += sorted(day, key=self._changed, reverse=True)
        return chosen[:limit]

    def _changed(self, run_id: str) -> float:
        try:
            return RunFolder(self.results_dir, run_id).path.stat().st_mtime
        except OSError:
            return 0.0
