"""`k6-mcp` in a terminal, with a real k6: what a person or a pipeline sees, and the exit code."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from k6_mcp.answers.run import RunAnswer
from k6_mcp.settings import Settings
from lab.target import Target, closed_port
from tests.k6.processes import k6_pids, until
from tests.k6.services import endless

ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 60
Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def k6_bin(any_k6: str) -> str:
    """One k6 is enough here: what a terminal shows does not depend on its version."""
    return any_k6


@pytest.fixture
def environment(settings: Settings) -> Mapping[str, str]:
    """The environment of a `k6-mcp` that keeps its runs in this test's folder."""
    return {
        **os.environ,
        "K6_RESULTS_DIR": str(settings.results_dir),
        "K6_BIN": settings.k6_bin or "",
        "COLUMNS": "200",
    }


@pytest.fixture
def cli(environment: Mapping[str, str]) -> Cli:
    """Run one command to its end."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words), capture_output=True, text=True, timeout=_TIMEOUT_S, env=environment, check=False
        )

    return run


def command(*words: str) -> list[str]:
    """Return the command line of `k6-mcp`."""
    return [sys.executable, "-m", "k6_mcp", *words]


def history(cli: Cli, *filters: str) -> list[dict[str, Any]]:
    """Return the runs that `k6-mcp history --json` knows, newest first."""
    return json.loads(cli("history", "--json", *filters).stdout)["runs"]


def test_doctor_says_that_tests_run_where_they_cannot_be_kept(cli: Cli, settings: Settings) -> None:
    settings.results_dir.write_text("nothing can be written here", encoding="utf-8")

    done = cli("doctor")

    assert done.returncode == 1
    assert "load tests can run here, but their results cannot be kept" in done.stdout


def test_a_test_that_holds_ends_with_0_and_is_kept(cli: Cli, target: Target, settings: Settings) -> None:
    done = cli(
        "run", target.url("/ok"), "--vus", "1", "--iterations", "3", "--slo", "p95_ms=5000", "--name", "smoke"
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("✓ completed")
    assert "p(95)<=5000" in done.stdout
    assert target.total == 3
    [kept] = history(cli, "--name", "smoke")
    assert f"kept in {settings.results_dir / 'runs' / kept['run_id']}" in done.stdout


def test_a_crossed_threshold_ends_with_1_and_its_numbers(cli: Cli, target: Target) -> None:
    done = cli(
        "run",
        target.url("/delay/20"),
        "--vus",
        "1",
        "--iterations",
        "2",
        "--threshold",
        "http_req_duration:p(95)<1",
    )

    assert done.returncode == 1
    assert "✗ failed: thresholds_exceeded" in done.stdout
    shown = re.search(r"p\(95\)<1 .*observed ([0-9.]+)", done.stdout)
    # The target waits 20 ms; how much longer an answer takes depends on the machine.
    assert shown and float(shown[1]) >= 20, done.stdout


def test_json_is_the_whole_output_for_machines(cli: Cli) -> None:
    done = cli("run", f"http://127.0.0.1:{closed_port()}/", "--vus", "1", "--iterations", "2", "--json")

    answer = RunAnswer.model_validate_json(done.stdout)
    assert answer.failure is not None
    assert answer.failure.kind == "target_unreachable"
    assert (done.returncode, done.stderr) == (1, "")


def test_ctrl_c_stops_k6_keeps_the_figures_and_ends_with_3(
    environment: Mapping[str, str], target: Target, tmp_path: Path
) -> None:
    (tmp_path / "test.js").write_text(endless(target.url("/ok")), encoding="utf-8")
    words = command("run", str(tmp_path / "test.js"))
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        anyio.run(until, lambda: target.total >= 20, "20 requests")
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=_TIMEOUT_S)

    assert shown.startswith("■ cancelled")
    assert "requests" in shown
    assert process.returncode == 3
    assert k6_pids(shown.split()[2]) == []


def test_stop_ends_a_run_of_another_process(
    cli: Cli, environment: Mapping[str, str], target: Target, tmp_path: Path
) -> None:
    (tmp_path / "test.js").write_text(endless(target.url("/ok")), encoding="utf-8")
    words = command("run", str(tmp_path / "test.js"), "--json")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        anyio.run(until, lambda: target.total >= 20, "20 requests")
        stopped = cli("stop")
        shown, _ = process.communicate(timeout=_TIMEOUT_S)

    answer = RunAnswer.model_validate_json(shown)
    assert answer.status == "cancelled"
    assert answer.run_id in stopped.stdout
    assert (stopped.returncode, process.returncode) == (0, 3)


def test_a_terminal_sees_a_moving_bar_and_then_the_verdict(
    environment: Mapping[str, str], target: Target
) -> None:
    ours, theirs = pty.openpty()
    words = command("run", target.url("/ok"), "--rate", "5", "--duration", "3s")
    with subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env={**environment, "TERM": "xterm"}
    ) as process:
        os.close(theirs)
        seen = b""
        # What Linux says when the last terminal of a pty is closed
        with suppress(OSError):
            while chunk := os.read(ours, 65_536):
                seen += chunk
    os.close(ours)

    shown = seen.decode()
    assert process.returncode == 0, shown
    assert "━" in shown
    assert "req/s" in shown
    assert "✓ completed" in shown


def test_validate_shows_the_line_that_k6_refuses(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "broken.js").write_text("export default function () {\n  let a = ;\n}\n", encoding="utf-8")

    done = cli("validate", str(tmp_path / "broken.js"))

    assert done.returncode == 1
    assert "line 2, column 11: let a = ;" in done.stdout
    assert history(cli) == []


def test_validate_shows_the_plan_and_what_the_limits_forbid(cli: Cli) -> None:
    fine = cli("validate", "http://127.0.0.1:9/", "--preset", "low")
    too_much = cli("validate", "http://127.0.0.1:9/", "--vus", "5000", "--duration", "1m")

    assert fine.returncode == 0
    assert "constant-arrival-rate" in fine.stdout
    assert too_much.returncode == 2
    assert "5000" in too_much.stdout + too_much.stderr


def test_show_gives_every_view_of_the_newest_run(cli: Cli, target: Target) -> None:
    cli("run", target.url("/ok"), "--vus", "1", "--iterations", "3", "--tag", "build=7")
    [run] = history(cli, "--tag", "build=7")

    assert run["run_id"] in cli("show").stdout
    assert "http_reqs" in cli("show", "--detail", "full").stdout
    assert "export default function" in cli("show", run["run_id"], "--detail", "script").stdout
    assert json.loads(cli("show", "--detail", "full", "--json").stdout)["metrics"]["figures"]["requests"] == 3
    assert run["run_id"] in cli("history").stdout


def test_rebuild_brings_back_the_history_of_a_lost_database(
    cli: Cli, target: Target, settings: Settings
) -> None:
    cli("run", target.url("/ok"), "--vus", "1", "--iterations", "1")
    [before] = history(cli)
    for path in settings.results_dir.glob("history.db*"):
        path.unlink()

    assert "1 run restored" in cli("rebuild").stdout
    assert history(cli) == [before]


def test_the_demo_shows_three_endings_apart_from_the_users_history_and_how_to_see_them_again(
    cli: Cli, environment: Mapping[str, str], settings: Settings
) -> None:
    done = cli("demo", "--seconds", "2")

    assert done.returncode == 0, done.stdout + done.stderr
    positions = [
        done.stdout.index(text) for text in ("✓ completed", "thresholds_exceeded", "target_unreachable")
    ]
    assert positions == sorted(positions)
    assert "req/s" in done.stdout
    assert "observed" in done.stdout
    assert history(cli) == []
    *_, list_them, show_one = done.stdout.splitlines()
    elsewhere = {**environment, "DATABASE_URL": str(settings.database), "PYTHONPATH": str(ROOT)}
    listed, shown = [
        subprocess.run(
            line, shell=True, capture_output=True, text=True, timeout=_TIMEOUT_S, env=elsewhere, check=True
        ).stdout
        for line in (list_them, show_one)
    ]
    assert [listed.count(word) for word in ("completed", "thresholds_exceeded", "target_unreachable")] == [
        1,
        1,
        1,
    ]
    assert "target_unreachable" in shown
