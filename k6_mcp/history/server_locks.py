"""Which servers are alive: each locks a file of its own, which the kernel frees when the process ends.

Process ids are never used: they are reused, and mean nothing inside a container.
"""

import errno
import fcntl
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

_ATTEMPTS = 20
# A process that tests a lock holds it for microseconds
_PAUSE_S = 0.005
_UNLOCKED = "unlocked-"


class FileLock:
    """An exclusive lock on a file, held from `acquire` to `release` or to the death of this process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, path: Path) -> "FileLock | None":
        """Return the lock on `path`, or None if another process holds it.

        Raises OSError if the lock file cannot be created.
        """
        for _ in range(_ATTEMPTS):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                if error.errno != errno.EWOULDBLOCK:
                    raise
                time.sleep(_PAUSE_S)
                continue
            lock = cls(path, descriptor)
            if lock.in_place():
                return lock
            # The file was removed between opening and locking
            os.close(descriptor)
        return None

    def in_place(self) -> bool:
        """Return whether other processes find this lock at the path."""
        with suppress(OSError):
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        return False

    def release(self) -> None:
        """Remove the file, then free the lock.

        The order matters: a free lock at the path would look like a dead owner's.
        """
        if self.in_place():
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def is_held(path: Path) -> bool:
    """Return whether a living process holds the lock; a lock that cannot be tested counts as held."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        # Shared: two processes that test don't see each other
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


class Owners:
    """This server's lock in `results_dir`, and those of other servers.

    Blocking: call it in a thread.
    """

    def __init__(self, results_dir: Path) -> None:
        self._folder = results_dir / "servers"
        self._lock: FileLock | None = None
        self._claims: dict[str, FileLock] = {}
        self.server_id = f"s-{secrets.token_hex(8)}"

    def enter(self) -> None:
        """Take this server's lock. Never raises.

        If that fails, this server gets an id that keeps others from judging it by its lock.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = FileLock.acquire(self._path(self.server_id))
        except OSError:
            self._lock = None
        if self._lock is None:
            self.server_id = _UNLOCKED + self.server_id

    def stay(self) -> None:
        """Take the lock again if its file was removed. Never raises."""
        if self._lock is None or self._lock.in_place():
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if lock := FileLock.acquire(self._path(self.server_id)):
                self._lock.release()
                self._lock = lock

    def leave(self) -> None:
        """Free every lock."""
        for run_id in [*self._claims]:
            self.unclaim(run_id)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def alive(self, server_id: str) -> bool:
        """Return whether the server is alive, or cannot be judged by its lock."""
        if server_id == self.server_id or server_id.startswith(_UNLOCKED):
            return True
        return is_held(self._path(server_id))

    def claim(self, run_id: str) -> bool:
        """Return whether the caller alone may end the run of a dead server.

        No other caller, here or in another server, gets the claim meanwhile.
        """
        if run_id in self._claims:
            return False
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock.acquire(self._folder / f"claim-{run_id}.lock")
        except OSError:
            return False
        if lock is not None:
            self._claims[run_id] = lock
        return lock is not None

    def unclaim(self, run_id: str) -> None:
        """Give up the claim to a run."""
        if lock := self._claims.pop(run_id, None):
            lock.release()

    def sweep(self) -> None:
        """Remove the lock files of dead servers; a missing file means the same as a free lock."""
        with suppress(OSError):
            for path in [*self._folder.glob("*.lock")]:
                if is_held(path):
                    continue
                with suppress(OSError):
                    if lock := FileLock.acquire(path):
                        lock.release()

    def _path(self, server_id: str) -> Path:
        return self._folder / f"{Path(server_id).name}.lock"
