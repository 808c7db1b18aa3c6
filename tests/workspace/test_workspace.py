import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.workspace.workspace import Workspace

_RUN_ID = "r-20260101-aaaaaaaaaaaaaaaa"
_SCRIPT = Script(
    origin="text",
    text="const token = 'zz-secret-zz';",
    sha256="",
    files={"script.js": "const token = 'zz-secret-zz';", "_main.js": "// main"},
    entry="_main.js",
    env={"TOKEN": SecretStr("zz-secret-zz")},
)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with closing(Workspace(tmp_path / "results")) as workspace:
        yield workspace


def test_a_script_is_written_for_this_user_alone_and_its_place_is_known_before(workspace: Workspace) -> None:
    prepared: list[tuple[Path, bool]] = []
    folder = workspace.write(_RUN_ID, _SCRIPT, lambda path: prepared.append((path, path.exists())))

    assert prepared == [(folder.path, False)]
    assert folder == workspace.folder(_RUN_ID) == RunFolder(workspace.results_dir, _RUN_ID)
    assert (folder.path.stat().st_mode & 0o777, folder.script.stat().st_mode & 0o777) == (0o700, 0o600)
    assert workspace.temporary_folder(_RUN_ID) is None


def test_a_run_that_the_results_folder_cannot_take_moves_there_when_it_can(workspace: Workspace) -> None:
    workspace.results_dir.write_text("", encoding="utf-8")
    folder = workspace.write(_RUN_ID, _SCRIPT, lambda _: None)
    assert folder == workspace.folder(_RUN_ID) == workspace.temporary_folder(_RUN_ID)
    with pytest.raises(FileExistsError):
        workspace.move_home(_RUN_ID)
    assert folder.script.exists()

    workspace.results_dir.unlink()
    workspace.move_home(_RUN_ID)
    home = RunFolder(workspace.results_dir, _RUN_ID)
    assert workspace.folder(_RUN_ID) == home
    assert home.script.exists()
    assert not folder.results_dir.exists()


@pytest.mark.parametrize("full", [False, True])
def test_a_run_that_will_not_happen_leaves_nothing(workspace: Workspace, full: bool) -> None:
    if full:
        workspace.results_dir.write_text("", encoding="utf-8")
    folder = workspace.write(_RUN_ID, _SCRIPT, lambda _: None)
    workspace.discard(_RUN_ID)

    assert not folder.path.exists()
    assert workspace.temporary_folder(_RUN_ID) is None


def test_a_sealed_run_shows_no_secret_and_keeps_no_home_of_a_browser(workspace: Workspace) -> None:
    folder = workspace.write(_RUN_ID, _SCRIPT, lambda _: None)
    (folder.home / "tmp").mkdir(parents=True)
    workspace.seal(_RUN_ID, _SCRIPT)

    assert "zz-secret-zz" not in folder.script.read_text(encoding="utf-8")
    assert "const token" in workspace.script(_RUN_ID)
    assert not folder.home.exists()


def test_a_stop_is_requested_through_the_folder_that_all_processes_see(workspace: Workspace) -> None:
    workspace.write(_RUN_ID, _SCRIPT, lambda _: None)
    other = Workspace(workspace.results_dir)
    assert not workspace.stop_requested(_RUN_ID)
    other.request_stop(_RUN_ID)

    assert workspace.stop_requested(_RUN_ID)


def test_what_a_dead_server_left_is_read_to_its_last_whole_line(workspace: Workspace) -> None:
    folder = workspace.write(_RUN_ID, _SCRIPT, lambda _: None)
    folder.record.write_text("one\ntwo\nthr", encoding="utf-8")
    folder.summary.write_text('{"metrics": {}}', encoding="utf-8")
    lines: list[str] = []
    left = workspace.recover(_RUN_ID, lines.append)

    assert lines == ["one", "two"]
    assert (left.summary, left.export) == ('{"metrics": {}}', None)


def test_a_run_without_files_has_no_log_no_script_and_no_record(workspace: Workspace) -> None:
    assert (workspace.log(_RUN_ID), workspace.script(_RUN_ID)) == ("", "")
    assert workspace.follow(_RUN_ID, lambda _: None)() is False
