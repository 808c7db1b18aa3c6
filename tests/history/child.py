"""Another server process: `python -m tests.history.child COMMAND FOLDER …`, driven by its stdin."""

import asyncio
import itertools
import os
import resource
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import aiosqlite

from k6_mcp.errors import ArchiveUnusable, HistoryUnavailable
from k6_mcp.history.cleanup_pass import Pass
from k6_mcp.history.removing import Removals
from k6_mcp.history.trash import Trash
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.retention import Retention
from k6_mcp.models.run_folder import RunFolder
from tests.history.samples import a_run, open_history


async def hold(folder: Path) -> None:
    """Own a running test until standard input ends; prints `run_id server_id`."""
    async with open_history(folder) as history:
        run = a_run(status="running", server_id=history.server_id)
        assert await history.save(run) == ()
        _print(f"{run.run_id} {history.server_id}")
        await asyncio.to_thread(sys.stdin.read)


async def write(folder: Path, count: int) -> None:
    """Save `count` runs, each as running and as completed; prints the number of notices."""
    async with open_history(folder) as history:
        notices = 0
        for minute in range(count):
            running = a_run(minute, status="running", server_id=history.server_id)
            notices += len(await history.save(running))
            notices += len(await history.save(running.model_copy(update={"status": "completed"})))
        _print(str(notices))


async def claim(folder: Path) -> None:
    """Claim every orphan and mark it lost; prints how many were claimed."""
    async with open_history(folder) as history:
        orphans = await history.orphans()
        _print("ready")
        await asyncio.to_thread(sys.stdin.readline)
        claimed = 0
        for run in orphans:
            if await history.claim(run.run_id):
                claimed += 1
                await history.save(run.model_copy(update={"status": "lost"}))
        _print(str(claimed))


async def fill(folder: Path, largest_bytes: int) -> None:
    """Save runs while no file can grow beyond `largest_bytes`, then without that limit.

    Prints the notices and the stored runs.
    """
    async with open_history(folder) as history:
        first, second = a_run(0), a_run(1)
        assert await history.save(first) == ()
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, resource.RLIM_INFINITY))
        _print(" ".join(notice.code for notice in await history.save(second)))
        assert await history.get(second.run_id) == second
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        page = await history.page(HistoryQuery())
        _print(f"{len(page.runs)} {page.degraded}")


async def full(folder: Path) -> None:
    """Fill the file system, save a run, free the space, and save another one.

    Prints the notices each time, and the number of known runs.
    """
    async with open_history(folder) as history:
        assert await history.save(a_run(0)) == ()
        _fill_up(folder / "filler")
        _print(" ".join(notice.code for notice in await history.save(a_run(1))))
        _print(" ".join(component.state for component in await history.health()))
        (folder / "filler").unlink()
        _print(" ".join(notice.code for notice in await history.save(a_run(2))))
        _print(str((await history.page(HistoryQuery())).total))


async def prune(folder: Path, keep: int) -> None:
    """Print that the process is ready, wait for a line, and prune to the `keep` newest runs.

    Prints the number of removed runs.
    """
    async with open_history(folder) as history:
        await history.get("r-20260101-aaaaaaaaaaaaaaaa")
        _print("ready")
        await asyncio.to_thread(sys.stdin.readline)
        limits = Retention(days=None, runs=keep, size_bytes=None)
        while True:
            try:
                _print(str((await history.cleanup.prune(limits)).removed))
                return
            except HistoryUnavailable as error:
                assert "another process" in str(error)
                await asyncio.sleep(0.01)


async def prune_and_die(folder: Path, keep: int, point: int) -> None:
    """Prune to the `keep` newest runs, and be killed at one of the `points`."""
    unlinked = itertools.count(1)
    unlink, commit = os.unlink, aiosqlite.Connection.commit

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def die_at_the_third(*arguments: Any, **options: Any) -> None:
        if next(unlinked) == 3:
            die()
        unlink(*arguments, **options)

    def die_at_some(_: Trash, run_ids: Iterable[str]) -> None:
        if [*run_ids]:
            die()

    async def die_once_aside(connection: aiosqlite.Connection) -> None:
        if any((folder / "results" / "trash").glob("r-*")):
            die()
        await commit(connection)

    points = (
        # Folders are set aside, rows still exist
        (Removals, "_remove_rows", die),
        # Rows are removed, but not committed
        (aiosqlite.Connection, "commit", die_once_aside),
        # Rows are gone, folders are in the trash
        (Pass, "_note", die),
        # Rows are gone, folders should be deleted permanently
        (Trash, "empty", die_at_some),
        # A folder is half removed
        (os, "unlink", die_at_the_third),
    )
    async with open_history(folder) as history:
        await history.cleanup.space(60)
        setattr(*points[point])
        await history.cleanup.prune(Retention(days=None, runs=keep, size_bytes=None), for_good=point > 2)


async def export_full(folder: Path, largest_bytes: int) -> None:
    """Export a run over an earlier file while no file can grow beyond `largest_bytes`.

    Prints the error, the size of the file, and the files in its folder.
    """
    async with open_history(folder) as history:
        run = a_run()
        await history.save(run)
        RunFolder(folder / "results", run.run_id).log.write_bytes(os.urandom(2 * largest_bytes))
        target = folder / "exports" / "run.zip"
        target.parent.mkdir()
        target.write_bytes(b"former")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, resource.RLIM_INFINITY))
        try:
            await history.archives.export([run], target)
        except ArchiveUnusable as error:
            _print(str(error))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        _print(str(target.stat().st_size))
        _print(" ".join(path.name for path in target.parent.iterdir()))


async def readonly(folder: Path) -> None:
    """Use a read-only history; prints the notices of a save and the number of runs on a page."""
    for part in ("catalog", "health", "runs"):
        # The user below may be unable to read modules that are imported later
        import_module(f"k6_mcp.history.{part}")
    if os.getuid() == 0:
        # Root can write everywhere. In a thread, so that threads are loaded before.
        await asyncio.to_thread(os.setuid, 65534)
    async with open_history(folder) as history:
        _print(" ".join(notice.code for notice in await history.save(a_run(1))))
        page = await history.page(HistoryQuery())
        _print(f"{len(page.runs)} {' '.join(component.state for component in await history.health())}")


def _fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(command: str, folder: str, *numbers: str) -> None:
    """Run one command."""
    commands: dict[str, Callable[..., Coroutine[None, None, None]]] = {
        "hold": hold,
        "write": write,
        "claim": claim,
        "fill": fill,
        "full": full,
        "export_full": export_full,
        "prune": prune,
        "prune_and_die": prune_and_die,
        "readonly": readonly,
    }
    asyncio.run(commands[command](Path(folder), *map(int, numbers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
