"""A script's own handleSummary keeps working: it gets k6's figures, and what it returns is written."""

import base64
import json
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Settings
from lab.target import Target

_SCRIPT = """
import http from 'k6/http';
export const options = { iterations: 4 };
export function setup() { return { seen: 'by the handler' }; }
export default function () { http.get('{url}'); }
export async function handleSummary(data) {
  const own = { requests: data.metrics.http_reqs.values.count, setup: data.setup_data,
    took: data.state.testRunDurationMs };
  return { stdout: 'printed by the handler\\n', 'own-report.json': JSON.stringify(own) };
}
"""


async def _run(settings: Settings, target: Target) -> Run:
    async with open_app(settings) as service:
        return await service.execute(
            parse_load_test({"script": _SCRIPT.replace("{url}", target.url("/ok"))}), wait_s=30
        )


async def test_it_gets_the_figures_and_its_files_are_written_beside_the_run(
    settings: Settings, target: Target
) -> None:
    run = await _run(settings, target)
    own = json.loads(
        (RunFolder(settings.results_dir, run.run_id).path / "own-report.json").read_text(encoding="utf-8")
    )
    assert (own["requests"], own["setup"]) == (4, {"seen": "by the handler"})
    assert own["took"] > 0


async def test_what_it_prints_is_in_the_log(settings: Settings, target: Target) -> None:
    run = await _run(settings, target)
    assert "printed by the handler" in RunFolder(settings.results_dir, run.run_id).log.read_text(
        encoding="utf-8"
    )


_PLACES = (
    *(
        "../../history.db",
        "../../baselines.json",
        "../other.txt",
        "./x/../../y",
        "a/../b",
        "a//b",
        "a/./b",
        ".",
        "..",
        "...",
        "",
        "a/",
    ),
    *(
        "{outside}/absolute.txt",
        "/proc/self/cwd/x",
        "/dev/stdout",
        "file://{outside}/x",
        "..\\x",
        "a\0b",
        "\u202ex",
        "x\u200b",
    ),
    *("\uff0e\uff0e/x", ".. /x", "../runs/r-1/run.json", "./../x"),
)
_OURS = (
    *("run.json", "./run.json", "RUN.JSON", "run.json.", "run.json ", "run.json::$DATA"),
    *(
        "timeline.json.gz",
        "stop-requested",
        "reports/x.html",
        "home/x",
        "Reports",
        "_guard.js",
        "\uff52un.json",
    ),
)
_WRITING = """
import http from 'k6/http';
const apiKey = 'l1teral-of-the-script';
export const options = { iterations: 1, thresholds: { iterations: ['count==1'] } };
export default function () { for (let i = 0; i < 400; i++) { console.error(`flood ${i}`); } }
export function handleSummary(data) {
  const own = { pin: 90210345, text: `${__ENV.TOKEN} ${apiKey}`, encoded: __ENV.ENCODED,
    nested: JSON.stringify({ deep: __ENV.TOKEN }) };
  const files = { 'own.json': JSON.stringify(own), './own.txt': `it is ${__ENV.TOKEN}!`,
    'Bericht \u00fc.txt': 'kept', stdout: 'printed' };
  const lost = { 'no-such-folder/own.txt': 'lost' };
  return Object.assign(files, lost, Object.fromEntries({places}.map((name) => [name, 'forged'])));
}
"""
_TOKEN = 't0ken "of" env'


def _holding(content: bytes, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == content]


async def test_nothing_outside_of_the_run_and_nothing_of_ours_is_written_and_the_rest_is_without_secrets(
    settings: Settings, tmp_path: Path
) -> None:
    places = [name.replace("{outside}", str(tmp_path)) for name in (*_PLACES, *_OURS)]
    script = _WRITING.replace("{places}", json.dumps(places))
    env = {"TOKEN": _TOKEN, "PIN": "90210345", "ENCODED": base64.b64encode(f"ada:{_TOKEN}".encode()).decode()}
    async with open_app(settings) as service:
        run = await service.execute(parse_load_test({"script": script, "env": env}), wait_s=60)
        kept = await service.get(run.run_id)
    folder = RunFolder(settings.results_dir, run.run_id).path
    own = json.loads((folder / "own.json").read_text(encoding="utf-8"))

    assert (run.status, kept.status) == ("completed", "completed"), run.failure
    assert _holding(b"forged", tmp_path) == []
    (notice,) = [notice.message for notice in run.warnings if notice.code == "handle_summary"]
    assert ("ignored the file" in notice and "could not open" in notice) or "more" in notice
    assert (own["pin"], own["text"]) == ("***", "*** ***")
    assert "t0ken" not in json.dumps(own) and env["ENCODED"] not in json.dumps(own)
    assert (folder / "own.txt").read_text(encoding="utf-8") == "it is ***!"
    assert (folder / "Bericht ü.txt").read_text(encoding="utf-8") == "kept"


async def test_a_file_for_a_folder_that_is_not_there_is_lost_with_a_warning(settings: Settings) -> None:
    script = "export default () => {}; export function handleSummary() { return { 'results/s.json': '{}' }; }"
    async with open_app(settings) as service:
        run = await service.execute(parse_load_test({"script": script, "iterations": 1}), wait_s=60)

    (notice,) = [notice.message for notice in run.warnings if notice.code == "handle_summary"]
    assert run.status == "completed"
    assert "could not open 'results/s.json'" in notice


_LATE = """
import http from 'k6/http';
import {{ sleep }} from 'k6';
export const options = {{ iterations: 4, thresholds: {{ http_req_duration: ['p(95)<60000'] }} }};
export default function () {{ http.get('{url}'); }}
export function teardown() {{ {teardown} }}
export function handleSummary() {{ {handler} }}
"""
_HANGING = ("while (true) {}", "setInterval(() => {}, 100);", "sleep(600);")
# Instead of 20
_TIMEOUT_S = 3.0


@pytest.fixture
def _soon_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("command", "execution"):
        monkeypatch.setattr(f"k6_mcp.runners.{module}.HANDLE_SUMMARY_TIMEOUT_S", _TIMEOUT_S)


async def _late(settings: Settings, target: Target, handler: str, teardown: str = "") -> Run:
    script = _LATE.format(url=target.url("/ok"), handler=handler, teardown=teardown)
    async with open_app(settings) as service:
        return await service.execute(parse_load_test({"script": script}), wait_s=60)


@pytest.mark.usefixtures("_soon_over")
@pytest.mark.parametrize("handler", _HANGING)
async def test_one_that_never_returns_is_ended_and_told_of_with_the_figures(
    settings: Settings, target: Target, handler: str
) -> None:
    run = await _late(settings, target, handler)

    assert (run.status, run.failure.kind if run.failure else None) == ("failed", "script_error")
    assert run.failure is not None
    assert "handleSummary() did not return" in run.failure.message
    assert "handleSummary()" in run.failure.hint
    assert run.metrics is not None
    assert (run.metrics.source, run.metrics.figures.requests, run.metrics.figures.iterations) == (
        "record",
        4,
        4,
    )
    assert [(t.metric, t.ok, t.has_samples) for t in run.metrics.thresholds] == [
        ("http_req_duration", True, True)
    ]
    assert "handle_summary" not in {notice.code for notice in run.warnings}


@pytest.mark.usefixtures("_soon_over")
async def test_one_that_is_slow_is_waited_for(settings: Settings, target: Target) -> None:
    run = await _late(settings, target, f"sleep({_TIMEOUT_S - 1}); return {{ 'own-report.txt': 'slow' }};")

    assert (run.status, run.failure) == ("completed", None)
    assert (RunFolder(settings.results_dir, run.run_id).path / "own-report.txt").read_text(
        encoding="utf-8"
    ) == "slow"


@pytest.mark.usefixtures("_soon_over")
async def test_a_teardown_that_is_slower_than_a_handler_may_be_is_none_of_its_time(
    settings: Settings, target: Target
) -> None:
    run = await _late(settings, target, "return {};", teardown=f"sleep({_TIMEOUT_S + 3});")

    assert (run.status, run.failure) == ("completed", None)
