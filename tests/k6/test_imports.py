"""Runs of real k6 carried to another machine in a file, by people who may have edited it on the way."""

import asyncio
import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k6_mcp.answers.run import run_answer
from k6_mcp.app import open_app
from k6_mcp.models.archive import CONTRADICTED, IMPORTED
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.gate import GatePolicy
from k6_mcp.models.run import Run
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings
from lab.target import Target, open_target

Content = dict[str, Any]


_TEST: Content = {"vus": 2, "iterations": 30, "name": "checkout", "slo": {"error_rate": 0.01}}


@pytest.fixture(scope="module")
def exported(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of a run that is good and of one whose every request failed."""
    folder = tmp_path_factory.mktemp("origin")
    settings = Settings(results_dir=folder, database=folder / "history.db", k6_bin=k6_bin)
    files = {name: folder / f"{name}.zip" for name in ("good", "bad")}

    async def export() -> None:
        with open_target() as target:
            async with open_app(settings) as service:
                for name, path in (("good", "/ok"), ("bad", "/status/500")):
                    run = await service.execute(
                        parse_load_test({**_TEST, "url": target.url(path)}), wait_s=60
                    )
                    await service.kept_runs.export_run(run.run_id, files[name])

    asyncio.run(export())
    return files


def _said_completed(run: Content) -> None:
    run |= {"status": "completed", "failure": None, "exit_code": 0}


def _figures_too(run: Content) -> None:
    _said_completed(run)
    run["metrics"]["figures"] |= {"failed_requests": 0, "error_rate": 0.0}
    run["metrics"]["thresholds"] = [
        {**row, "ok": True, "observed": 0.0} for row in run["metrics"]["thresholds"]
    ]


def _nothing_asked(run: Content) -> None:
    _figures_too(run)
    run["metrics"]["thresholds"], run["plan"]["thresholds"] = [], []


def _from_nowhere(run: Content) -> None:
    _figures_too(run)
    run["metrics"] |= {"source": "record", "exact": False}
    run["metrics"]["figures"] |= {"requests": 3000}


def _without_marks(run: Content) -> None:
    run["warnings"] = []


async def _imported(service: LoadTests, archive: Path) -> Run:
    report = await service.kept_runs.import_run(archive)
    return await service.get(report.imported[0])


def _edited(archive: Path, folder: Path, change: Callable[[Content], None]) -> Path:
    with zipfile.ZipFile(archive) as file:
        files = {name: file.read(name) for name in file.namelist()}
    name = next(name for name in files if name.endswith("/run.json"))
    run = json.loads(files[name])
    change(run)
    files[name] = json.dumps(run).encode()
    manifest = json.loads(files["manifest.json"])
    for listed in manifest["runs"][0]["files"]:
        content = files[f"{run['run_id']}/{listed['name']}"]
        listed |= {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(folder / "edited.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for each, content in files.items():
            file.writestr(each, content)
    return folder / "edited.zip"


def _codes(run: Run) -> set[str]:
    return {notice.code for notice in run.warnings} & {IMPORTED, CONTRADICTED}


async def test_an_honest_file_keeps_its_verdict_and_is_marked_wherever_it_is_shown(
    settings: Settings, exported: dict[str, Path], tmp_path: Path
) -> None:
    async with open_app(settings) as service:
        good, bad = await _imported(service, exported["good"]), await _imported(service, exported["bad"])
        gate = await service.kept_runs.gate(good.run_id, GatePolicy())
        believed = await service.kept_runs.gate(good.run_id, GatePolicy(allow_imported=True))
        report = await service.kept_runs.rendered(good.run_id, "markdown")
        again = await service.kept_runs.import_run(exported["good"])
        await service.kept_runs.export_run(good.run_id, tmp_path / "onward.zip")
    stripped = _edited(tmp_path / "onward.zip", tmp_path, _without_marks)
    elsewhere = dataclasses.replace(settings, results_dir=tmp_path / "x", database=tmp_path / "x" / "h.db")
    async with open_app(elsewhere) as service:
        onward = await _imported(service, stripped)

    assert (good.status, bad.status, _codes(good), _codes(bad)) == (
        "completed",
        "failed",
        {IMPORTED},
        {IMPORTED},
    )
    assert IMPORTED in [notice.code for notice in run_answer(good).warnings]
    assert (gate.outcome, believed.outcome) == ("errored", "passed")
    assert IMPORTED in gate.reasons[0]
    assert b"unsigned file" in report
    assert again.known == (good.run_id,)
    assert _codes(onward) == {IMPORTED}


@pytest.mark.parametrize(
    "change", [_said_completed, _figures_too, _nothing_asked, _from_nowhere], ids=lambda f: f.__name__[1:]
)
async def test_a_run_that_was_edited_to_completed_is_told_as_its_figures_are(
    settings: Settings, exported: dict[str, Path], tmp_path: Path, change: Callable[[Content], None]
) -> None:
    async with open_app(settings) as service:
        run = await _imported(service, _edited(exported["bad"], tmp_path, change))
        gate = await service.kept_runs.gate(run.run_id, GatePolicy(allow_imported=True))

    assert _codes(run) == {IMPORTED, CONTRADICTED}
    assert gate.outcome == "errored"
    assert run.status == "failed" or change is _from_nowhere
    assert "its run.json claims completed" in next(
        notice.message for notice in run.warnings if notice.code == CONTRADICTED
    )


async def test_a_baseline_from_a_file_is_compared_with_and_said_to_be_one(
    settings: Settings, exported: dict[str, Path], target: Target
) -> None:
    async with open_app(settings) as service:
        report = await service.kept_runs.import_run(exported["good"], baseline=True)
        run = await service.execute(parse_load_test({**_TEST, "url": target.url("/ok")}), wait_s=60)
        gate = await service.kept_runs.gate(run.run_id, GatePolicy())

    assert report.baselines == ("checkout",)
    assert _codes(run) == set()
    assert gate.comparison is not None and gate.comparison.notes[0].startswith(
        f"{IMPORTED}: {report.imported[0]}"
    )
    assert gate.comparison.notes[0] in gate.notes
    # Its target has another port
    assert gate.outcome in ("passed", "not_comparable")
