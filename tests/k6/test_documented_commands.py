"""The commands of README and docs, run as they are written, with shorter tests of a local target."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.evidence import words
from lab.target import Target
from tests.documented import ROOT, commands

_PAGES = ("README.md", "docs/terminal.md", "docs/pipelines.md", "docs/oneshot.md")
_OURS = re.compile(r"k6-mcp |echo .* python3 k6_server\.py")
_SAMPLE = re.compile(r"^```text\n\$ k6-mcp ([^\n]+)\n(.+?)^```$", re.MULTILINE | re.DOTALL)
_REFUSED = 2
_TIMEOUT_S = 120


@pytest.fixture(scope="session")
def k6_bin(any_k6: str) -> str:
    """One k6 is enough here."""
    return any_k6


class Reader:
    """A reader's machine: `k6-mcp` and `python3` on PATH, examples, and files that the pages mention."""

    def __init__(self, folder: Path, k6: str, target: Target) -> None:
        self.folder = folder
        self.target = target.url("/delay/5")
        self.run_id = ""
        self._environment = {
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "K6_BIN": k6,
            "K6_RESULTS_DIR": str(folder / "results"),
            "COLUMNS": "200",
        }
        for name, command in {"k6-mcp": "-m k6_mcp", "python3": ""}.items():
            path = folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n', encoding="utf-8")
            path.chmod(0o755)
        shutil.copy(ROOT / "k6_server.py", folder)
        (folder / "perf").mkdir()
        test = {"url": self.target, "rate_per_s": 20, "duration": "1s", "name": "checkout"}
        (folder / "perf" / "checkout.json").write_text(json.dumps(test), encoding="utf-8")
        shutil.copytree(ROOT / "examples", folder / "examples")
        for script in (folder / "examples").glob("*.js"):
            text = script.read_text(encoding="utf-8").replace("http://127.0.0.1:8000", target.url(""))
            script.write_text(text, encoding="utf-8")
        shutil.copy(folder / "examples" / "get.js", folder / "script.js")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of a page, with this target and tests of a second."""
        command = re.sub(
            r"https?://(?:your-service\.example|127\.0\.0\.1:80[08]0)/(?=\s)", self.target, f"{command} "
        ).strip()
        command = re.sub(r"(duration(?: |\":\"))(?:\d+[ms])+", r"\g<1>1s", command)
        command = command.replace("r-20260131-abcdefghijklmnop", self.run_id)
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", command],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )


@pytest.fixture
def reader(tmp_path: Path, k6_bin: str, target: Target) -> Reader:
    """A machine on which two tests have baselines already."""
    reader = Reader(tmp_path, k6_bin, target)
    for words_ in ("perf/checkout.json", f'{reader.target} --rate 20 --duration 1s --name "home page"'):
        done = reader.run(f"k6-mcp gate {words_} --slo p95_ms=5000 --set-baseline-on-pass --json")
        assert done.returncode == 0, done.stdout + done.stderr
    before = {folder.name for folder in (tmp_path / "results" / "runs").iterdir()}
    reader.run("k6-mcp gate perf/checkout.json --slo p95_ms=5000")
    (reader.run_id,) = {folder.name for folder in (tmp_path / "results" / "runs").iterdir()} - before
    return reader


@pytest.mark.lasting
@pytest.mark.parametrize("page", _PAGES)
def test_the_commands_of_a_page_do_something(page: str, reader: Reader) -> None:
    refused: list[str] = []
    ours = [command for command in commands(page) if _OURS.match(command)]

    for command in ours:
        done = reader.run(command)
        if done.returncode == _REFUSED or "Traceback" in done.stderr:
            refused.append(f"{command}: {done.stdout}{done.stderr}")

    assert ours
    assert refused == []


@pytest.mark.lasting
def test_the_sample_of_the_readme_is_what_the_terminal_shows(reader: Reader, target: Target) -> None:
    ((command, sample),) = _SAMPLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    slow = target.url("/delay/400")

    done = reader.run(f"k6-mcp {command.replace('http://127.0.0.1:8000/slow', slow)}")

    shown = [
        words(line).strip() for line in done.stdout.replace(slow, "http://127.0.0.1:8000/slow").splitlines()
    ]
    missing = [line for line in sample.splitlines() if words(line).strip() not in shown]
    assert missing == [], done.stdout
