"""The files of one run on disk: written before k6 starts, followed while it runs, sealed when it is over."""

import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from k6_mcp.models.folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.redaction import redact_text

_SUMMARY_BYTES = 50_000_000
_SHOWN_BYTES = 2_100_000


def write_script(folder: RunFolder, script: Script) -> RunFolder:
    """Write the script's files, readable by this user alone; returns `folder`.

    Raises:
        OSError: If the disk is full or the folder cannot be written.
    """
    folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.path.chmod(0o700)
    for name, text in script.files.items():
        path = folder.path / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    if not folder.script.exists():  # a script that runs from its own place is kept as a copy
        folder.script.touch(mode=0o600)
        folder.script.write_text(script.text, encoding="utf-8")
    return folder


def seal(folder: RunFolder, secrets: Iterable[str]) -> None:
    """Take the secrets out of what stays: the script, and setup() results that k6 puts into its summary."""
    with contextlib.suppress(OSError):
        text = folder.script.read_text(encoding="utf-8", errors="replace")
        if (redacted := redact_text(text, secrets)) != text:
            folder.script.write_text(redacted, encoding="utf-8")
    for path in (folder.summary, folder.export):
        with contextlib.suppress(OSError, ValueError, RecursionError, AttributeError):
            data = json.loads(path.read_text(encoding="utf-8"))
            if data.pop("setup_data", None) is not None:
                path.write_text(json.dumps(data), encoding="utf-8")


def appender(path: Path) -> Callable[[str], None]:
    """Return a function that appends text to `path`; a full disk loses the text, not the run."""

    def append(text: str) -> None:
        with contextlib.suppress(OSError):
            if not path.exists():
                path.touch(mode=0o600)
            with path.open("a", encoding="utf-8") as file:
                file.write(text)

    return append


def read_whole(path: Path) -> str | None:
    """Return a file's text, None when it is missing, unreadable or implausibly large."""
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= _SUMMARY_BYTES else None
    except OSError:
        return None


def read_shown(path: Path) -> str:
    """Return the text of a file that people read, empty when it is missing."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_SHOWN_BYTES)
    except OSError:
        return ""


class Tail:
    """Follows a file that grows by whole lines, taking each once."""

    def __init__(self, path: Path, take: Callable[[str], None]) -> None:
        self._path = path
        self._take = take
        self._offset = 0
        self._rest = b""

    def read(self) -> None:
        """Take the lines that have been completed since the last call."""
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            file.seek(self._offset)
            while chunk := file.read(1 << 20):
                self._offset += len(chunk)
                lines = (self._rest + chunk).split(b"\n")
                self._rest = lines.pop()
                for line in lines:
                    self._take(line.decode("utf-8", errors="replace"))
