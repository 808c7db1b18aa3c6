"""The files of all runs on this machine; runner, service and history share one workspace."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.redaction import redact_script
from k6_mcp.workspace.files import Tail, read_shown, read_whole, remove_folder, seal, write_script
from k6_mcp.workspace.held_folders import HeldFolders
from k6_mcp.workspace.secret_names import secrets_of
from k6_mcp.workspace.temporary_folders import TemporaryFolders, copy_files


class Summaries(NamedTuple):
    """The wrapper's summary and k6's own export, as text; None where the file is missing."""

    summary: str | None
    export: str | None


class Workspace:
    """Each run has a folder below `results_dir`, or a temporary one while that can't be written.

    Methods block, all but `seal` and `move_home` briefly.
    """

    def __init__(self, results_dir: Path) -> None:
        self.results_dir = results_dir.absolute()
        self._temporary = TemporaryFolders()
        self._held = HeldFolders()

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder where the files of a run are, or would be."""
        return self.temporary_folder(run_id) or RunFolder(self.results_dir, run_id)

    def temporary_folder(self, run_id: str) -> RunFolder | None:
        """Return the folder of a run whose files are not below `results_dir`, None for all others."""
        return self._temporary.folder(run_id)

    def write(self, run_id: str, script: Script, prepare: Callable[[Path], None]) -> RunFolder:
        """Write a script to the folder of its run; `prepare` gets the path before anything is written there.

        A full or read-only disk must not stop a test, whose answer does not depend on being kept: a temporary
        folder takes its files then.

        Raises:
            OSError: If no temporary folder can be written either.
        """
        try:
            return self._write_to(RunFolder(self.results_dir, run_id), script, prepare)
        except OSError:
            self.discard(run_id)
            return self._write_to(self._temporary.make(run_id), script, prepare)

    def _write_to(self, folder: RunFolder, script: Script, prepare: Callable[[Path], None]) -> RunFolder:
        prepare(folder.path)
        self._held.make(folder)
        return write_script(folder, script)

    def discard(self, run_id: str) -> None:
        """Remove the files of a run that will not happen. Never raises."""
        shutil.rmtree(self.folder(run_id).path, ignore_errors=True)
        self._temporary.remove(run_id)
        self._held.let_go(run_id)

    def seal(self, run_id: str, script: Script) -> None:
        """Remove the secrets of `script` and browser leftovers from the files of a finished run.

        This takes long for many metrics.

        Of temporary folders, the last few stay until `close`.
        """
        folder = self.folder(run_id)
        seal(folder, *secrets_of(script))
        remove_folder(folder.home)
        self._temporary.end(run_id)
        self._held.let_go(run_id)

    def recover(self, run_id: str, take: Callable[[str], None]) -> Summaries:
        """Return what a run has left behind whose owner died, and seal it.

        `take` gets the lines of the run's record.
        """
        folder = self.folder(run_id)
        Tail(folder.record, take).read()
        seal(folder, (), ())
        remove_folder(folder.home)
        return Summaries(read_whole(folder.summary), read_whole(folder.export))

    def follow(self, run_id: str, take: Callable[[str], None]) -> Callable[[], bool]:
        """Return a function that gives `take` the lines added to a run's record since its last call.

        It returns False when the record is not there, or another one has taken its place: the caller then
        begins anew.
        """
        return Tail(self.folder(run_id).record, take).read

    def log(self, run_id: str) -> str:
        """Return k6's log of a run, capped and without secrets; empty when there is none."""
        return read_shown(self.folder(run_id).log)

    def script(self, run_id: str) -> str:
        """Return the stored script of a run without secrets; empty when there is none."""
        return redact_script(read_shown(self.folder(run_id).script))

    def request_stop(self, run_id: str) -> None:
        """Request a stop of the run from the process that owns it."""
        with contextlib.suppress(OSError):
            self.folder(run_id).stop_request.touch(mode=0o600)

    def stop_requested(self, run_id: str) -> bool:
        """Return whether another process has requested a stop of the run."""
        return self.folder(run_id).stop_request.exists()

    def move_home(self, run_id: str) -> None:
        """Move the files of a run from its temporary folder, if it has one, to below `results_dir`.

        Raises:
            OSError: If the disk is full or the folder cannot be written; the files stay where they are then.
        """
        if temporary := self.temporary_folder(run_id):
            copy_files(temporary, RunFolder(self.results_dir, run_id))
            self._temporary.remove(run_id)

    def close(self) -> None:
        """Give up all folders and remove the temporary ones that hold no run; call when no run is left."""
        self._temporary.close()
        self._held.close()
