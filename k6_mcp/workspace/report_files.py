"""Reports of a run as files in its folder, written whole or not at all."""

import os
import re
import tempfile
from pathlib import Path

from k6_mcp.errors import ReportUnavailable
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.run_id import RUN_ID

_NAME = re.compile(r"[a-z0-9][a-zA-Z0-9.-]{0,120}\Z")


def write_report(results_dir: Path, run_id: str, name: str, content: bytes) -> Path:
    """Write a report beside its run, for this user alone; replaces an older one of that name. Blocking: call
    it in a thread.

    Raises:
        ReportUnavailable: If the disk is full, the folder cannot be written, or it is no longer there.
        ValueError: If a name could lead out of the folder.
    """
    if not RUN_ID.match(run_id) or not _NAME.match(name):
        raise ValueError(f"{run_id[:60]!r} / {name[:60]!r} names no report")
    folder = RunFolder(results_dir, run_id)
    if not folder.path.is_dir():
        raise ReportUnavailable(
            f"the folder of run {run_id} is gone", hint="`k6-mcp report --output FILE` writes it elsewhere"
        )
    try:
        folder.reports.mkdir(exist_ok=True, mode=0o700)
        return _replace(folder.reports / name, content)
    except OSError as error:
        reason = f"{folder.reports / name} could not be written: {error.strerror or error}"
        raise ReportUnavailable(
            reason, hint="check_health tells the state of the disk; free space and ask again"
        ) from error


def _replace(target: Path, content: bytes) -> Path:
    # mkstemp makes the file with mode 0600
    handle, name = tempfile.mkstemp(prefix=".report-", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return target
