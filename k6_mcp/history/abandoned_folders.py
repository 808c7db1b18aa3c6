"""Folders without a run: their server died while k6 made its plan.

They may contain a script's secrets.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.workspace.run_json import Folders

_OUTSIDE = "k6-mcp-*"

log = logging.getLogger(__name__)


def clear_leftovers(folders: Folders, known: frozenset[str]) -> list[str]:
    """Remove every folder that has no run and isn't `known` to the database; return their ids.

    Blocking, never raises.
    """
    removed = remove_leftovers(
        folders.results_dir, [run_id for run_id in folders.ids() if run_id not in known]
    )
    remove_leftovers_outside()
    if removed:
        log.warning(
            "removed the folders of %d tests whose server died before they started: %s",
            len(removed),
            ", ".join(removed)[:300],
        )
    return removed


def remove_leftovers(results_dir: Path, run_ids: Iterable[str]) -> list[str]:
    """Remove those folders of `run_ids` that no process holds and no test has run in; return their ids.

    `run_ids` must not be in the database, which may have the only copy of a run. Blocking, never raises.
    """
    return [run_id for run_id in run_ids if RUN_ID.match(run_id) and _remove(RunFolder(results_dir, run_id))]


def remove_leftovers_outside() -> None:
    """Remove the temporary folders of dead processes that contain no run. Blocking, never raises.

    `workspace.temporary_folders` creates them.
    """
    places: list[Path] = []
    with suppress(OSError):
        places = [*Path(tempfile.gettempdir()).glob(_OUTSIDE)]
    for place in places:
        with suppress(OSError):
            if place.lstat().st_uid != os.getuid() or [path.name for path in place.iterdir()] != ["runs"]:
                continue
            run_ids = [path.name for path in (place / "runs").iterdir()]
            if len(run_ids) == 1 and remove_leftovers(place, run_ids):
                (place / "runs").rmdir()
                place.rmdir()


def _remove(folder: RunFolder) -> bool:
    """Remove a folder unless a process holds it; during the removal, no process can start to hold it."""
    with suppress(OSError):
        descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _has_run(folder):
                return False
            shutil.rmtree(folder.path, ignore_errors=True)
            return not folder.path.exists()
        finally:
            os.close(descriptor)
    return False


def _has_run(folder: RunFolder) -> bool:
    """Return whether the folder has files of a test: they may be all that is left of a run."""
    kept = (folder.run_json, folder.summary, folder.export, folder.record, folder.timeline, folder.reports)
    return any(os.path.lexists(path) for path in kept)
