"""Start other server processes."""

import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 60.0


@contextmanager
def child(
    command: str, folder: Path, *numbers: int, under: Sequence[str] = ()
) -> Generator[subprocess.Popen[str]]:
    """Yield a running `tests.history.child`; it ends with the context."""
    arguments = [
        *under,
        sys.executable,
        "-m",
        "tests.history.child",
        command,
        str(folder),
        *map(str, numbers),
    ]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    """Return the next line that the child prints."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def finish(process: subprocess.Popen[str], send: str = "") -> list[str]:
    """Return the remaining lines of the child once it has ended by itself."""
    output, _ = process.communicate(send, timeout=_TIMEOUT_S)
    assert process.returncode == 0
    return output.splitlines()
