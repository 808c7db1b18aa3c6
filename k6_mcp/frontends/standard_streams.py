"""Descriptors 0, 1 and 2 of a process whose caller closed some of them, or never reads its output."""

import io
import os
import select
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LONGEST_TEXT_BYTES = 16_384
_CUT = b" ... (cut)\n"
# Time for a slow reader. A reader that misses it gets no more time until it reads again.
_PATIENCE_MS = 100


def hold_standard_streams() -> None:
    """Give closed standard streams the null device.

    Otherwise the next opened file, such as a database, would take their number and receive our output. From
    then on, text that Python writes to stderr is dropped if nobody reads it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    if sys.stderr is None or (sys.stderr is sys.__stderr__ and not os.isatty(2)):
        sys.stderr = patient_text(2)


def patient_text(fd: int) -> io.TextIOWrapper:
    """Return a text stream to `fd` that never waits long for a reader.

    A parent that does not read its pipe must not block the server.
    """
    return io.TextIOWrapper(
        _Patient(fd), encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=True
    )


class _Patient(io.RawIOBase):
    """Writes what `fd` accepts at once and drops the rest, including the end of a text that is too long.

    A non-blocking descriptor would be non-blocking for all who share it: stdout after `2>&1`, the parent, a
    terminal.
    """

    name = "<stderr>"

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)
        self._patience_ms = _PATIENCE_MS
        self._lock = threading.Lock()

    def write(self, data: "ReadableBuffer", /) -> int:
        text = bytes(data)
        shown = text if len(text) <= _LONGEST_TEXT_BYTES else text[: _LONGEST_TEXT_BYTES - len(_CUT)] + _CUT
        with self._lock:
            while shown and self._ready():
                try:
                    shown = shown[os.write(self._fd, shown[: select.PIPE_BUF]) :]
                except OSError:
                    # Nobody reads the descriptor any more.
                    break
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def _ready(self) -> bool:
        """Return whether PIPE_BUF bytes can be written without waiting."""
        ready = any(events & select.POLLOUT for _, events in self._poll.poll(self._patience_ms))
        self._patience_ms = _PATIENCE_MS if ready else 0
        return ready
