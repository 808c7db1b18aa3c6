"""The files of one run on disk: written before k6 starts, followed while it runs, sealed when it is over."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import NOT_SHOWN, Script
from k6_mcp.redaction import mask_known, redact_script, redact_text, with_forms
from k6_mcp.workspace.secret_names import RecordNames, masked_metrics
from k6_mcp.workspace.summary_files import seal_own_files

_SUMMARY_BYTES = 50_000_000
_SHOWN_BYTES = 2_100_000
_BEGINNING_BYTES = 200
# A browser that was killed a moment ago can still write.
_TIMES_TO_REMOVE = 3


def write_script(folder: RunFolder, script: Script) -> RunFolder:
    """Write the script's files, readable by this user alone; returns `folder`.

    Raises:
        OSError: If the disk is full or the folder cannot be written.
    """
    for place in (folder.results_dir, folder.path.parent, folder.path):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.path.chmod(0o700)
    for name, text in script.files.items():
        _write(folder.path / name, text)
    return folder


def keep_copy(folder: RunFolder, script: Script, *, parsed: bool) -> None:
    """Keep a copy, without its secrets, of a script that runs from its own place.

    If k6 could not parse the script, only a note is kept.
    """
    if script.source_path is None:
        return
    # A full disk loses the copy, not the run.
    with contextlib.suppress(OSError):
        _write(
            folder.script,
            redact_text(script.text, with_forms(script.secrets)) if parsed else f"// {NOT_SHOWN}\n",
        )


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def seal(folder: RunFolder, secrets: Iterable[str], of_names: Collection[str]) -> None:
    """Remove the secrets from the files that stay.

    These are the script, the files that its handleSummary wrote, and in k6's summary the results of setup()
    and the names (see `without_secret_names`).
    """
    secrets = tuple(secrets)
    with contextlib.suppress(OSError):
        text = folder.script.read_text(encoding="utf-8", errors="replace")
        if (redacted := redact_text(redact_script(text), secrets)) != text:
            folder.script.write_text(redacted, encoding="utf-8")
    seal_own_files(folder, secrets)
    for path in (folder.summary, folder.export):
        with contextlib.suppress(OSError, ValueError, RecursionError, AttributeError):
            text = path.read_text(encoding="utf-8")
            data = json.loads(masked := without_secret_names(text, secrets, of_names) or text)
            if data.pop("setup_data", None) is not None or masked != text:
                path.write_text(json.dumps(data), encoding="utf-8")
    with contextlib.suppress(OSError):
        text = folder.record.read_text(encoding="utf-8", errors="replace") if of_names else ""
        if mask_known(text, of_names) != text:
            names = RecordNames(of_names)
            folder.record.write_text(
                "".join(f"{names.shown(line)}\n" for line in text.splitlines()), encoding="utf-8"
            )


def without_secret_names(
    summary: str | None, secrets: Collection[str], of_names: Collection[str]
) -> str | None:
    """Return k6's summary with secret values masked in the names that a script chooses.

    Names of checks and groups show none of `secrets`, those of metrics none of `of_names`: fewer, since
    ordinary words make them.
    """
    if not summary or not secrets:
        return summary
    try:
        data = cast(dict[str, object], json.loads(summary))
        root = _masked_group(data["root_group"], secrets)
    except (ValueError, RecursionError, TypeError, KeyError):
        return summary
    masked = {**masked_metrics(data, of_names), "root_group": root}
    return summary if masked == data else json.dumps(masked)


def _masked_group(group: object, secrets: Collection[str]) -> object:
    """Mask a group or a check with everything below it.

    The wrapper's JSON has lists of them. k6's own export has objects by name.
    """
    if isinstance(group, str):
        return mask_known(group, secrets)
    if not isinstance(group, Mapping):
        return group
    fields = dict(cast(Mapping[str, object], group))
    for kind in ("groups", "checks"):
        inside = fields.get(kind)
        if isinstance(inside, list):
            fields[kind] = [_masked_group(one, secrets) for one in cast(list[object], inside)]
        elif isinstance(inside, Mapping):
            by_name: dict[str, object] = {}
            for name, one in cast(Mapping[str, object], inside).items():
                shown = mask_known(name, secrets)
                # Two names that differ only in their secrets look the same once they are masked.
                while shown in by_name:
                    shown += "*"
                by_name[shown] = _masked_group(one, secrets)
            fields[kind] = by_name
    return {
        name: one if name in ("groups", "checks") else _masked_group(one, secrets)
        for name, one in fields.items()
    }


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
        return (
            path.read_text(encoding="utf-8", errors="replace")
            if path.stat().st_size <= _SUMMARY_BYTES
            else None
        )
    except OSError:
        return None


def read_shown(path: Path) -> str:
    """Return the text of a file that people read, empty when it is missing."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_SHOWN_BYTES)
    except OSError:
        return ""


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it. Never raises."""
    for _ in range(_TIMES_TO_REMOVE):
        if not path.exists():
            return
        shutil.rmtree(path, ignore_errors=True)


class Tail:
    """Follows a file that grows by whole lines, and takes each line once.

    A file that has replaced it is not read.
    """

    def __init__(self, path: Path, take: Callable[[str], None]) -> None:
        self._path = path
        self._take = take
        self._offset = 0
        self._rest = b""
        self._identity: tuple[int, int] | None = None
        self._beginning = b""

    def read(self) -> bool:
        """Take the lines that have been completed since the last call.

        Return False if the file is missing or has been replaced.
        """
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            if not self._same(file):
                return False
            file.seek(self._offset)
            while chunk := file.read(1 << 20):
                self._offset += len(chunk)
                lines = (self._rest + chunk).split(b"\n")
                self._rest = lines.pop()
                for line in lines:
                    self._take(line.decode("utf-8", errors="replace"))
            return True
        return False

    def _same(self, file: BinaryIO) -> bool:
        """Return whether the file continues the part that was read.

        A file that `seal` has rewritten differs from the first line on.
        """
        stat, beginning = os.fstat(file.fileno()), file.read(_BEGINNING_BYTES)
        identity = (stat.st_dev, stat.st_ino)
        if (
            self._identity not in (None, identity)
            or stat.st_size < self._offset
            or not beginning.startswith(self._beginning)
        ):
            return False
        self._identity, self._beginning = identity, beginning
        return True
