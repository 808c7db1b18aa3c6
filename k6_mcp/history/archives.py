"""Export of runs to one file and import from one; each run is imported whole or not at all."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from k6_mcp.errors import ArchiveUnusable
from k6_mcp.history.import_checks import cleaned
from k6_mcp.history.pack import pack
from k6_mcp.history.shield import shielded
from k6_mcp.history.trash import Hold, Trash
from k6_mcp.history.unpack import unpack
from k6_mcp.models.archive import CONTRADICTED, IMPORTED, ArchivedFiles, ExportReport, ImportReport
from k6_mcp.models.run import Notice, Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.atomic import replace_file
from k6_mcp.workspace.run_json import Folders
from k6_mcp.workspace.timelines import timeline_in

Get = Callable[[str], Awaitable[Run | None]]
Save = Callable[[Run], Awaitable[tuple[Notice, ...]]]
JudgeAgain = Callable[[Run, ArchivedFiles], Run]
_MARKS = (IMPORTED, CONTRADICTED)


class Archives:
    """Packs and unpacks runs; `get` and `save` are the history's."""

    def __init__(self, folders: Folders, get: Get, save: Save) -> None:
        self._folders = folders
        self._trash = Trash(folders.results_dir)
        self._get = get
        self._save = save

    async def export(self, runs: Sequence[Run], target: Path) -> ExportReport:
        """Write ended runs with their files to `target`. Raises ArchiveUnusable."""
        # The file has no marks of an import. Every import sets them again and trusts no file about them.
        unmarked = [_unmarked(run) for run in runs]
        return await shielded(asyncio.to_thread(pack, unmarked, self._folders.results_dir, target))

    async def take_in(self, path: Path, judge_again: JudgeAgain) -> ImportReport:
        """Check an archive and store its runs as `judge_again` marks them.

        A run that is here already and identical stays as it is.

        Raises:
            ArchiveUnusable: If anything is wrong with the archive, or a different run here has the id of one
                in it. Nothing was stored then.
        """
        workshop, lock = await asyncio.to_thread(self._workshop)
        try:
            runs = await shielded(asyncio.to_thread(unpack, path, workshop))
            marked = [await asyncio.to_thread(_marked, run, workshop, judge_again) for run in runs]
            known = [run for run, mark in zip(runs, marked, strict=True) if await self._is_known(run, mark)]
            await self._check_repeats(runs)
            notices: list[Notice] = []
            for run, mark in zip(runs, marked, strict=True):
                here = await self._get(run.run_id) if run in known else None
                await asyncio.to_thread(self._move, workshop / run.run_id, here or mark)
                if run not in known:
                    notices += [*await self._save(mark), *_contradictions(mark)]
        finally:
            await shielded(asyncio.to_thread(shutil.rmtree, workshop, True))
            lock.close()
        return ImportReport(
            path=str(path),
            imported=tuple(run.run_id for run in runs if run not in known),
            known=tuple(run.run_id for run in known),
            notices=tuple(notices),
        )

    async def _is_known(self, run: Run, mark: Run) -> bool:
        here = await self._get(run.run_id)
        if here is not None and here not in (run, mark) and _unmarked(here) != _unmarked(run):
            reason = (
                f"a different run with the id {run.run_id} is here already ({here.status}, created"
                f" {here.created_at:%Y-%m-%d %H:%M})"
            )
            raise ArchiveUnusable(
                reason,
                hint="look at it with `k6-mcp show`; if it is the wrong one, remove its folder and rebuild",
            )
        return here is not None

    async def _check_repeats(self, runs: Sequence[Run]) -> None:
        """Reject a foreign run that would join the repeats of a request that ran here."""
        ids = {run.run_id for run in runs}
        for first in {
            run.repeat_of for run in runs if run.repeat_of is not None and run.repeat_of not in ids
        }:
            here = await self._get(first)
            if here is not None and not is_imported(here):
                reason = f"it contains a repeat of {first}, which ran here and isn't in the archive"
                raise ArchiveUnusable(
                    reason, hint="import it on another machine, or export all repeats of the request together"
                )

    def _workshop(self) -> tuple[Path, Hold]:
        try:
            self._folders.prepare()
            return self._trash.workshop()
        except OSError as error:
            reason = f"{self._folders.results_dir} cannot be written: {error.strerror or error}"
            raise ArchiveUnusable(reason, hint="check_health shows the state of the disk") from error

    def _move(self, unpacked: Path, run: Run) -> None:
        run_id = run.run_id
        target = RunFolder(self._folders.results_dir, run_id)
        if target.run_json.exists():
            # The run that is here stays
            return
        try:
            # Whoever reads the folder before the run is saved, after a crash too, must find the marks of an
            # import and not the words of the file
            replace_file(unpacked / target.run_json.name, run.model_dump_json(indent=1).encode())
            # The folder may exist without a run
            shutil.rmtree(target.path, ignore_errors=True)
            unpacked.rename(target.path)
        except OSError as error:
            hint = "another program is using it; try again"
            raise ArchiveUnusable(
                f"the folder of {run_id} cannot be created: {error.strerror or error}", hint=hint
            ) from error


def is_imported(run: Run) -> bool:
    """Return whether a run was imported from an archive."""
    return any(notice.code in _MARKS for notice in run.warnings)


def _marked(run: Run, workshop: Path, judge_again: JudgeAgain) -> Run:
    folder, names = workshop / run.run_id, RunFolder(workshop, run.run_id)
    summary, export = (_text(folder / path.name) for path in (names.summary, names.export))
    return judge_again(
        cleaned(_unmarked(run)), ArchivedFiles(summary, export, timeline_in(folder / names.timeline.name))
    )


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None


def _unmarked(run: Run) -> Run:
    return run.with_warnings(notice for notice in run.warnings if notice.code not in _MARKS)


def _contradictions(run: Run) -> list[Notice]:
    notices = [notice for notice in run.warnings if notice.code == CONTRADICTED]
    return [notice.changed(message=f"{run.run_id}: {notice.message}") for notice in notices]
