"""Notices about a run that cannot be stored where it belongs."""

import shutil
from pathlib import Path

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.models.run import Notice
from k6_mcp.models.run_folder import RunFolder


def outside_notice(outside: RunFolder, results_dir: Path, error: OSError) -> Notice:
    """Return a notice that a run is outside `results_dir`, where it is, and how to move it there."""
    reason = (
        str(error.args[0][0][2]).partition(":")[0]
        if isinstance(error, shutil.Error)
        else error.strerror or str(error)
    )
    message = (
        f"{results_dir} could not be written ({reason[:100]}): the run is in {outside.path} until this"
        " process ends, which then moves it to where it belongs if there is room; otherwise move that folder"
        f" into {results_dir / 'runs'} and run `k6-mcp rebuild`"
    )
    return Notice(code="backup_unavailable", message=message)


def trouble_notice(code: str, what: str, error: Exception) -> Notice:
    """Return a notice that `what` did not work, with the reason and the next step."""
    if isinstance(error, HistoryUnavailable):
        return Notice(code=code, message=f"{what}: {'; '.join(error.reasons)} (next step: {error.hint})")
    return Notice(
        code=code,
        message=(
            f"{what}: {str(error).splitlines()[0][:200]} (next step: check_health shows the state of the"
            " disk)"
        ),
    )


def only_in_folders(runs: int) -> str | None:
    """Return a sentence about the runs that are missing in the database, None if there are none."""
    return f"{runs} more runs are in their folders only: `k6-mcp rebuild` restores them" if runs else None
