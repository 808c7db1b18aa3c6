"""A tiny shell that kills every registered process group after this process, so no k6 outlives it.

It reads a pipe whose only lasting writer is this process, so the kernel reports our death however we die
(also by SIGKILL), on any POSIX system. A child registers itself through the same pipe *before* it becomes k6,
so there is no moment in which k6 runs unknown to the watchdog. A folder without a run yet is removed with
this process too: the script in it may hold a secret that nobody would clean up.
"""

import contextlib
import os
import select
import subprocess
from collections.abc import Sequence
from pathlib import Path

PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where our own shells and k6 look for commands: neither gets anything of this process's environment."""

_SHELL = "/bin/sh"

# SIGINT comes first, so that k6 can still write its summary. It has 0.3 s for that before SIGKILL.
_WATCH = """
trap '' INT TERM HUP QUIT PIPE
live=' '
while read -r op what; do
  case $op in
    +) live="$live$what " ;;
    -) case $live in *" $what "*) live="${live%%" $what "*} ${live#*" $what "}" ;; esac ;;
    remove) set -- "$@" "$what" ;;
    keep)
      for folder do
        shift
        [ "$folder" = "$what" ] || set -- "$@" "$folder"
      done ;;
  esac
done
if [ "${live# }" ]; then
  for pid in $live; do kill -INT "$pid"; done 2>/dev/null
  sleep 0.3
  for pid in $live; do kill -KILL "-$pid"; done 2>/dev/null
fi
[ $# -eq 0 ] || rm -rf -- "$@"
"""
# If the system rejects the limit, or this process has a lower one, nothing changes.
_REGISTER_THEN_EXEC = 'echo "+ $$" >&0; ulimit -v "$1" 2>/dev/null; shift; exec "$@" </dev/null'


class Watchdog:
    """Owns the watching shell, which starts with the first guarded command and restarts if killed."""

    def __init__(self, shell: str = _SHELL) -> None:
        self._sh = shell
        self._shell: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    def guard(self, command: Sequence[str], address_space_kb: int | None = None) -> list[str]:
        """Return `command` wrapped in a shell that registers itself.

        Start it with `stdin` as its standard input and as a session leader. `address_space_kb` limits its
        address space. A shell reads its environment before the command does, so the environment must not hold
        a caller's values.
        """
        limit = "unlimited" if address_space_kb is None else str(address_space_kb)
        return [self._sh, "-c", _REGISTER_THEN_EXEC, "k6-mcp", limit, *command]

    def stdin(self) -> int:
        """Return the file descriptor that a guarded command needs as its standard input.

        Start the watchdog if needed.
        """
        if self._shell is None or self._shell.poll() is not None:
            self.close()
            reader, self._pipe = os.pipe()
            self._shell = subprocess.Popen(
                [self._sh, "-c", _WATCH],
                env={"PATH": PATH},
                stdin=reader,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
            os.close(reader)
        return self._pipe

    def release(self, pid: int) -> None:
        """Forget a reaped process, so that its process id can be reused."""
        with contextlib.suppress(OSError):
            os.write(self._pipe, f"- {pid}\n".encode())

    def remove_with_us(self, folder: Path) -> None:
        """Let `folder` be removed if this process dies before it is given to `keep`."""
        self.stdin()
        self._say("remove", folder)

    def keep(self, folder: Path) -> None:
        """Leave `folder` where it is from now on, however this process ends."""
        self._say("keep", folder)

    def _say(self, what: str, folder: Path) -> None:
        line = os.fsencode(f"{what} {folder}\n")
        # One write of this size is atomic. The next server's cleanup removes a folder whose name would break
        # the line.
        if len(line) <= select.PIPE_BUF and line.count(b"\n") == 1 and self._pipe >= 0:
            with contextlib.suppress(OSError):
                os.write(self._pipe, line)

    def close(self) -> None:
        """End the watchdog; it kills and removes whatever is still registered."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        if self._shell is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._shell.wait(timeout=2)
            self._shell = None
