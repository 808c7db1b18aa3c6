"""Run folders as the history's backup; `run.json` is replaced in one step and read with care."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.workspace.atomic import replace_file
from k6_mcp.workspace.documents import from_text

# These characters of a run id are its day.
_DAY = slice(2, 10)
_LARGEST_RUN_BYTES = 20_000_000


class Folders:
    """The folders of all runs below `results_dir`, for this user alone. Blocks: call it in a thread."""

    def __init__(self, results_dir: Path) -> None:
        self.results_dir = results_dir

    def prepare(self) -> None:
        """Make the folders that are missing. Raises OSError."""
        for path in (self.results_dir, self.results_dir / "runs"):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, run: Run) -> Path:
        """Replace a run's `run.json` in one step.

        There is no fsync, so only a power failure can lose the newest state.

        Raises:
            OSError: If the disk is full or the folder cannot be written; the former `run.json` is untouched
            then.
            ValueError: If the run's id could lead out of the folder.
        """
        if not RUN_ID.match(run.run_id):
            raise ValueError(f"{run.run_id[:60]!r} is not a run id")
        target = RunFolder(self.results_dir, run.run_id).run_json
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(target, run.model_dump_json(indent=1).encode())
        return target

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
        """Return the names of everything where run folders are, in reverse alphabetical order.

        The list is empty if the folder cannot be read.
        """
        try:
            return sorted((path.name for path in (self.results_dir / "runs").iterdir()), reverse=True)
        except OSError:
            return []

    def ids(self) -> list[str]:
        """Return the id of every run folder, later days first."""
        return [name for name in self.names() if RUN_ID.match(name)]

    def newest(self, limit: int, among: Iterable[str] | None = None) -> list[str]:
        """Return the `limit` ids whose folders changed last; look only at days that can matter."""
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
