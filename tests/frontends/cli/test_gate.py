"""`k6-mcp gate`, `export`, `import` and `prune` where no k6 is needed.

The tests cover refusals and limits.
"""

import argparse
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.cli.arguments import defined_test
from k6_mcp.frontends.cli.main import main
from k6_mcp.frontends.cli.parser import build_parser
from k6_mcp.frontends.cli.prune import limits_of
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.retention import Retention
from k6_mcp.models.run import Run
from tests.history.samples import a_run, open_history

URL = "http://127.0.0.1:9/"


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything happens in this test's folder, and no k6 is found."""
    monkeypatch.setenv("K6_RESULTS_DIR", str(tmp_path / "results"))
    monkeypatch.setenv("K6_BIN", "/nonexistent/k6")
    monkeypatch.chdir(tmp_path)


def options(*words: str) -> argparse.Namespace:
    """Return the parsed command line."""
    return build_parser().parse_args(words)


def keep(folder: Path, *runs: Run) -> None:
    """Keep runs in the history of this test."""

    async def save() -> None:
        async with open_history(folder) as history:
            for run in runs:
                assert await history.save(run) == ()

    anyio.run(save)


def define(folder: Path, **arguments: object) -> str:
    """Write a definition and return its path."""
    path = folder / "test.json"
    path.write_text(json.dumps(arguments), encoding="utf-8")
    return str(path)


def test_a_definition_means_the_arguments_of_the_tool(tmp_path: Path) -> None:
    arguments = {"url": URL, "vus": 2, "duration": "5s", "slo": {"p95_ms": 5}, "tags": {"a": "1"}}

    assert defined_test(options("gate", define(tmp_path, **arguments, wait_s=45))) == parse_load_test(
        arguments
    )


def test_options_replace_what_a_definition_says_or_add_to_it(tmp_path: Path) -> None:
    path = define(
        tmp_path, script="x", vus=2, duration="5s", tags={"a": "1", "b": "1"}, env={"A": "1"}, name="old"
    )

    test = defined_test(
        options("gate", path, "--vus", "3", "--tag", "b=2", "--env", "B=2", "--name", "new", "--repeat", "3")
    )

    assert (test.vus, test.duration, test.name, test.repeat, test.tags) == (
        3,
        "5s",
        "new",
        3,
        {"a": "1", "b": "2"},
    )
    assert sorted(test.env) == ["A", "B"]


def test_a_script_file_is_sought_beside_its_definition(tmp_path: Path) -> None:
    assert defined_test(options("gate", define(tmp_path, script_file="a/b.js"))).script_file == str(
        tmp_path / "a" / "b.js"
    )


def test_a_definition_may_come_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"url": URL})))

    assert defined_test(options("gate", "-")).url == URL


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.json"], "missing.json"),
        (["list.json"], "is not a JSON object"),
        (["deep.json"], "cannot be read"),
        (["-"], "cannot be read"),
        (["wrong.json"], "speed"),
        (["r-20260101-aaaaaaaaaaaaaaaa"], "unknown_run"),
        (
            ["r-20260101-aaaaaaaaaaaaaaaa", "--vus", "2"],
            "vus: a finished run takes no load test arguments",
        ),
        ([URL, "--vus", "99999", "--duration", "1s"], "limit_exceeded"),
        (["wrong.json", "--vus", "99999", "--duration", "1s"], "K6_MCP_MAX_VUS"),
        ([URL], "k6_not_found"),
        ([URL, "--set-baseline-on-pass"], "has no name"),
        ([URL, "--github"], "GITHUB_STEP_SUMMARY is not set"),
    ],
)
def test_what_a_gate_refuses_is_an_error_and_never_a_pass(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: Sequence[str],
    said: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("no JSON"))
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "wrong.json").write_text(json.dumps({"url": URL, "speed": 1}), encoding="utf-8")

    assert main(["gate", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt(), BrokenPipeError()])
def test_a_gate_that_breaks_has_not_judged(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: BaseException
) -> None:
    def broken(*_: object) -> None:
        raise error

    def nothing(*_: object) -> None:
        """Leave it as it is."""

    monkeypatch.setattr("k6_mcp.frontends.cli.gate.defined_test", broken)
    # The stdout of this process is the suite's
    monkeypatch.setattr("os.dup2", nothing)

    assert main(["gate", URL]) == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 0),
        (["--baseline", "nobody"], 2),
        (["--require-baseline"], 2),
        (["--junit", "no/folder/x.xml"], 2),
    ],
)
def test_a_run_that_has_ended_is_gated_without_running_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str], code: int
) -> None:
    run = a_run()
    keep(tmp_path, run)

    assert main(["gate", run.run_id, *words, "--json"]) == code
    answer = json.loads(capsys.readouterr().out)
    assert (answer["exit_code"], answer["result"]["run_ids"]) == (code, [run.run_id])


def test_a_failed_run_that_has_ended_is_a_breach(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(status="failed", failure_kind="target_failing")
    keep(tmp_path, run)

    assert main(["gate", run.run_id]) == 1
    assert "gate breached" in capsys.readouterr().out


def test_prune_says_what_goes_before_and_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    runs = [a_run().model_copy(update={"created_at": now - timedelta(days=days)}) for days in (400, 40, 1)]
    keep(tmp_path, *runs)

    assert main(["prune", "--dry-run"]) == 0
    assert (
        "1 run would be removed" in (would := capsys.readouterr().out)
        and runs[0].run_id in would
        and "too old" in would
    )
    assert main(["prune", "--older-than", "30d", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["removed"], report["kept"], report["dry_run"], report["freed_bytes"] > 0) == (
        2,
        1,
        False,
        True,
    )
    assert main(["prune", "--older-than", "1h"]) == 0
    assert "1 run removed" in capsys.readouterr().out
    assert [*(tmp_path / "results" / "runs").iterdir()] == []


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ([], None),
        (["--older-than", "36h"], Retention(days=1.5, runs=None, size_bytes=None)),
        (["--keep-runs", "500"], Retention(days=None, runs=500, size_bytes=None)),
        (["--max-size", "1GB"], Retention(days=None, runs=None, size_bytes=1_000_000_000)),
        (["--max-size", "1.5 mb", "--keep-runs", "1"], Retention(days=None, runs=1, size_bytes=1_500_000)),
    ],
)
def test_limits_that_are_given_hold_alone(words: list[str], limits: Retention | None) -> None:
    assert limits_of(options("prune", *words)) == limits


def test_every_limit_that_is_none_is_said_at_once() -> None:
    with pytest.raises(InvalidArguments) as refused:
        limits_of(options("prune", "--older-than", "30", "--keep-runs", "-1", "--max-size", "big"))

    assert [
        name for name in ("--older-than", "--keep-runs", "--max-size") if name not in str(refused.value)
    ] == []
    assert "nothing was removed" in refused.value.hint


def test_a_run_travels_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run()
    keep(tmp_path, run)

    assert main(["export", run.run_id]) == 0
    monkeypatch.setenv("K6_RESULTS_DIR", str(tmp_path / "there"))
    assert main(["import", f"{run.run_id}.zip"]) == 0
    assert main(["import", f"{run.run_id}.zip", "--baseline", "--json"]) == 0
    said = capsys.readouterr().out
    assert f"{run.run_id} imported" in said
    assert json.loads(said.splitlines()[-1])["baselines"] == ["checkout"]
    assert main(["export", "checkout", "--output", "again.zip"]) == 0
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / f"{run.run_id}.zip").read_bytes()


def test_an_import_that_the_next_cleanup_would_remove_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run().model_copy(update={"created_at": datetime.now(UTC) - timedelta(days=400)})
    keep(tmp_path, run)
    main(["export", run.run_id, "--output", "run.zip"])
    monkeypatch.setenv("K6_RESULTS_DIR", str(tmp_path / "there"))
    main(["import", "run.zip", "--json"])

    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [notice["code"] for notice in report["notices"]] == ["beyond_retention"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "r-20260101-aaaaaaaaaaaaaaaa"], "unknown_run"),
        (["export", "no such test"], "no baseline is set for a test of that name"),
        (["import", "missing.zip"], "archive_unusable"),
    ],
)
def test_what_cannot_travel_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_doctor_tells_the_limits_and_the_space_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, a_run(), a_run(1))
    main(["doctor", "--json"])

    details = {
        component["name"]: component["detail"]
        for component in json.loads(capsys.readouterr().out)["components"]
    }
    assert (
        "365 days, the newest 100000, 10000 MB at most, plus all baselines; 2 ended runs use 0.0 MB"
        in details["retention"]
    )


@pytest.mark.parametrize("option", ["--keep-runs", "--max-size"])
def test_a_limit_of_nothing_is_refused_since_elsewhere_it_means_for_ever(option: str) -> None:
    with pytest.raises(InvalidArguments, match="0 would remove every run but baselines"):
        limits_of(options("prune", option, "0"))
