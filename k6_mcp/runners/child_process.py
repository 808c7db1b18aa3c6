"""A child process: its pipes and its end. Starting one needs no event loop."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

REAP_TIMEOUT_S = 5.0


class Child:
    """A started process in a session of its own; `stdout` and `stderr` are descriptors to read."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.stdout = process.stdout.fileno() if process.stdout else -1
        self.stderr = process.stderr.fileno() if process.stderr else -1

    @classmethod
    def start(cls, command: Sequence[str], env: Mapping[str, str], cwd: Path, stdin: int) -> Self:
        """Start `command` with exactly `env`, in `cwd`, with the descriptor `stdin` as its input.

        Raises OSError.
        """
        pipe = subprocess.PIPE
        return cls(
            subprocess.Popen(
                command, stdin=stdin, stdout=pipe, stderr=pipe, cwd=cwd, env=env, start_new_session=True
            )
        )

    @classmethod
    def start_for_output(cls, command: Sequence[str], env: Mapping[str, str]) -> Self:
        """Start `command` for its output alone, with exactly `env`. Raises OSError."""
        nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
        return cls(
            subprocess.Popen(
                command, stdin=nothing, stdout=pipe, stderr=pipe, env=env, start_new_session=True
            )
        )

    def exit_code(self) -> int | None:
        """Return the exit code, negative for the signal that ended it, None while it lives."""
        return self._process.poll()

    def kill(self) -> None:
        """SIGKILL the process and everything it started, if any of them is left."""
        kill_group(self.pid)

    def end(self) -> None:
        """Kill it, wait until it has ended and close its pipes."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAP_TIMEOUT_S)
        self.close()

    def close(self) -> None:
        """Close its pipes."""
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def interrupt(pid: int) -> None:
    """Send SIGINT to k6 alone, a graceful stop; a second one would cost the end-of-test summary.

    Where this process was started with SIGINT ignored (in the background of a script), k6 inherits that until
    its own handler stands and would miss the request, so it gets SIGTERM, which means the same to it.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM if ignored else signal.SIGINT)


def kill_group(pid: int) -> None:
    """SIGKILL the process group that `pid` leads, if it still exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
