"""Run folders on their way out: set aside in one step, then removed, so that a folder is either whole or gone for readers."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from k6_mcp.models.folder import RunFolder
from k6_mcp.models.run_id import RUN_ID

_WORKSHOP = "import-"
_ABANDONED_S = 3600.0


class Trash:
    """The folder `trash` below `results_dir`, on the same disk as the runs. Blocking: call it in a thread."""

    def __init__(self, results_dir: Path) -> None:
        self._results_dir = results_dir
        self.path = results_dir / "trash"

    def take(self, run_ids: Iterable[str]) -> tuple[list[str], list[str]]:
        """Set the folders of runs aside; return the runs that have no folder any more, and what is wrong with the others."""
        gone: list[str] = []
        problems: list[str] = []
        for run_id in run_ids:
            try:
                self.path.mkdir(mode=0o700, exist_ok=True)
                with suppress(FileNotFoundError):
                    shutil.rmtree(self.path / run_id)  # what an earlier removal left of the same run
                with suppress(FileNotFoundError):
                    self._folder(run_id).rename(self.path / run_id)
            except OSError as error:
                problems.append(f"{run_id}: {error.strerror or error}")
            else:
                gone.append(run_id)
        return gone, problems

    def give_back(self, run_ids: Iterable[str]) -> None:
        """Put folders back where they were; one that another took the place of stays here. Never raises."""
        for run_id in run_ids:
            with suppress(OSError):
                if not self._folder(run_id).exists():
                    (self.path / run_id).rename(self._folder(run_id))

    def empty(self, run_ids: Iterable[str]) -> None:
        """Remove folders for good; what cannot be removed stays for the next time. Never raises."""
        for run_id in run_ids:
            shutil.rmtree(self.path / run_id, ignore_errors=True)

    def workshop(self) -> Path:
        """Return a fresh folder for what is not a run yet. Raises OSError."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=self.path))

    def sweep(self) -> None:
        """Remove workshops that nobody uses any more. Never raises."""
        with suppress(OSError):
            for path in [*self.path.glob(f"{_WORKSHOP}*")]:
                if time.time() - path.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(path, ignore_errors=True)

    def run_ids(self) -> list[str]:
        """Return the runs whose folders are here, as after a removal that was interrupted."""
        try:
            return [name for name in os.listdir(self.path) if RUN_ID.match(name)]  # noqa: PTH208
        except OSError:
            return []

    def _folder(self, run_id: str) -> Path:
        return RunFolder(self._results_dir, run_id).path
