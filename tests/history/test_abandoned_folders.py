"""Folders without a run are removed; those that are still needed stay."""

import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from k6_mcp.history.abandoned_folders import remove_leftovers_outside
from k6_mcp.models.retention import Retention
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.held_folders import HeldFolders
from tests.history.samples import a_run, open_history

_KEEP_ALL = Retention(days=None, runs=None, size_bytes=None)
_SECRET = "const password = 'hunter2-canary'"


def a_leftover(results_dir: Path, *files: str) -> RunFolder:
    """Create the folder of a run whose server died while k6 made its plan."""
    folder = RunFolder(results_dir, a_run().run_id)
    folder.path.mkdir(parents=True)
    for name in ("script.js", "_main.js", "_guard.js", "_options.js", *files):
        (folder.path / name).write_text(_SECRET, encoding="utf-8")
    return folder


@pytest.mark.parametrize("by", ["the next server", "prune", "rebuild"])
async def test_a_folder_without_a_run_goes(tmp_path: Path, by: str) -> None:
    async with open_history(tmp_path) as history:
        run = a_run()
        await history.save(run)
        leftover = a_leftover(tmp_path / "results", "k6.log")
        match by:
            case "prune":
                await history.cleanup.prune(_KEEP_ALL)
            case "rebuild":
                report = await history.rebuild()
                assert (report.removed, report.unreadable) == ((leftover.run_id,), ())
            case _:
                await history.orphans()

    assert [path.name for path in (tmp_path / "results" / "runs").iterdir()] == [run.run_id]


async def test_a_folder_stays_while_its_process_lives_or_once_it_has_a_run(tmp_path: Path) -> None:
    results_dir = tmp_path / "results"
    async with open_history(tmp_path) as history:
        planning, kept, stored = (RunFolder(results_dir, a_run().run_id) for _ in range(3))
        with closing(HeldFolders()) as held:
            for folder in (planning, kept, stored):
                held.make(folder)
            stored.run_json.write_text("{}", encoding="utf-8")
            for folder in (planning, kept, stored):
                held.let_go(folder.run_id)
            await history.cleanup.prune(_KEEP_ALL)
            assert [folder.path.exists() for folder in (planning, kept, stored)] == [True, True, True]
        await history.cleanup.prune(_KEEP_ALL)

    assert [folder.path.exists() for folder in (planning, kept, stored)] == [False, False, True]


@pytest.mark.parametrize(
    "left", ["record.ndjson", "k6-mcp-summary.json", "summary-export.json", "timeline.json.gz"]
)
async def test_the_remains_of_a_test_stay_and_are_reported(tmp_path: Path, left: str) -> None:
    async with open_history(tmp_path) as history:
        folder = a_leftover(tmp_path / "results", left)
        report = await history.rebuild()

    assert (report.removed, report.unreadable) == ((), (f"{folder.run_id}: has no run.json",))
    assert (folder.path / left).exists()


async def test_the_folder_of_a_run_that_only_the_database_knows_stays(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        run = a_run()
        await history.save(run)
        folder = RunFolder(tmp_path / "results", run.run_id)
        folder.run_json.unlink()
        folder.log.write_text("", encoding="utf-8")
        await history.cleanup.prune(_KEEP_ALL)

    assert folder.log.exists()


async def test_nothing_goes_while_the_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "history.db").write_bytes(b"garbage")
    async with open_history(tmp_path) as history:
        folder = a_leftover(tmp_path / "results")
        await history.orphans()

    assert folder.path.exists()


def test_temporary_folders_of_dead_processes_go_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead, alive, kept = (a_leftover(tmp_path / f"k6-mcp-{name}") for name in ("dead", "alive", "kept"))
    kept.run_json.write_text("{}", encoding="utf-8")
    (tmp_path / "k6-mcp-bench-x" / "results" / "runs").mkdir(parents=True)
    with closing(HeldFolders()) as held:
        held.make(alive)
        remove_leftovers_outside()

    assert [folder.path.exists() for folder in (dead, alive, kept)] == [False, True, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "k6-mcp-alive",
        "k6-mcp-bench-x",
        "k6-mcp-kept",
    ]
