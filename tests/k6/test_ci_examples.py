"""The example workflows are valid YAML, and their commands work with a real k6."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from k6_mcp.settings import Settings
from lab.target import Target

_EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
_TIMEOUT_S = 120


@pytest.fixture(scope="session")
def k6_bin(any_k6: str) -> str:
    """One k6 is enough here."""
    return any_k6


def read(name: str) -> Mapping[object, Any]:
    """Return an example as its pipeline reads it."""
    return cast("Mapping[object, Any]", yaml.safe_load((_EXAMPLES / name).read_text(encoding="utf-8")))


def github_commands() -> Iterator[str]:
    """Yield the commands of the job that are ours, those of the main branch too."""
    for step in read("github-actions.yml")["jobs"]["gate"]["steps"]:
        if "k6-mcp " in step.get("run", "") and not step["name"].startswith("Install"):
            yield step["run"]


def gitlab_commands() -> Iterator[str]:
    """Yield the commands of the job."""
    yield from read("gitlab-ci.yml")["load test"]["script"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a job, with `k6-mcp` on its PATH."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "k6-mcp"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m k6_mcp "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return tmp_path


def run_job(
    folder: Path, settings: Settings, commands: Iterator[str], **variables: str
) -> list[tuple[int, str]]:
    """Run the commands as a pipeline does, up to the first that fails.

    Return how each ended and what it printed.
    """
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(_EXAMPLES.parents[1]),
        "K6_BIN": settings.k6_bin or "",
        "DURATION": "1s",
        "REPEAT": "1",
        "KEEP": "",
        **variables,
    }
    ended: list[tuple[int, str]] = []
    for command in commands:
        words = ["bash", "-eo", "pipefail", "-c", command]
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        ended.append((done.returncode, done.stdout + done.stderr))
        if done.returncode:
            break
    return ended


def test_the_workflow_of_github_has_the_parts_that_github_wants() -> None:
    workflow = read("github-actions.yml")
    steps = workflow["jobs"]["gate"]["steps"]

    # YAML 1.1 reads `on` as true
    assert workflow[True] == {
        "pull_request": None,
        "push": {"branches": ["main"]},
    }
    assert [step for step in steps if ("run" in step) == ("uses" in step)] == []
    assert [step["uses"].partition("@")[0] for step in steps if "uses" in step] == [
        "actions/checkout",
        "actions/setup-python",
        "actions/cache/restore",
        "actions/cache/save",
        "actions/upload-artifact",
    ]


def test_the_job_of_gitlab_has_the_parts_that_gitlab_wants() -> None:
    job = read("gitlab-ci.yml")["load test"]

    assert all(isinstance(command, str) for command in (*job["before_script"], *job["script"]))
    assert job["artifacts"]["reports"] == {"junit": "gate.xml"}
    assert job["cache"]["paths"] == ["baseline.zip"]


def test_the_job_of_gitlab_keeps_a_baseline_and_gates_the_next_machine_by_it(
    folder: Path, settings: Settings, target: Target
) -> None:
    of_main = run_job(
        folder,
        settings,
        gitlab_commands(),
        TARGET_URL=target.url("/delay/5"),
        K6_RESULTS_DIR=str(folder / "main"),
        KEEP="--set-baseline-on-pass",
        CI_COMMIT_SHA="abc",
    )
    other = {
        "TARGET_URL": target.url("/delay/5"),
        "K6_RESULTS_DIR": str(folder / "other"),
        "CI_COMMIT_SHA": "def",
    }
    of_change = run_job(folder, settings, gitlab_commands(), **other)

    assert [code for code, _ in of_main] == [0, 0, 0], of_main
    assert [code for code, _ in of_change][:1] == [0]
    assert "is now the baseline of home page" in of_change[0][1]
    assert "compared with the baseline" in of_change[1][1]
    assert (folder / "gate-comparison.html").exists()


def test_the_job_of_github_keeps_a_baseline_and_writes_its_summary(
    folder: Path, settings: Settings, target: Target
) -> None:
    done = run_job(
        folder,
        settings,
        github_commands(),
        TARGET_URL=target.url("/ok"),
        K6_RESULTS_DIR=str(folder / "main"),
        KEEP="--set-baseline-on-pass",
        GITHUB_SHA="abc",
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
    )

    assert [code for code, _ in done] == [0, 0, 0], done
    assert "::notice title=k6-mcp gate::passed" in done[1][1]
    assert (folder / "summary.md").read_text(encoding="utf-8").startswith("# ✅ Gate `home page`: passed")
    assert {path.name for path in folder.glob("gate*")} == {"gate.xml", "gate.md", "gate.html"}
    assert (folder / "baseline.zip").exists()
