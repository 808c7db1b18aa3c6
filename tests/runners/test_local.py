"""The local runner around a k6 that answers from files."""

import json
import os
from contextlib import closing
from pathlib import Path

from k6_mcp.models.plan import Planned, RunPlan
from k6_mcp.models.script import Script
from k6_mcp.runners.find_k6 import Found
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.local import LocalRunner
from k6_mcp.workspace.workspace import Workspace

_RUN_ID = "r-20260101-aaaaaaaaaaaaaaaa"
_SCRIPT = Script(origin="text", text="// a", sha256="", files={"_main.js": "// a"}, entry="_main.js")
_OPTIONS = {
    "scenarios": {"default": {"executor": "per-vu-iterations", "vus": 1, "iterations": 1}},
    "totalDuration": "1s",
    "maxVUs": 1,
}


class _Counting(Launcher):
    """A launcher that counts how often k6 is located."""

    finds = 0

    def find(self) -> Found:
        self.finds += 1
        return super().find()


def _fake_k6(folder: Path) -> str:
    (folder / "options.json").write_text(json.dumps(_OPTIONS), encoding="utf-8")
    path = folder / "k6"
    path.write_text(
        f'#!/bin/sh\ncase "$1" in\nversion) echo \'{{"version": "v1.1.0"}}\' ;;\n'
        f"inspect) cat {folder}/options.json ;;\nesac\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return str(path)


async def test_k6_is_located_once_for_the_plan_and_the_run_of_a_test(tmp_path: Path) -> None:
    launcher = _Counting(Workspace(tmp_path / "results"), _fake_k6(tmp_path), os.defpath)
    with closing(LocalRunner(launcher)) as runner:
        planned = await runner.plan(_RUN_ID, _SCRIPT)
        assert isinstance(planned, Planned)
        plan = RunPlan(_RUN_ID, _SCRIPT, planned.plan, planned.options, planned.k6_version, 30.0)
        outcome = await runner.run(plan, lambda _: None)

    assert (planned.k6_version, outcome.exit_code, launcher.finds) == ("1.1.0", 0, 1)


async def test_a_plan_that_another_process_made_is_run_by_the_k6_found_here(tmp_path: Path) -> None:
    launcher = _Counting(Workspace(tmp_path / "results"), _fake_k6(tmp_path), os.defpath)
    with closing(LocalRunner(launcher)) as runner:
        planned = await runner.plan(_RUN_ID, _SCRIPT)
        assert isinstance(planned, Planned)
        plan = RunPlan(_RUN_ID, _SCRIPT, planned.plan, planned.options, "0.0.0", 30.0)
        outcome = await runner.run(plan, lambda _: None)

    assert (outcome.exit_code, launcher.finds) == (0, 2)


async def test_a_run_that_another_process_wants_to_stop_never_starts_k6(tmp_path: Path) -> None:
    launcher = _Counting(Workspace(tmp_path / "results"), _fake_k6(tmp_path), os.defpath)
    with closing(LocalRunner(launcher)) as runner:
        planned = await runner.plan(_RUN_ID, _SCRIPT)
        assert isinstance(planned, Planned)
        launcher.workspace.request_stop(_RUN_ID)
        plan = RunPlan(_RUN_ID, _SCRIPT, planned.plan, planned.options, planned.k6_version, 30.0)
        outcome = await runner.run(plan, lambda _: None)

    assert (outcome.exit_code, outcome.stop_reason) == (None, "caller")
