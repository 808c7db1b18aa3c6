"""`k6-mcp` where no k6 is needed: what is understood, what is refused, and how."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.cli.arguments import load_test
from k6_mcp.frontends.cli.console import printable
from k6_mcp.frontends.cli.main import main
from k6_mcp.frontends.cli.parser import build_parser
from k6_mcp.models.argument_rules import parse_load_test

URL = "http://127.0.0.1:9/"
COMMANDS = (
    "run",
    "validate",
    "render",
    "history",
    "show",
    "stop",
    "serve",
    "oneshot",
    "demo",
    "doctor",
    "rebuild",
    "prune",
    "export",
    "import",
)


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Results go to this test's folder, and no k6 is found."""
    monkeypatch.setenv("K6_RESULTS_DIR", str(tmp_path / "results"))
    monkeypatch.setenv("K6_BIN", "/nonexistent/k6")


def options(*words: str) -> argparse.Namespace:
    """Return the parsed command line."""
    return build_parser().parse_args(words)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert f"usage: k6-mcp {command}" in capsys.readouterr().out


def test_the_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    text = capsys.readouterr().out
    assert [command for command in COMMANDS if command not in text] == []
    assert "0 completed, 1 failed, 2 refused" in text


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ([URL], {"url": URL}),
        (["test.js"], {"script_file": "test.js"}),
        ([URL, "--preset", "high", "--duration", "1m"], {"url": URL, "preset": "high", "duration": "1m"}),
        ([URL, "--vus", "5", "--iterations", "10"], {"url": URL, "vus": 5, "iterations": 10}),
        ([URL, "--rate", "2.5", "--duration", "10s"], {"url": URL, "rate_per_s": 2.5, "duration": "10s"}),
        (
            [URL, "--stage", "10s:20", "--stage", "1m30s:0"],
            {"url": URL, "stages": [{"duration": "10s", "target": 20}, {"duration": "1m30s", "target": 0}]},
        ),
        (
            [URL, "--method", "post", "--header", "X-A: b: c", "--body", "text"],
            {"url": URL, "method": "POST", "headers": {"X-A": "b: c"}, "body": "text"},
        ),
        (
            [URL, "--method", "PUT", "--json-body", '{"a": [1]}'],
            {"url": URL, "method": "PUT", "body": {"a": [1]}},
        ),
        (
            [URL, "--threshold", "http_req_duration{name:a b}: p(95)<500", "--threshold", "checks=rate>=0.9"],
            {
                "url": URL,
                "thresholds": {"http_req_duration{name:a b}": ["p(95)<500"], "checks": ["rate>=0.9"]},
            },
        ),
        (
            [URL, "--threshold", "http_reqs:count>1", "--threshold", "http_reqs:rate>1"],
            {"url": URL, "thresholds": {"http_reqs": ["count>1", "rate>1"]}},
        ),
        (
            [URL, "--slo", "p95_ms=500", "--slo", "error_rate=0.01"],
            {"url": URL, "slo": {"p95_ms": 500, "error_rate": 0.01}},
        ),
        (
            [URL, "--expect-status", "404", "--expect-status", "2xx"],
            {"url": URL, "expected_statuses": ["404", "2xx"]},
        ),
        (
            ["a.js", "--env", "A=b=c", "--tag", "build=42", "--name", "n"],
            {"script_file": "a.js", "env": {"A": "b=c"}, "tags": {"build": "42"}, "name": "n"},
        ),
        (
            ["a.js", "--vus", "1", "--duration", "1s", "--override-load"],
            {"script_file": "a.js", "vus": 1, "duration": "1s", "override_load": True},
        ),
    ],
)
def test_options_mean_the_arguments_of_the_tool(words: list[str], arguments: dict[str, object]) -> None:
    assert load_test(options("run", *words)) == parse_load_test(arguments)


def test_a_body_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text('{"a": 1}', encoding="utf-8")

    test = load_test(options("run", URL, "--method", "POST", "--json-body", f"@{tmp_path / 'body.json'}"))

    assert test.body == {"a": 1}


def test_every_violation_is_said_at_once_and_no_secret_with_it() -> None:
    words = [
        URL,
        "--vus",
        "many",
        "--header",
        "Bearer s3cret",
        "--stage",
        "x",
        "--threshold",
        "<5",
        "--slo",
        "speed=1",
        "--env",
        "PASSWORD",
    ]

    with pytest.raises(InvalidArguments) as refused:
        load_test(options("run", *words))

    text = str(refused.value)
    assert [
        part
        for part in ("vus", "--header", "--stage", "--threshold", "slo.speed", "--env")
        if part not in text
    ] == []
    assert "s3cret" not in text


@pytest.mark.parametrize("value", ["@/nonexistent", "{not json"])
def test_a_body_that_cannot_be_had_is_refused(value: str) -> None:
    with pytest.raises(InvalidArguments, match="--json-body"):
        load_test(options("run", URL, "--method", "POST", "--json-body", value))


def test_filters_of_the_history_are_checked_together(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["history", "--status", "great", "--limit", "1000", "--since", "yesterday"])

    text = capsys.readouterr().err
    assert code == 2
    assert [name for name in ("status", "limit", "since") if name not in text] == []
    assert "see k6-mcp history --help" in text


def test_what_is_refused_ends_with_2_and_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["run", URL, "--vus", "5000", "--duration", "2h"])

    text = capsys.readouterr().err
    assert code == 2
    assert "limit_exceeded" in text
    assert "5000" in text
    assert "2h" in text
    assert "next step" in text


@pytest.mark.parametrize("command", ["run", "validate"])
def test_limits_are_said_together_with_options_that_are_wrong(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["http://127.0.0.1:1/", "--vus", "5000", "--duration", "2h"]

    assert main([command, *words, "--slo", "speed=1"]) == 2
    of_the_test = capsys.readouterr().err
    assert main([command, *words, "--stage", "1m"]) == 2
    of_the_words = capsys.readouterr().err

    for said in (of_the_test, of_the_words):
        assert "invalid_arguments" in said
        assert "(K6_MCP_MAX_VUS)" in said
        assert "(K6_MCP_MAX_DURATION)" in said


def test_a_refusal_is_json_for_those_who_asked_for_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["run", URL, "--vus", "5000", "--duration", "1m", "--json"])

    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["code"] == "limit_exceeded"
    assert (code, captured.err) == (2, "")


def test_render_prints_the_script_without_any_k6(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["render", URL, "--header", "X-A: quote'\"</script>"])

    script = capsys.readouterr().out
    assert code == 0
    assert "export default function" in script
    assert URL in script


def test_texts_of_targets_cannot_command_the_terminal() -> None:
    assert printable("evil\u202etxt.exe\u2069") == "evil⟨202E⟩txt.exe⟨2069⟩"
    assert printable("\x1b]0;owned\x07 a\tb\nc \x9b2J") == "⟨001B⟩]0;owned⟨0007⟩ a\tb\nc "


@pytest.mark.slow
def test_doctor_works_without_k6_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor"])

    text = capsys.readouterr().out
    assert code == 1
    assert "✗  k6" in text
    assert "correct or unset K6_BIN" in text
    assert "✓  database" in text


def test_doctor_names_misspelt_settings_and_the_folders_of_scripts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("K6_MCP_MAX_VU", "5")
    monkeypatch.setenv("K6_MCP_SCRIPT_DIRS", "/srv/scripts")

    main(["doctor"])

    told = capsys.readouterr()
    text = " ".join(told.out.split())
    assert (
        "! settings K6_MCP_MAX_VU is not a setting and changes nothing; did you mean K6_MCP_MAX_VUS?" in text
    )
    assert "script files only from /srv/scripts" in text and told.err == ""


def test_doctor_works_without_a_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", str(tmp_path))

    main(["doctor", "--json"])

    states = {
        component["name"]: component["state"]
        for component in json.loads(capsys.readouterr().out)["components"]
    }
    assert states["database"] != "ok"


def test_settings_that_cannot_be_used_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("K6_MCP_MAX_VUS", "many")

    assert main(["doctor"]) == 2
    assert "K6_MCP_MAX_VUS" in capsys.readouterr().err


def test_an_empty_history_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history"]) == 0
    assert capsys.readouterr().out.strip() == "no runs match"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "r-nope"], "unknown_run"),
        (["stop", "r-nope"], "unknown_run"),
        (["show"], "there are no runs yet"),
        (["stop"], "no test is running"),
    ],
)
def test_a_run_that_does_not_exist_is_refused(
    words: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert code in capsys.readouterr().err


def test_rebuild_of_nothing_restores_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rebuild", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["restored"] == 0


@pytest.mark.parametrize("words", [["serve", "--http", "70000"], ["demo", "--seconds", "0"], ["fly"], []])
def test_the_command_line_itself_is_checked(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert "usage: k6-mcp" in capsys.readouterr().err


@pytest.mark.slow
def test_oneshot_answers_a_line_of_its_standard_input() -> None:
    command = [sys.executable, "-m", "k6_mcp", "oneshot"]

    done = subprocess.run(
        command, input='{"method":"get_history"}\n', capture_output=True, text=True, timeout=30, check=False
    )

    assert json.loads(done.stdout)["success"] is True, done.stderr
    assert done.returncode == 0


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_ends_the_command_quietly() -> None:
    command = f"{sys.executable} -m k6_mcp render {URL} | true"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False)

    assert done.stderr == ""
