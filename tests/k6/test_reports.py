"""Reports of a real run: every format shows the same figures, in the terminal too."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.reports.junit import run_junit
from k6_mcp.settings import Settings
from lab.target import Target, closed_port
from tests.reports.junit_schema import violations

_TIMEOUT_S = 60
Cli = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def k6_bin(any_k6: str) -> str:
    """One k6 is enough here: reports are made of what was judged, whatever version wrote it."""
    return any_k6


@pytest.fixture
def cli(settings: Settings) -> Cli:
    """Run one command to its end."""
    environment = {**os.environ, "K6_RESULTS_DIR": str(settings.results_dir), "K6_BIN": settings.k6_bin or ""}

    def run(*words: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "k6_mcp", *words]
        return subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, env=environment, check=False)

    return run


def load(target: Target) -> list[str]:
    """A test that fails one of its thresholds."""
    return [
        "run",
        target.url("/flaky/0.25"),
        "--rate",
        "40",
        "--duration",
        "2s",
        "--slo",
        "error_rate=0.01",
        "--name",
        "@shop",
    ]


_CHECKED = """
import http from 'k6/http';
import { check, group } from 'k6';
export const options = { vus: 2, iterations: 6,
  thresholds: { checks: ['rate>0.9'], 'http_reqs{page:none}': ['count>1'] } };
const checks = { 'is\\t200 ]]>': (r) => r.status === 200, never: () => false };
export default function () { group('a <b> & "c"', () => check(http.get('%s'), checks)); }
"""


async def test_junit_of_real_runs_keeps_to_the_published_schemas(settings: Settings, target: Target) -> None:
    tests = (
        {"url": target.url("/ok"), "vus": 1, "iterations": 3, "name": "good", "tags": {"team": "a & b"}},
        {
            "url": target.url("/flaky/0.5"),
            "vus": 1,
            "iterations": 6,
            "slo": {"error_rate": 0.01, "p95_ms": 5000},
        },
        {"script": _CHECKED % target.url("/ok"), "name": '<"hostile"> & \u0007 name'},
        {"url": f"http://127.0.0.1:{closed_port()}/", "vus": 1, "iterations": 2},
        {"script": "export default function () { nope(; }"},
        {
            "script": "export default function () { throw new Error('<boom> \\u0000'); }",
            "vus": 1,
            "iterations": 2,
        },
    )
    documents: dict[str, bytes] = {}
    async with open_app(settings) as service:
        for test in tests:
            run = await service.execute(parse_load_test(test), wait_s=30)
            documents[run.failure.kind if run.failure else run.status] = run_junit(run)
        running = await service.start(
            parse_load_test({"url": target.url("/ok"), "vus": 1, "duration": "30s"})
        )
        documents["running"] = run_junit(await service.get(running.run_id))
        await service.stop(running.run_id)

    kinds = {"completed", "thresholds_exceeded", "target_unreachable", "script_error", "running"}
    assert kinds <= documents.keys()
    assert {kind: violations(document) for kind, document in documents.items() if violations(document)} == {}


def test_all_formats_tell_the_figures_of_one_run(
    cli: Cli, target: Target, tmp_path: Path, settings: Settings
) -> None:
    files = {
        format: tmp_path / f"report.{format}"
        for format in ("html", "markdown", "junit", "csv", "json", "png")
    }

    done = cli(
        *load(target),
        "--quiet",
        *(f"--report={format}={path}" for format, path in files.items()),
        "--report",
        "csv",
    )

    document: Mapping[str, Any] = json.loads(files["json"].read_bytes())
    figures, seen = document["run"]["metrics"]["figures"], target.requests.total()
    lines = [*csv.DictReader(files["csv"].read_text(encoding="utf-8").splitlines())]
    suite = ET.parse(files["junit"]).getroot()[0]
    assert done.returncode == 1
    assert figures["requests"] == seen == sum(int(line["requests"]) for line in lines)
    assert figures["failed_requests"] == sum(int(line["failed"]) for line in lines) > 0
    assert {item.attrib["name"]: item.attrib["value"] for item in suite.iter("property")}["requests"] == str(
        seen
    )
    # The verdict and the crossed threshold
    assert int(suite.attrib["failures"]) >= 2
    assert f"| Requests | {seen} |" in files["markdown"].read_text(encoding="utf-8")
    assert "| ❌ | `http_req_failed rate<=0.01` |" in files["markdown"].read_text(encoding="utf-8")
    assert re.search(rf'<dd class="amount">{seen}</dd>', files["html"].read_text(encoding="utf-8"))
    assert files["png"].read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    (kept,) = settings.results_dir.glob("runs/*/reports/report.csv")
    assert kept.read_bytes() == files["csv"].read_bytes()
    assert str(kept) in done.stderr.decode()
    assert cli("report", "--format", "junit", "--output", "-").stdout == files["junit"].read_bytes()
