"""Runs packed into one ZIP file: the same runs always give the same bytes."""

import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from k6_mcp import __version__
from k6_mcp.errors import ArchiveUnusable
from k6_mcp.models.archive import (
    LARGEST_ARCHIVE_BYTES,
    LARGEST_BYTES,
    MANIFEST,
    ArchivedFile,
    ArchivedRun,
    ExportReport,
    Manifest,
)
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFile, RunFolder
from k6_mcp.redaction import redact_script

_CHUNK = 1_000_000
# The earliest time that ZIP can store
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def pack(runs: Sequence[Run], results_dir: Path, target: Path) -> ExportReport:
    """Write `runs` with their files to `target`, whole or not at all. Blocking.

    Raises:
        ArchiveUnusable: If `target` cannot be written, or a file is larger than an archive may contain.
    """
    try:
        # mkstemp creates the file with mode 0600
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}-", dir=target.parent)
    except OSError as error:
        raise _unwritable(target, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file, runs, results_dir)
        if (size_bytes := temporary.stat().st_size) > LARGEST_ARCHIVE_BYTES:
            raise ArchiveUnusable(
                f"the archive would have {size_bytes} bytes, more than {LARGEST_ARCHIVE_BYTES}", hint=_FEWER
            )
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return ExportReport(path=str(target), size_bytes=size_bytes, run_ids=tuple(run.run_id for run in runs))


_FEWER = "export fewer runs into one file"


def _write(file: IO[bytes], runs: Sequence[Run], results_dir: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        packed = tuple(_pack_run(archive, run, RunFolder(results_dir, run.run_id)) for run in runs)
        manifest = Manifest(made_by=f"k6-mcp {__version__}", runs=packed)
        with archive.open(_entry(MANIFEST), "w") as member:
            member.write(manifest.model_dump_json(indent=1).encode())


def _pack_run(archive: zipfile.ZipFile, run: Run, folder: RunFolder) -> ArchivedRun:
    files = [_add(archive, run.run_id, RunFile.RUN_JSON, io.BytesIO(run.model_dump_json(indent=1).encode()))]
    kept = (folder.script, folder.summary, folder.export, folder.timeline, folder.record, folder.log)
    for path in kept:
        if path == folder.record and folder.timeline.exists():
            # The timeline contains everything that the record does
            continue
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as content:
            shown = _without_secrets(content) if path == folder.script else content
            files.append(_add(archive, run.run_id, path.name, shown))
    return ArchivedRun(run_id=run.run_id, files=tuple(files))


def _without_secrets(content: IO[bytes]) -> IO[bytes]:
    """Return a script as it is shown to people."""
    stored = content.read(LARGEST_BYTES[RunFile.SCRIPT] + 1)
    text = stored.decode("utf-8", "replace")
    redacted = redact_script(text)
    return io.BytesIO(stored if redacted == text else redacted.encode())


def _add(archive: zipfile.ZipFile, run_id: str, name: str, content: IO[bytes]) -> ArchivedFile:
    digest, size_bytes = hashlib.sha256(), 0
    with archive.open(_entry(f"{run_id}/{name}"), "w") as member:
        while chunk := content.read(_CHUNK):
            size_bytes += len(chunk)
            if size_bytes > LARGEST_BYTES[name]:
                reason = (
                    f"{name} of {run_id} has more than {LARGEST_BYTES[name]} bytes, the most that an archive"
                    " can contain"
                )
                raise ArchiveUnusable(
                    reason, hint="copy the run's folder and run `k6-mcp rebuild` there instead"
                )
            digest.update(chunk)
            member.write(chunk)
    return ArchivedFile(name=name, size_bytes=size_bytes, sha256=digest.hexdigest())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = 0o100600 << 16
    return entry


def _unwritable(target: Path, error: OSError) -> ArchiveUnusable:
    hint = "free some space there, or name another file"
    return ArchiveUnusable(f"{target} cannot be written: {error.strerror or error}", hint=hint)
