"""Folders of removed runs: set aside in one step and kept for a while.

For readers, a folder is either complete or gone.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from k6_mcp.history.disk_space import folder_bytes
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFile, RunFolder
from k6_mcp.models.run_id import RUN_ID

_WORKSHOP = "import-"


class Hold:
    """A lock on a folder, which the kernel frees when this process ends."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        """Release the folder."""
        os.close(self._descriptor)


class Trash:
    """The folder `trash` in `results_dir`, on the same disk as the runs. Blocking: call it in a thread."""

    def __init__(self, results_dir: Path) -> None:
        self._results_dir = results_dir
        self.path = results_dir / "trash"

    def take(self, run_ids: Iterable[str]) -> tuple[list[str], list[str]]:
        """Set the folders of runs aside.

        Return the runs that have no folder any more, and the problems with the others.
        """
        gone: list[str] = []
        problems: list[str] = []
        for run_id in run_ids:
            try:
                self.path.mkdir(mode=0o700, exist_ok=True)
                with suppress(FileNotFoundError):
                    # An earlier removal may have left parts of the same run
                    shutil.rmtree(self.path / run_id)
                with suppress(FileNotFoundError):
                    self._folder(run_id).rename(self.path / run_id)
            except OSError as error:
                problems.append(f"{run_id}: {error.strerror or error}")
            else:
                gone.append(run_id)
        return gone, problems

    def add(self, run: Run) -> None:
        """Create a folder for a run that has none, so that it can be restored too. Raises OSError."""
        folder = self.path / run.run_id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError), (folder / RunFile.RUN_JSON).open("x", encoding="utf-8") as file:
            file.write(run.model_dump_json(indent=1))

    def give_back(self, run_ids: Iterable[str]) -> list[str]:
        """Move folders back to their places and return their ids. Never raises.

        A folder whose place is taken stays here.
        """
        moved: list[str] = []
        for run_id in run_ids:
            with suppress(OSError):
                if not self._folder(run_id).exists():
                    self._folder(run_id).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    (self.path / run_id).rename(self._folder(run_id))
                    moved.append(run_id)
        return moved

    def empty(self, run_ids: Iterable[str]) -> None:
        """Delete folders permanently. Never raises.

        A folder that cannot be removed stays until the next time.
        """
        for run_id in run_ids:
            with suppress(OSError):
                # first: a folder without it is half removed
                (self.path / run_id / RunFile.RUN_JSON).unlink()
            shutil.rmtree(self.path / run_id, ignore_errors=True)

    def workshop(self) -> tuple[Path, "Hold"]:
        """Return a new folder for files that aren't a run yet, and its lock. Raises OSError.

        The folder is in use until the lock is closed or this process ends.
        """
        self.path.mkdir(mode=0o700, exist_ok=True)
        while True:
            path = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=self.path))
            # Another process may remove it before it is locked
            with suppress(FileNotFoundError):
                hold = Hold(path)
                if path.exists():
                    return path, hold
                hold.close()

    def sweep(self, unknown: Iterable[str]) -> None:
        """Remove unused workshops and the half-removed parts of the `unknown` runs; never raise."""
        self.empty([run_id for run_id in unknown if not (self.path / run_id / RunFile.RUN_JSON).exists()])
        with suppress(OSError):
            for path in [*self.path.glob(f"{_WORKSHOP}*")]:
                _remove_free(path)

    def bytes_of(self, run_id: str) -> int:
        """Return the size of a folder in the trash, in bytes."""
        return folder_bytes(self.path / run_id)

    def names(self) -> list[str]:
        """Return the runs with a folder here, even if it is incomplete after an interrupted removal."""
        try:
            return [name for name in os.listdir(self.path) if RUN_ID.match(name)]  # noqa: PTH208
        except OSError:
            return []

    def run_ids(self) -> list[str]:
        """Return the runs whose folders are here whole."""
        return [run_id for run_id in self.names() if (self.path / run_id / RunFile.RUN_JSON).exists()]

    def _folder(self, run_id: str) -> Path:
        return RunFolder(self._results_dir, run_id).path


def _remove_free(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(descriptor)
