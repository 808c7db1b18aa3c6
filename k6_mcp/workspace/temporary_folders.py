"""Temporary folders for runs whose files can't be written into the results folder, until they can."""

import shutil
import tempfile
from pathlib import Path

from k6_mcp.models.run_folder import RunFolder

# If one disk stays full, the folders of ended runs must not fill another one.
_MOST_OVER = 20


def copy_files(source: RunFolder, target: RunFolder) -> None:
    """Copy the files of a run to another place, except `run.json`, which is written again there.

    Raises:
        OSError: If the disk is full or the folder cannot be written; no incomplete folder is left.
    """
    for path in (target.results_dir, target.path.parent):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = not target.path.exists()
    without = shutil.ignore_patterns(source.run_json.name)
    try:
        shutil.copytree(source.path, target.path, symlinks=True, ignore=without, dirs_exist_ok=True)
    except OSError:
        if fresh:
            shutil.rmtree(target.path, ignore_errors=True)
        raise


class TemporaryFolders:
    """The few temporary folders of this process's runs; none stays without a run."""

    def __init__(self) -> None:
        self._places: dict[str, Path] = {}
        self._over: set[str] = set()

    def make(self, run_id: str) -> RunFolder:
        """Return a new place for a run. Raises OSError."""
        self._places[run_id] = Path(tempfile.mkdtemp(prefix="k6-mcp-"))
        return RunFolder(self._places[run_id], run_id)

    def folder(self, run_id: str) -> RunFolder | None:
        """Return the place of a run, None if it has none here."""
        return RunFolder(self._places[run_id], run_id) if run_id in self._places else None

    def end(self, run_id: str) -> None:
        """Note that a run is over; only the last few folders of ended runs stay."""
        over = [other for other in self._places if other == run_id or other in self._over]
        self._over = {*over[-_MOST_OVER:]}
        for other in over[:-_MOST_OVER]:
            self.remove(other)

    def remove(self, run_id: str) -> None:
        """Remove the place of a run, if it has one. Never raises."""
        if place := self._places.pop(run_id, None):
            shutil.rmtree(place, ignore_errors=True)

    def close(self) -> None:
        """Remove all places except those that have a `run.json`, which nothing else records."""
        for run_id, place in [*self._places.items()]:
            if not RunFolder(place, run_id).run_json.exists():
                self.remove(run_id)
