"""Runs whose folder cannot be written leave nothing behind."""

import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from k6_mcp.models.plan import Plan
from k6_mcp.models.rules import parse_load_test
from k6_mcp.runners.local import LocalRunner
from k6_mcp.scripts.render import render

_ENDED = 24


async def test_folders_that_are_not_kept_are_few_and_gone_in_the_end(
    any_k6: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary := tmp_path / "temporary").mkdir()
    (no_folder := tmp_path / "results").write_text("", encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    script = render(parse_load_test({"script": "export default function () {}", "vus": 1, "iterations": 1}))

    with closing(LocalRunner(no_folder, any_k6, "")) as runner:
        assert isinstance(await runner.plan("r-waits", script), Plan)
        for number in range(_ENDED):
            assert isinstance(await runner.plan(f"r-{number}", script), Plan)
            runner.seal(f"r-{number}", script)
        left = len(list(temporary.iterdir()))
        scripts = [bool(runner.script(run_id)) for run_id in ("r-waits", "r-0", f"r-{_ENDED - 1}")]

    assert (left, scripts) == (21, [True, False, True])
    assert list(temporary.iterdir()) == []
