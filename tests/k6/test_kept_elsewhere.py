"""Runs whose folder cannot be written.

They are kept elsewhere until they can be moved home, and nothing else is left behind.
"""

import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.plan import Planned
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import Run
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.local import LocalRunner
from k6_mcp.scripts.render import render
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace
from lab.target import Target

_ENDED = 24


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary folders are made in."""
    (folder := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def test_folders_that_are_not_kept_are_few_and_gone_in_the_end(
    any_k6: str, tmp_path: Path, temporary: Path
) -> None:
    (no_folder := tmp_path / "results").write_text("", encoding="utf-8")
    script = render(parse_load_test({"script": "export default function () {}", "vus": 1, "iterations": 1}))

    with (
        closing(Workspace(no_folder)) as workspace,
        closing(LocalRunner(Launcher(workspace, any_k6, ""))) as runner,
    ):
        assert isinstance(await runner.plan("r-waits", script), Planned)
        for number in range(_ENDED):
            assert isinstance(await runner.plan(f"r-{number}", script), Planned)
            workspace.seal(f"r-{number}", script)
        left = len(_inside(temporary))
        scripts = [bool(workspace.script(run_id)) for run_id in ("r-waits", "r-0", f"r-{_ENDED - 1}")]

    assert (left, scripts) == (21, [True, False, True])
    assert _inside(temporary) == []


async def test_a_run_comes_home_when_its_server_leaves_and_there_is_room_again(
    settings: Settings, target: Target, temporary: Path
) -> None:
    _take_room(settings)
    async with open_app(settings) as service:
        run = await service.execute(_ten_requests(target), wait_s=60)
        _make_room(settings)
    async with open_app(settings) as service:
        found = await service.get(run.run_id)
        script, log, timeline = (
            await service.script(run.run_id),
            await service.log(run.run_id),
            await service.timeline(run.run_id),
        )

    assert [notice.code for notice in run.warnings if notice.code.endswith("unavailable")] == [
        "backup_unavailable",
        "history_unavailable",
    ]
    assert found == run.model_copy(update={"warnings": _of_the_test(run)})
    assert "http.get" in script
    assert "said by the script" in log
    assert timeline is not None
    assert _inside(settings.results_dir, "runs/*/record.ndjson") == []
    assert _inside(temporary) == []


async def test_a_run_that_finds_no_room_stays_whole_where_the_warning_says_and_rebuild_takes_it_from_there(
    settings: Settings, target: Target, temporary: Path
) -> None:
    _take_room(settings)
    async with open_app(settings) as service:
        run = await service.execute(_ten_requests(target), wait_s=60)
        refused = await service.execute(
            parse_load_test({"script": "export default function () { oh no }"}), wait_s=60
        )
        await service.plan(_ten_requests(target))
    elsewhere = {path.name: path for path in _inside(temporary, "k6-mcp-*/runs/*")}
    told = next(notice.message for notice in run.warnings if notice.code == "backup_unavailable")
    _make_room(settings)
    for path in elsewhere.values():
        shutil.move(path, settings.results_dir / "runs")
    async with open_app(settings) as service:
        report = await service.maintenance.rebuild()
        found = await service.get(run.run_id)
        timeline = await service.timeline(run.run_id)

    assert {*elsewhere} == {run.run_id, refused.run_id}
    assert f"the run is in {elsewhere[run.run_id]} until this process ends" in told
    assert f"move that folder into {settings.results_dir / 'runs'} and run `k6-mcp rebuild`" in told
    assert (report.restored, report.unreadable) == (2, ())
    assert found == run.model_copy(update={"warnings": _of_the_test(run)})
    assert timeline is not None


def _ten_requests(target: Target) -> LoadTest:
    script = f"""import http from 'k6/http';
export default function () {{ console.log('said by the script'); http.get('{target.url("/ok")}'); }}"""
    return parse_load_test({"script": script, "vus": 1, "iterations": 10})


def _of_the_test(run: Run) -> tuple[object, ...]:
    return tuple(notice for notice in run.warnings if not notice.code.endswith("_unavailable"))


def _take_room(settings: Settings) -> None:
    """Have something in the place of the results folder that nothing can be written into."""
    settings.results_dir.write_text("", encoding="utf-8")


def _make_room(settings: Settings) -> None:
    settings.results_dir.unlink()
    (settings.results_dir / "runs").mkdir(parents=True)


def _inside(folder: Path, pattern: str = "*") -> list[Path]:
    return [*folder.glob(pattern)]
