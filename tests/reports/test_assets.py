"""The files that pages are put together from: bundled unmodified, with their license, in the package."""

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from k6_mcp.reports.assets import WEB

ROOT = Path(__file__).parents[2]
VENDORED = re.findall(
    r"^\| `([^`]+)` \| .+? \| ([\d.]+) \| .+? \| `([0-9a-f]{64})` \|$",
    (WEB / "VENDORED.md").read_text(encoding="utf-8"),
    re.M,
)


@pytest.mark.parametrize(("name", "version", "sha256"), VENDORED, ids=[name for name, _, _ in VENDORED])
def test_a_bundled_file_is_the_one_that_was_published(name: str, version: str, sha256: str) -> None:
    content = (WEB / name).read_bytes()

    assert hashlib.sha256(content).hexdigest() == sha256
    if name.endswith(".js"):
        assert f"(v{version})".encode() in content


def test_every_foreign_file_is_noted_with_its_license() -> None:
    foreign = {path.name for path in WEB.iterdir() if path.name.startswith("uPlot")}

    assert (
        {name for name, _, _ in VENDORED}
        == foreign
        == {"uPlot.iife.min.js", "uPlot.min.css", "uPlot.LICENSE"}
    )
    assert "MIT License" in (WEB / "uPlot.LICENSE").read_text(encoding="utf-8")


def test_the_wheel_holds_every_file_that_pages_need(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="left out: needs hatchling, which make installs")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)

    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {
            name.removeprefix("k6_mcp/reports/web/") for name in wheel.namelist() if "/reports/web/" in name
        }
    assert packed == {path.name for path in WEB.iterdir()}
    assert not any(
        "</script" in (WEB / name).read_text(encoding="utf-8").lower()
        for name in packed
        if name.endswith(".js")
    )
