"""Runs leave as one file and come in from one; a run is taken in whole or not at all."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from k6_mcp.errors import ArchiveUnusable
from k6_mcp.history.folders import Folders
from k6_mcp.history.shelter import shielded
from k6_mcp.history.trash import Trash
from k6_mcp.models.archive import ExportReport, ImportReport
from k6_mcp.models.folder import RunFolder
from k6_mcp.models.run import Notice, Run

Get = Callable[[str], Awaitable[Run | None]]
Save = Callable[[Run], Awaitable[tuple[Notice, ...]]]


class Archives:
    """Packs and unpacks runs; `get` and `save` are those of the history."""

    def __init__(self, folders: Folders, get: Get, save: Save) -> None:
        self._folders = folders
        self._trash = Trash(folders.results_dir)
        self._get = get
        self._save = save

    async def export(self, runs: Sequence[Run], target: Path) -> ExportReport:
        """Write ended runs with their files to `target`. Raises ArchiveUnusable."""

        from k6_mcp.history.pack import pack

        return await shielded(asyncio.to_thread(pack, runs, self._folders.results_dir, target))

    async def take_in(self, path: Path) -> ImportReport:
        """Check an archive and keep its runs; one that is here already, identical, stays as it is.

        Raises:
            ArchiveUnusable: If anything is wrong with it, or another run has the id of one in it; nothing was kept then.
        """

        from k6_mcp.history.unpack import unpack

        workshop = await asyncio.to_thread(self._workshop)
        try:
            runs = await shielded(asyncio.to_thread(unpack, path, workshop))
            known = [run for run in runs if await self._is_known(run)]
            notices: list[Notice] = []
            for run in runs:
                await asyncio.to_thread(self._move, workshop / run.run_id, run.run_id)
                if run not in known:
                    notices += await self._save(run)
        finally:
            await shielded(asyncio.to_thread(shutil.rmtree, workshop, True))
        return ImportReport(
            path=str(path),
            imported=tuple(run.run_id for run in runs if run not in known),
            known=tuple(run.run_id for run in known),
            notices=tuple(notices),
        )

    async def _is_known(self, run: Run) -> bool:
        here = await self._get(run.run_id)
        if here is not None and here != run:
            reason = (
                f"another run with the id {run.run_id} is here already ({here.status}, created {here.created_at:%Y-%m-%d %H:%M})"
            )
            raise ArchiveUnusable(
                reason, hint="look at it with `k6-mcp show`; remove its folder and rebuild if it is the wrong one"
            )
        return here is not None

    def _workshop(self) -> Path:
        try:
            self._folders.prepare()
            return self._trash.workshop()
        except OSError as error:
            reason = f"{self._folders.results_dir} cannot be written: {error.strerror or error}"
            raise ArchiveUnusable(reason, hint="check_health tells the state of the disk") from error

    def _move(self, unpacked: Path, run_id: str) -> None:
        target = RunFolder(self._folders.results_dir, run_id)
        if target.run_json.exists():
            return  # what is here stays
        try:
            shutil.rmtree(target.path, ignore_errors=True)  # a folder without a run
            unpacked.rename(target.path)
        except OSError as error:
            hint = "try again: another program is using it"
            raise ArchiveUnusable(f"the folder of {run_id} cannot be made: {error.strerror or error}", hint=hint) from error
