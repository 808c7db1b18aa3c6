"""Reports of a run as files in its folder, written whole or not at all."""

import re
from pathlib import Path

from k6_mcp.errors import ReportUnavailable
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.workspace.atomic import replace_file

_NAME = re.compile(r"[a-z0-9][a-zA-Z0-9.-]{0,120}\Z")


def write_report(results_dir: Path, run_id: str, name: str, content: bytes) -> Path:
    """Write a report into its run's folder, for this user alone; blocks.

    It replaces an older report of that name.

    Raises:
        ReportUnavailable: If the disk is full, the folder cannot be written, or it is no longer there.
        ValueError: If a name could lead out of the folder.
    """
    if not RUN_ID.match(run_id) or not _NAME.match(name):
        raise ValueError(f"{run_id[:60]!r} / {name[:60]!r} names no report")
    folder = RunFolder(results_dir, run_id)
    if not folder.path.is_dir():
        raise ReportUnavailable(
            f"the folder of run {run_id} no longer exists",
            hint="`k6-mcp report --output FILE` writes it elsewhere",
        )
    try:
        folder.reports.mkdir(exist_ok=True, mode=0o700)
        replace_file(path := folder.reports / name, content)
    except OSError as error:
        reason = f"{folder.reports / name} could not be written: {error.strerror or error}"
        raise ReportUnavailable(
            reason, hint="check_health shows the state of the disk; free space and call again"
        ) from error
    return path
