"""The part of a run that needs no event loop: its files, the k6 to use, and the start of k6."""

import contextlib
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
from k6_mcp.runners.find_k6 import Found, find, start_version
from k6_mcp.runners.memory import Allowance, allowance
from k6_mcp.runners.watchdog import Watchdog
from k6_mcp.workspace.workspace import Workspace


class Inspection(NamedTuple):
    """The k6 at `k6`, planning a script that was written to `folder`.

    `child` is the error if the process could not be started.
    """

    script: Script
    folder: RunFolder
    k6: Path
    started_at: datetime
    child: Child | OSError
    allowed: Allowance


class Launcher:
    """Writes scripts to the workspace and starts k6 on them.

    A process for one test begins k6's plan here before it imports the rest: both take their time.
    """

    def __init__(
        self,
        workspace: Workspace,
        k6_bin: str | None,
        search_path: str,
        max_memory_mb: int | None = None,
        browser: Browser = AS_K6_DOES,
    ) -> None:
        self.workspace = workspace
        self._k6_bin = k6_bin
        self.search_path = search_path
        self.browser = browser
        self._max_memory_mb = max_memory_mb
        self._early: dict[str, Inspection] = {}
        self._early_version: tuple[Path, Child] | None = None
        self._being_written: str | None = None
        self.watchdog = Watchdog()

    def find(self) -> Found:
        """Return the k6 to use and why it is this one; raises K6NotFound."""
        return find(self._k6_bin, self.search_path)

    def allowance(self, planned: Planned | None = None) -> Allowance:
        """Return how much memory k6 may use for a plan, or while it makes one."""
        return allowance(self._max_memory_mb, planned)

    def start(self, command: Sequence[str], env: Mapping[str, str], cwd: Path, allowed: Allowance) -> Child:
        """Start a command that does not outlive this process, and limit it to `allowed`.

        Raises OSError.
        """
        guarded = self.watchdog.guard(command, allowed.address_space_kb)
        if allowed.memory_mb is not None:
            # Go collects its garbage more often as it approaches this limit.
            env = {**env, "GOMEMLIMIT": f"{allowed.memory_mb}MiB"}
        return Child.start(guarded, env, cwd, self.watchdog.stdin())

    def begin(self, run_id: str, script: Script) -> None:
        """Let k6 begin its plan of `script` and print its version.

        `inspect` and `version_process` return the processes.

        Raises:
            K6NotFound: If there is no k6.
            OSError: If the script cannot be written anywhere.
        """
        k6, self._being_written = self.find().path, run_id
        self._early[run_id] = self._inspect(k6, run_id, script)
        self._being_written = None
        with contextlib.suppress(OSError):
            self._early_version = (k6, start_version(k6))

    def early_run_id(self, script: Script) -> str | None:
        """Return the id of the run for which `begin` was called with exactly this script.

        Return None if there is none.
        """
        return next(
            (run_id for run_id, inspection in self._early.items() if inspection.script == script), None
        )

    def inspect(self, run_id: str, script: Script) -> Inspection:
        """Return k6 planning `script`: as begun early for this run, or started now; raises as `begin`."""
        return self._early.pop(run_id, None) or self._inspect(self.find().path, run_id, script)

    def version_process(self, k6: Path) -> Child | None:
        """Return the process in which `begin` had `k6` print its version, once; None if there is none."""
        early, self._early_version = self._early_version, None
        if early and early[0] != k6:
            early[1].end()
            return None
        return early[1] if early else None

    def close(self) -> None:
        """End the processes that `begin` started and nobody took over, and end the watchdog.

        The files of those processes are removed. Call this when no run is left.
        """
        for run_id, inspection in self._early.items():
            if isinstance(inspection.child, Child):
                inspection.child.end()
            self.workspace.discard(run_id)
        if self._early_version:
            self._early_version[1].end()
        self.watchdog.close()
        # A signal has interrupted `begin`.
        if self._being_written:
            self.workspace.discard(self._being_written)

    def _inspect(self, k6: Path, run_id: str, script: Script) -> Inspection:
        folder, started_at, allowed = self._write(run_id, script), datetime.now(UTC), self.allowance()
        try:
            child = self.start(
                inspect_command(k6, folder, script), environment(folder, script), folder.path, allowed
            )
        except OSError as error:
            return Inspection(script, folder, k6, started_at, error, allowed)
        return Inspection(script, folder, k6, started_at, child, allowed)

    def _write(self, run_id: str, script: Script) -> RunFolder:
        """Write the script where it goes with this process until k6 has planned it: it may hold a secret."""
        folder = self.workspace.write(run_id, script, self.watchdog.remove_with_us)
        usual = RunFolder(self.workspace.results_dir, run_id)
        if folder != usual:
            # The run can be moved there when there is space again.
            self.watchdog.keep(usual.path)
        return folder
