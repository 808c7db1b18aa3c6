"""Timelines in the folders of their runs: gzipped JSON, written whole or not at all.

The functions block, so call them in a thread.
"""

import gzip
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.models.timeline import Timeline
from k6_mcp.workspace.atomic import replace_file

MOST_BYTES = 300_000
_LEVEL = 6
_LARGEST_FILE_BYTES = 5_000_000
_LARGEST_TEXT_BYTES = 60_000_000


def write_timeline(results_dir: Path, run_id: str, versions: Iterable[Timeline]) -> None:
    """Write the first of `versions` that has at most `MOST_BYTES`, otherwise the last.

    It is on the disk when this returns.

    Raises:
        OSError: If the disk is full or the folder cannot be written; a former timeline is untouched then.
        ValueError: If the run's id could lead out of the folder.
    """
    if not RUN_ID.match(run_id):
        raise ValueError(f"{run_id[:60]!r} is not a run id")
    content = b""
    for version in versions:
        content = gzip.compress(version.model_dump_json(exclude_defaults=True).encode(), _LEVEL, mtime=0)
        if len(content) <= MOST_BYTES:
            break
    # The record that the timeline replaces is removed next.
    replace_file(RunFolder(results_dir, run_id).timeline, content, on_disk=True)


def read_timeline(results_dir: Path, run_id: str) -> Timeline | None:
    """Return a run's timeline, or None if there is none or it is damaged."""
    return timeline_in(RunFolder(results_dir, run_id).timeline) if RUN_ID.match(run_id) else None


def timeline_in(path: Path) -> Timeline | None:
    """Return the timeline in a file, None if there is none or it is damaged."""
    with suppress(OSError, EOFError, ValueError, zlib.error):
        if path.stat().st_size <= _LARGEST_FILE_BYTES:
            with gzip.open(path) as file:
                text = file.read(_LARGEST_TEXT_BYTES + 1)
            return Timeline.model_validate_json(text) if len(text) <= _LARGEST_TEXT_BYTES else None
    return None


def remove_record(results_dir: Path, run_id: str) -> None:
    """Remove k6's record of a run, if its timeline is there to replace it."""
    folder = RunFolder(results_dir, run_id)
    if RUN_ID.match(run_id) and folder.timeline.exists():
        with suppress(OSError):
            folder.record.unlink()
