"""What the terminal says names commands, not the tools of the server."""

import subprocess
import sys
from pathlib import Path

import pytest

from k6_mcp.frontends.cli.words import in_commands


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("get_history lists the runs and their ids", "k6-mcp history lists the runs and their ids"),
        (
            'see why with get_run detail="log" and repair it',
            "see why with k6-mcp show --detail log and repair it",
        ),
        ('get_run with detail="full" has every figure', "k6-mcp show --detail full has every figure"),
        ('when it is slow with get_run detail="timeline"; slo', "when it is slow with k6-mcp show; slo"),
        (
            (
                'analyze_run with run_id="r-1" explains it; get_run with run_id="r-1" and detail="log" has'
                " the log"
            ),
            "k6-mcp show r-1 explains it; k6-mcp show r-1 --detail log has the log",
        ),
        ("execute_k6_test with rate_per_s 50 should hold", "k6-mcp run with rate_per_s 50 should hold"),
        ("a script of its own", "a script of its own"),
    ],
)
def test_tools_become_commands(text: str, told: str) -> None:
    assert in_commands(text) == told


def test_a_command_that_shows_a_run_names_the_run_that_the_text_is_about() -> None:
    hint = 'get_run with detail="full" has every figure; execute_k6_test runs it again'
    shown = "k6-mcp show r-2 --detail full has every figure; k6-mcp run runs it again"
    assert in_commands(hint, "r-2") == shown
    assert in_commands('analyze_run with run_id="r-1" explains it', "r-2") == "k6-mcp show r-1 explains it"


@pytest.mark.slow
def test_an_error_in_a_terminal_names_a_command_and_the_same_as_json_the_tool(tmp_path: Path) -> None:
    def show(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "k6_mcp", "show", "r-20260101-0123456789abcdef", *more]
        environment = {"K6_RESULTS_DIR": str(tmp_path), "DATABASE_URL": str(tmp_path / "history.db")}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=30, check=False
        )

    plain, as_json = show(), show("--json")

    assert "next step: k6-mcp history lists the runs" in plain.stderr and "get_history" not in plain.stderr
    assert '"hint": "get_history lists the runs' in as_json.stdout
