import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from k6_mcp.models.script import Script
from k6_mcp.runners.child_process import Child
from k6_mcp.runners.launcher import Inspection, Launcher
from k6_mcp.workspace.workspace import Workspace

pytestmark = pytest.mark.slow

RUN_ID = "r-20260101-aaaaaaaaaaaaaaaa"
SCRIPT = Script(
    origin="text",
    text="// a",
    sha256="",
    files={"script.js": "// a", "_main.js": "// main"},
    entry="_main.js",
)
OTHER = SCRIPT._replace(text="// b")


def _fake_k6(folder: Path, does: str) -> str:
    """Write a stand-in for k6 that notes its arguments."""
    path = folder / "k6"
    path.write_text(f'#!/bin/sh\necho "$1" >> {folder}/calls\n{does}\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(Workspace(tmp_path / "results"), _fake_k6(tmp_path, "exec sleep 30"), os.defpath)
    yield launcher
    launcher.close()


def _child(inspection: Inspection) -> Child:
    assert isinstance(inspection.child, Child)
    return inspection.child


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_plan_that_was_begun_is_the_one_that_its_run_gets(launcher: Launcher) -> None:
    launcher.begin(RUN_ID, SCRIPT)
    assert launcher.early_run_id(SCRIPT) == RUN_ID
    inspection = launcher.inspect(RUN_ID, SCRIPT)
    assert (inspection.script, inspection.folder.script.read_text()) == (SCRIPT, "// a")
    assert _child(inspection).exit_code() is None
    assert launcher.early_run_id(SCRIPT) is None, "no second run may take it"
    again = launcher.inspect(RUN_ID, SCRIPT)
    assert _child(again).pid != _child(inspection).pid
    for each in (inspection, again):
        _child(each).end()


def test_a_plan_that_was_begun_of_another_script_is_nobodys(launcher: Launcher) -> None:
    launcher.begin(RUN_ID, SCRIPT)
    assert launcher.early_run_id(OTHER) is None


def test_the_version_that_was_asked_for_is_told_once_and_of_that_k6_alone(
    launcher: Launcher, tmp_path: Path
) -> None:
    launcher.begin(RUN_ID, SCRIPT)
    asked = launcher.version_process(tmp_path / "k6")
    assert asked is not None
    assert launcher.version_process(tmp_path / "k6") is None
    asked.end()
    launcher.begin(RUN_ID[:-1], OTHER)
    assert launcher.version_process(tmp_path / "another") is None


def test_what_was_begun_and_nobody_asked_for_is_ended_and_leaves_nothing(tmp_path: Path) -> None:
    launcher = Launcher(
        Workspace(tmp_path / "results"),
        _fake_k6(tmp_path, f"echo $$ >> {tmp_path}/pids; exec sleep 30"),
        os.defpath,
    )
    launcher.begin(RUN_ID, SCRIPT)
    folder = launcher.workspace.folder(RUN_ID).path
    while not (tmp_path / "pids").exists() or len(pids := (tmp_path / "pids").read_text().split()) < 2:
        # Both are k6 by now
        time.sleep(0.01)
    launcher.close()
    assert [_is_gone(int(pid)) for pid in pids] == [True, True]
    assert not folder.exists()


def test_a_k6_that_cannot_be_started_is_the_inspections_to_tell(launcher: Launcher) -> None:
    inspection = launcher.inspect(RUN_ID, SCRIPT._replace(env={"BIG": SecretStr("x" * 5_000_000)}))
    assert isinstance(inspection.child, OSError)
    assert inspection.child.errno == errno.E2BIG
