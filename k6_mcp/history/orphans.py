"""Runs that nobody will end: their server is dead."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from k6_mcp.history.folders import Folders
from k6_mcp.history.owners import Owners
from k6_mcp.history.runs import Unfinished
from k6_mcp.models.run import FINAL, Run

_FOLDERS_READ = 200


@dataclass(slots=True)
class Found:
    """`dead` runs wait for their verdict; `finished` ones have it in their folder, but the database does not know."""

    dead: list[Run] = field(default_factory=list[Run])
    finished: list[Run] = field(default_factory=list[Run])
    unread: int = 0


def judge_rows(rows: Iterable[Unfinished], folders: Folders, owners: Owners) -> Found:
    """Return what became of the runs that the database holds for unfinished. Blocking."""
    found = Found()
    here = os.path.realpath(folders.results_dir)
    for row, results_dir in rows:
        if results_dir != here and Path(results_dir).exists():
            continue  # its server's lock lies there; only servers there can judge
        if not owners.alive(row.server_id):
            _sort(next(folders.read_some([row.run_id]), row), owners, found)
    return found


def judge_folders(known: frozenset[str], folders: Folders, owners: Owners) -> Found:
    """Return what became of the newest runs that only their folders know. Blocking."""
    found = Found()
    unlisted = [run_id for run_id in folders.ids() if run_id not in known]
    newest = folders.newest(_FOLDERS_READ, among=unlisted)
    found.unread = len(unlisted) - len(newest)
    for run in folders.read_some(newest):
        _sort(run, owners, found)
    return found


def _sort(run: Run, owners: Owners, found: Found) -> None:
    if run.status in FINAL:
        found.finished.append(run)
    elif not owners.alive(run.server_id):
        found.dead.append(run)
