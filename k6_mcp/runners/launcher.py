"""What of a run needs no event loop: its files, the k6 to use, and k6 itself, started and left to whoever
waits for it.
"""

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from k6_mcp.models.browser import AS_K6_DOES, Browser
from k6_mcp.models.plan import Planned
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.runners.child_process import Child
from k6_mcp.runners.command import environment, inspect_command
from k6_mcp.runners.find_k6 import Found, ask_version, find
from k6_mcp.runners.memory import Allowance, allowance
from k6_mcp.runners.watchdog import Watchdog
from k6_mcp.workspace.files import write_script
from k6_mcp.workspace.held_folders import HeldFolders
from k6_mcp.workspace.temporary_folders import TemporaryFolders


class Inspection(NamedTuple):
    """k6 making its plan of a script that was written to `folder`; `child` is the error where it could not be
    started.
    """

    script: Script
    folder: RunFolder
    started_at: datetime
    child: Child | OSError
    allowed: Allowance


class Launcher:
    """Writes scripts below `results_dir` (or to a temporary folder when that cannot be written) and starts k6
    on them.

    A process for one test begins k6's plan here before it imports what the rest of the road needs: both take
    their time.
    """

    def __init__(
        self,
        results_dir: Path,
        k6_bin: str | None,
        search_path: str,
        max_memory_mb: int | None = None,
        browser: Browser = AS_K6_DOES,
    ) -> None:
        self._results_dir = results_dir
        self._k6_bin = k6_bin
        self.search_path = search_path
        self.browser = browser
        self._max_memory_mb = max_memory_mb
        self._begun: dict[str, Inspection] = {}
        self._beginning: str | None = None
        self._version_asked: tuple[Path, Child] | None = None
        self.watchdog = Watchdog()
        self.elsewhere = TemporaryFolders()
        self.held = HeldFolders()

    def locate(self) -> Path:
        """Return the k6 to use; raises K6NotFound."""
        return self.found().path

    def found(self) -> Found:
        """Return the k6 to use and why it is this one; raises K6NotFound."""
        return find(self._k6_bin, self.search_path)

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder of a run."""
        return self.elsewhere.folder(run_id) or RunFolder(self._results_dir, run_id)

    def allowance(self, planned: Planned | None = None) -> Allowance:
        """Return how much memory k6 may use for a plan, or while it makes one."""
        return allowance(self._max_memory_mb, planned)

    def start(self, command: Sequence[str], env: Mapping[str, str], cwd: Path, allowed: Allowance) -> Child:
        """Start a command that does not outlive this process, and uses no more than `allowed`. Raises
        OSError.
        """
        guarded = self.watchdog.guard(command, allowed.address_space_kb)
        if allowed.memory_mb is not None:
            # Before it gets no more, Go collects its garbage more often
            env = {
                **env,
                "GOMEMLIMIT": f"{allowed.memory_mb}MiB",
            }
        return Child.start(guarded, env, cwd, self.watchdog.stdin())

    def begin(self, run_id: str, script: Script) -> None:
        """Let k6 begin its plan of `script`, and to tell its version; `inspect` and `version_asked` have
        them.

        Raises:
            K6NotFound: If there is no k6.
            OSError: If the script can be written nowhere.
        """
        path, self._beginning = self.locate(), run_id
        self._begun[run_id] = self._inspect(path, run_id, script)
        self._beginning = None
        with contextlib.suppress(OSError):
            self._version_asked = (path, ask_version(path))

    def begun(self, script: Script) -> str | None:
        """Return the id of the run for which the plan of exactly this script was begun, None if it was
        not.
        """
        return next(
            (run_id for run_id, inspection in self._begun.items() if inspection.script == script), None
        )

    def inspect(self, run_id: str, script: Script) -> Inspection:
        """Return k6 making its plan of `script`: as begun for this run, or started now; raises as `begin`."""
        return self._begun.pop(run_id, None) or self._inspect(self.locate(), run_id, script)

    def version_asked(self, path: Path) -> Child | None:
        """Return the process that `begin` asked for the version of the k6 at `path`, once."""
        asked, self._version_asked = self._version_asked, None
        if asked and asked[0] != path:
            asked[1].end()
            return None
        return asked[1] if asked else None

    def discard(self, run_id: str) -> None:
        """Remove the run's folder."""
        shutil.rmtree(self.folder(run_id).path, ignore_errors=True)
        self.watchdog.keep(self.folder(run_id).path)
        self.elsewhere.remove(run_id)
        self.held.let_go(run_id)

    def close(self) -> None:
        """End what was begun and nobody asked for, and the watchdog; remove what is not kept. Call when no
        run is left.
        """
        for run_id, inspection in self._begun.items():
            if isinstance(inspection.child, Child):
                inspection.child.end()
            self.discard(run_id)
        if self._version_asked:
            self._version_asked[1].end()
        self.watchdog.close()
        # A signal arrived meanwhile
        if self._beginning:
            self.discard(self._beginning)
        self.elsewhere.close()
        self.held.close()

    def _inspect(self, k6: Path, run_id: str, script: Script) -> Inspection:
        folder, started_at, allowed = self._write(run_id, script), datetime.now(UTC), self.allowance()
        try:
            child = self.start(
                inspect_command(k6, folder, script), environment(folder, script), folder.path, allowed
            )
        except OSError as error:
            return Inspection(script, folder, started_at, error, allowed)
        return Inspection(script, folder, started_at, child, allowed)

    def _write(self, run_id: str, script: Script) -> RunFolder:
        try:
            return self._write_to(RunFolder(self._results_dir, run_id), script)
        except OSError:
            # A full or read-only disk must not stop a test: its answer does not depend on being kept.
            self.discard(run_id)
            return self._write_to(self.elsewhere.make(run_id), script)

    def _write_to(self, folder: RunFolder, script: Script) -> RunFolder:
        self.watchdog.remove_with_us(folder.path)
        self.held.make(folder)
        return write_script(folder, script)
