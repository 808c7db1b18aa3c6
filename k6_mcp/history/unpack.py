"""Unpacking of an archive of runs.

Everything in it is checked before anything of it is stored, since it may come from anyone.
"""

import gzip
import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import ValidationError
from pydantic_core import from_json

from k6_mcp.errors import ArchiveUnusable
from k6_mcp.history.import_checks import problems
from k6_mcp.models.archive import (
    LARGEST_ARCHIVE_BYTES,
    LARGEST_BYTES,
    LARGEST_CONTENT_BYTES,
    MANIFEST,
    MOST_RUNS,
    ArchivedFile,
    ArchivedRun,
    Manifest,
)
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.run_folder import RunFile
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.models.timeline import Timeline

_MEMBER = re.compile(rf"({RUN_ID.pattern.removesuffix(chr(92) + 'Z')})/([A-Za-z0-9.-]{{1,40}})\Z")
_CHUNK = 1_000_000
_LARGEST_MANIFEST_BYTES = 200_000
_LARGEST_TIMELINE_BYTES = 100_000_000
_MOST_MEMBERS = MOST_RUNS * len(LARGEST_BYTES) + 1
# Sizes of ZIP's records at the end of the file
_END_BYTES = 22
_LOCATOR_BYTES = 20
_LARGEST_DIRECTORY_BYTES = 100_000
_ENCRYPTED = 1
_HINT = "export the runs again with `k6-mcp export`, and copy the file unchanged"
_NEWER = "upgrade this k6-mcp"


def unpack(path: Path, into: Path) -> tuple[Run, ...]:
    """Check the archive at `path` and write its files to `into`, a folder per run; return the runs. Blocking.

    Raises:
        ArchiveUnusable: With every problem; nothing in `into` may be used then.
    """
    try:
        # Reading a device or a pipe might never end
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise _refused("it is not a regular file")
        with path.open("rb") as file:
            _check_ends(file, path.stat().st_size)
            with zipfile.ZipFile(file) as archive:
                members = _members(archive)
                manifest = _manifest(archive, members)
                return tuple(_unpack_run(archive, members, packed, into) for packed in manifest.runs)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, UnicodeDecodeError) as error:
        raise ArchiveUnusable(f"{path} is damaged: {str(error)[:200]}", hint=_HINT) from error
    except OSError as error:
        raise ArchiveUnusable(
            f"{path} cannot be read or unpacked: {error.strerror or error}", hint=_HINT
        ) from error


def _check_ends(file: IO[bytes], size_bytes: int) -> None:
    """Check the end records before a ZIP reader does.

    The reader creates an object for every entry that they announce.
    """
    if size_bytes > LARGEST_ARCHIVE_BYTES:
        raise _refused(f"it has {size_bytes} bytes, more than {LARGEST_ARCHIVE_BYTES}")
    file.seek(max(0, size_bytes - _END_BYTES - _LOCATOR_BYTES))
    tail = file.read()
    end, locator = tail[-_END_BYTES:], tail[: -_END_BYTES or None]
    if len(end) < _END_BYTES or not end.startswith(b"PK\x05\x06") or end[20:22] != b"\0\0":
        raise _refused("it is not an archive of runs, or it is truncated")
    entries, directory_bytes = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if (
        entries > _MOST_MEMBERS
        or directory_bytes > _LARGEST_DIRECTORY_BYTES
        or locator.startswith(b"PK\x06\x07")
    ):
        raise _refused(f"it announces more than {_MOST_MEMBERS} files")
    file.seek(0)


def _members(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    reasons: list[str] = []
    for entry in archive.infolist():
        reasons += [f"{entry.filename[:80]!r} {problem}" for problem in _problems(entry, members)]
        members[entry.filename] = entry
    if sum(entry.file_size for entry in members.values()) > LARGEST_CONTENT_BYTES:
        reasons.append(f"its files have more than {LARGEST_CONTENT_BYTES} bytes together")
    if reasons:
        raise _refused(*reasons)
    return members


def _problems(entry: zipfile.ZipInfo, members: Mapping[str, zipfile.ZipInfo]) -> Iterator[str]:
    name = _MEMBER.match(entry.filename)
    if entry.filename == MANIFEST:
        largest = _LARGEST_MANIFEST_BYTES
    elif name and name[2] in LARGEST_BYTES:
        largest = LARGEST_BYTES[name[2]]
    else:
        yield "is not one of a run's files"
        return
    if entry.filename in members:
        yield "is in the archive twice"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        yield "is a link or something else that is not a plain file"
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield "is encrypted, or compressed in another way than k6-mcp does"
    if entry.file_size > largest:
        yield f"has {entry.file_size} bytes, more than {largest}"


def _manifest(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> Manifest:
    if MANIFEST not in members:
        raise _refused(f"it has no {MANIFEST}")
    text = _read(archive, members[MANIFEST])
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise _refused(
            f"its {MANIFEST} cannot be read: {_first(error)}", hint=f"{_HINT}, or {_NEWER}"
        ) from error
    listed = [f"{run.run_id}/{file.name}" for run in manifest.runs for file in run.files]
    reasons = [f"{name[:80]!r} is listed but missing" for name in sorted({*listed} - {*members})]
    reasons += [
        f"{name[:80]!r} is present but not listed" for name in sorted({*members} - {*listed, MANIFEST})
    ]
    if len(listed) != len(set(listed)) or len({run.run_id for run in manifest.runs}) != len(manifest.runs):
        reasons.append("something is listed twice")
    if not manifest.runs or any(
        RunFile.RUN_JSON not in [file.name for file in run.files] for run in manifest.runs
    ):
        reasons.append("it lists a run without run.json, or no runs at all")
    if reasons:
        raise _refused(*reasons)
    return manifest


def _unpack_run(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], packed: ArchivedRun, into: Path
) -> Run:
    folder = into / packed.run_id
    folder.mkdir(mode=0o700)
    for file in packed.files:
        _extract(archive, members[f"{packed.run_id}/{file.name}"], file, folder / file.name)
    run = _run((folder / RunFile.RUN_JSON).read_bytes(), packed.run_id)
    reasons = [f"{name} of {packed.run_id} {problem}" for name, problem in _content_problems(folder)]
    if reasons:
        raise _refused(*reasons)
    return run


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, listed: ArchivedFile, target: Path) -> None:
    digest, size_bytes = hashlib.sha256(), 0
    with archive.open(entry) as member, target.open("xb") as file:
        target.chmod(0o600)
        while chunk := member.read(_CHUNK):
            size_bytes += len(chunk)
            if size_bytes > entry.file_size:
                raise _refused(f"{entry.filename!r} is larger than its header states")
            digest.update(chunk)
            file.write(chunk)
    if (size_bytes, digest.hexdigest()) != (listed.size_bytes, listed.sha256):
        raise _refused(f"{entry.filename!r} is not what was packed: its checksum or its size differs")


def _run(text: bytes, run_id: str) -> Run:
    try:
        run = Run.model_validate_json(text)
    except ValidationError as error:
        reason = f"run.json of {run_id} cannot be read: {_first(error)}"
        raise _refused(reason, hint=f"{_HINT}, or {_NEWER}") from error
    if run.run_id != run_id:
        raise _refused(f"run.json of {run_id} belongs to another run")
    if run.status not in FINAL or run.live is not None or run.queue_position is not None:
        raise _refused(f"{run_id} had not ended when it was packed")
    if reasons := [f"{run_id} {problem}" for problem in problems(run, datetime.now(UTC))]:
        raise _refused(*reasons)
    return run


def _content_problems(folder: Path) -> Iterator[tuple[str, str]]:
    for name in (RunFile.SUMMARY, RunFile.EXPORT):
        if (path := folder / name).exists() and not _is_json(path.read_bytes()):
            yield name, "is not JSON"
    if (path := folder / RunFile.TIMELINE).exists() and (problem := _timeline_problem(path)):
        yield path.name, problem


def _is_json(text: bytes) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _timeline_problem(path: Path) -> str | None:
    try:
        with gzip.open(path) as file:
            text = file.read(_LARGEST_TIMELINE_BYTES + 1)
        if len(text) > _LARGEST_TIMELINE_BYTES:
            return f"unpacks to more than {_LARGEST_TIMELINE_BYTES} bytes"
        Timeline.model_validate_json(text)
    except ValidationError as error:
        return f"cannot be read: {_first(error)}"
    except (OSError, EOFError, zlib.error) as error:
        return f"is damaged: {str(error)[:100]}"
    return None


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as member:
        return member.read(_LARGEST_MANIFEST_BYTES)


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part)[:40] for part in problem["loc"][:6])
    return f"{place}: {problem['msg'][:150]}" if place else problem["msg"][:150]


def _refused(*reasons: str, hint: str = _HINT) -> ArchiveUnusable:
    return ArchiveUnusable(*reasons[:20], hint=hint)
