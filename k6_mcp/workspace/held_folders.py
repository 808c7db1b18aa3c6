"""Locks on run folders: until a run is kept, no other process must remove its folder.

The kernel frees a lock however the process ends.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from k6_mcp.models.run_folder import RunFolder

_ATTEMPTS = 20


class HeldFolders:
    """Locks on run folders, one for each run between its first file and its end."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[RunFolder, int]] = {}

    def make(self, folder: RunFolder) -> None:
        """Make the folder of a run and hold it.

        Where nothing can be locked, the folder is only made. Raises OSError.
        """
        for run_id in [*self._locks]:
            # The folders of kept runs need no lock any more.
            self.let_go(run_id)
        for _ in range(_ATTEMPTS):
            folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(OSError):
                descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY)
                with suppress(OSError):
                    fcntl.flock(descriptor, fcntl.LOCK_SH)
                if _in_place(folder.path, descriptor):
                    self._free(folder.run_id)
                    self._locks[folder.run_id] = (folder, descriptor)
                    return
                # Another process removed the folder as a leftover before this process held it.
                os.close(descriptor)

    def let_go(self, run_id: str) -> None:
        """Give up the folder of a run that is kept.

        The folder of a run that is not kept yet stays held until `close`.
        """
        if (held := self._locks.get(run_id)) and (held[0].run_json.exists() or not held[0].path.exists()):
            self._free(run_id)

    def close(self) -> None:
        """Give up every folder."""
        for run_id in [*self._locks]:
            self._free(run_id)

    def _free(self, run_id: str) -> None:
        if held := self._locks.pop(run_id, None):
            os.close(held[1])


def _in_place(path: Path, descriptor: int) -> bool:
    with suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False
