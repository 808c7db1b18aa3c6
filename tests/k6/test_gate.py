"""`k6-mcp gate` as a pipeline runs it, with a real k6: each outcome, its exit code, and what is written."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import anyio
import pytest

from k6_mcp.frontends.cli.main import main
from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.processes import until
from tests.k6.services import endless

_TIMEOUT_S = 90


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Gate = Callable[..., Done]
_SCRIPT = """
import http from 'k6/http';
import { sleep } from 'k6';
export default function () { http.get(__ENV.BASE + __ENV.WHAT); sleep(0.01); }
"""


@pytest.fixture(scope="session")
def k6_bin(any_k6: str) -> str:
    """One k6 is enough here: what it measures is tested elsewhere."""
    return any_k6


@pytest.fixture
def environment(settings: Settings) -> Mapping[str, str]:
    """The settings of one machine of a pipeline."""
    return {"K6_RESULTS_DIR": str(settings.results_dir), "K6_BIN": settings.k6_bin or ""}


@pytest.fixture
def k6_mcp(
    environment: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Gate:
    """Run one command of `k6-mcp` to its end, in the test's own folder; `also` adds to its environment."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, also: Mapping[str, str] | None = None) -> Done:
        with monkeypatch.context() as here:
            for name, value in {**environment, **(also or {})}.items():
                here.setenv(name, value)
            capsys.readouterr()
            code, said = main(words), capsys.readouterr()
            return Done(code, said.out, said.err)

    return run


@pytest.fixture
def definition(target: Target, tmp_path: Path) -> Path:
    """Return a definition next to its script; the caller fills in `WHAT`."""
    folder = tmp_path / "perf"
    folder.mkdir()
    (folder / "test.js").write_text(_SCRIPT, encoding="utf-8")
    path = folder / "test.json"
    arguments = {
        "script_file": "test.js",
        "vus": 4,
        "duration": "2s",
        "name": "checkout",
        "env": {"BASE": target.url("")},
        "wait_s": 9,
    }
    path.write_text(json.dumps(arguments), encoding="utf-8")
    return path


def test_thresholds_that_hold_pass_and_the_reports_say_so(
    k6_mcp: Gate, target: Target, tmp_path: Path
) -> None:
    reports = ["--junit", "gate.xml", "--markdown", "gate.md", "--html", "gate.html"]

    done = k6_mcp(
        "gate", target.url("/ok"), "--vus", "1", "--iterations", "5", "--slo", "p95_ms=5000", *reports
    )

    assert done.code == 0, done.out + done.err
    assert done.out.startswith("✓ gate passed")
    root = ET.fromstring((tmp_path / "gate.xml").read_bytes())
    assert [suite.get("failures") for suite in root] == ["0", "0"]
    assert (tmp_path / "gate.md").read_text(encoding="utf-8").startswith("# ✅ Gate")
    assert "<!doctype html>" in (tmp_path / "gate.html").read_text(encoding="utf-8").lower()
    assert not (tmp_path / "gate-comparison.html").exists()
    # Commands that leave at once tidy up too
    assert (tmp_path / "results" / "last-prune").exists()


def test_a_run_that_is_kept_nowhere_else_is_not_said_to_be_shown_but_where_it_is(
    k6_mcp: Gate, target: Target, settings: Settings
) -> None:
    settings.results_dir.write_text("nothing can be written here", encoding="utf-8")

    done = k6_mcp("gate", target.url("/ok"), "--vus", "1", "--iterations", "2", "--slo", "p95_ms=5000")

    told = re.search(r"the run is in\s+(\S+)", done.out)
    assert (done.code, "k6-mcp show" in done.out) == (0, False)
    assert told
    place = Path(told[1])
    assert (place / "run.json").exists()
    shutil.rmtree(place.parents[1])


def test_a_crossed_threshold_is_a_breach_that_every_report_tells(
    k6_mcp: Gate, target: Target, tmp_path: Path
) -> None:
    words = [
        target.url("/delay/20"),
        "--vus",
        "1",
        "--iterations",
        "2",
        "--slo",
        "p95_ms=1",
        "--junit",
        "gate.xml",
        "--json",
        "--github",
    ]

    done = k6_mcp("gate", *words, also={"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})

    answer = json.loads(done.out)
    assert (done.code, answer["outcome"], answer["exit_code"]) == (1, "breached", 1)
    assert "thresholds_exceeded" in answer["reasons"][0]
    assert "::error title=k6-mcp gate::breached: thresholds_exceeded" in done.err
    assert "breached" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert 'type="breached"' in (tmp_path / "gate.xml").read_text(encoding="utf-8")


def test_nothing_asserted_does_not_pass_unless_it_is_allowed(k6_mcp: Gate, definition: Path) -> None:
    refused = k6_mcp("gate", str(definition), "--env", "WHAT=/ok", "--duration", "1s")
    run_id = re.findall(r"r-\d{8}-\w{16}", refused.out)[0]
    allowed = k6_mcp("gate", run_id, "--allow-nothing-asserted")

    assert (refused.code, allowed.code) == (2, 0), refused.out + allowed.out
    assert "nothing was asserted" in refused.out


def test_a_broken_script_a_missing_k6_and_a_report_that_cannot_be_written_are_errors(
    k6_mcp: Gate, target: Target, tmp_path: Path
) -> None:
    (tmp_path / "broken.js").write_text("export default function () {", encoding="utf-8")
    good = [target.url("/ok"), "--vus", "1", "--iterations", "1"]

    broken = k6_mcp("gate", "broken.js", "--vus", "1", "--iterations", "1")
    missing = k6_mcp("gate", *good, also={"K6_BIN": "/nonexistent/k6"})
    unwritten = k6_mcp("gate", *good, "--junit", "no/such/folder/gate.xml")

    assert (broken.code, missing.code, unwritten.code) == (2, 2, 2)
    assert "script_error" in broken.out
    assert "k6_not_found" in missing.err
    assert "could not be written" in unwritten.out


def test_a_gate_that_is_stopped_has_not_judged(
    environment: Mapping[str, str], target: Target, tmp_path: Path
) -> None:
    (tmp_path / "test.js").write_text(endless(target.url("/ok")), encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "k6_mcp",
        "gate",
        str(tmp_path / "test.js"),
        "--slo",
        "p95_ms=5000",
        "--json",
    ]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **environment}
    ) as process:
        anyio.run(until, lambda: target.total >= 20, "20 requests")
        process.send_signal(signal.SIGTERM)
        shown, _ = process.communicate(timeout=_TIMEOUT_S)

    assert (process.returncode, json.loads(shown)["outcome"]) == (2, "errored")


def test_a_baseline_travels_to_another_machine_and_its_gate_finds_the_regression(
    k6_mcp: Gate, definition: Path, tmp_path: Path
) -> None:
    there = {"K6_RESULTS_DIR": str(tmp_path / "there")}
    first = k6_mcp(
        "gate",
        str(definition),
        "--env",
        "WHAT=/delay/5",
        "--slo",
        "error_rate=0.01",
        "--set-baseline-on-pass",
        "--repeat",
        "2",
    )
    packed = k6_mcp("export", "checkout", "--output", "baseline.zip", "--json")
    taken = k6_mcp("import", "baseline.zip", "--baseline", "--json", also=there)
    run_ids: list[str] = json.loads(packed.out)["run_ids"]
    worse = k6_mcp(
        "gate",
        str(definition),
        "--env",
        "WHAT=/delay/40",
        "--slo",
        "error_rate=0.01",
        "--html",
        "gate.html",
        also=there,
    )
    other = k6_mcp(
        "gate",
        str(definition),
        "--env",
        "WHAT=/delay/5",
        "--vus",
        "5",
        "--duration",
        "1s",
        "--slo",
        "error_rate=0.01",
        also=there,
    )
    missing = k6_mcp("gate", run_ids[0], "--baseline", "unheard of", also=there)

    assert first.code == 0, first.out + first.err
    assert len(run_ids) == 2
    assert json.loads(taken.out)["imported"] == run_ids
    assert json.loads(taken.out)["baselines"] == ["checkout"]
    for run_id in run_ids:
        here, away = (
            json.loads(k6_mcp("show", run_id, "--json", "--detail", "full", also=place).out)
            for place in ({}, there)
        )
        assert [notice["code"] for notice in away["warnings"]] == ["imported_unverified"]
        assert {**away, "warnings": []} == {**here, "warnings": []} and not here["warnings"]
    assert worse.code == 3, worse.out + worse.err
    assert "gate regressed" in worse.out
    assert "regressed" in (tmp_path / "gate-comparison.html").read_text(encoding="utf-8")
    assert (other.code, missing.code) == (4, 2), other.out + missing.out
    assert "differ in load" in other.out
    assert "no baseline is set" in missing.out


def test_a_required_baseline_that_nobody_has_set_does_not_pass(k6_mcp: Gate, target: Target) -> None:
    words = [
        target.url("/ok"),
        "--vus",
        "1",
        "--iterations",
        "2",
        "--name",
        "new",
        "--require-baseline",
        "--json",
    ]

    done = k6_mcp("gate", *words)

    answer: dict[str, Any] = json.loads(done.out)
    assert (done.code, answer["outcome"]) == (2, "errored")
    assert "one is required" in answer["reasons"][0]


def test_a_running_test_is_not_exported(
    environment: Mapping[str, str], k6_mcp: Gate, target: Target, tmp_path: Path
) -> None:
    (tmp_path / "test.js").write_text(endless(target.url("/ok")), encoding="utf-8")
    words = [sys.executable, "-m", "k6_mcp", "run", str(tmp_path / "test.js"), "--json"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **environment}
    ) as process:
        anyio.run(until, lambda: target.total >= 5, "5 requests")
        run_id = json.loads(k6_mcp("history", "--json").out)["runs"][0]["run_id"]
        refused = k6_mcp("export", run_id)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_TIMEOUT_S)
    done = k6_mcp("export", run_id, "-o", "stopped.zip")

    assert refused.code == 2
    assert f"{run_id} is running" in refused.err
    assert done.code == 0
    assert (tmp_path / "stopped.zip").exists()
