"""A script's own handleSummary keeps working: it gets k6's figures, and what it returns is written."""

import json

from k6_mcp.app import open_app
from k6_mcp.models.folder import RunFolder
from k6_mcp.models.rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.settings import Settings
from tests.target import Target

_SCRIPT = """
import http from 'k6/http';
export const options = { iterations: 4 };
export function setup() { return { seen: 'by the handler' }; }
export default function () { http.get('{url}'); }
export async function handleSummary(data) {
  const own = { requests: data.metrics.http_reqs.values.count, setup: data.setup_data, took: data.state.testRunDurationMs };
  return { stdout: 'printed by the handler\\n', 'own-report.json': JSON.stringify(own) };
}
"""


async def _run(settings: Settings, target: Target) -> Run:
    async with open_app(settings) as service:
        return await service.execute(parse_load_test({"script": _SCRIPT.replace("{url}", target.url("/ok"))}), wait_s=30)


async def test_it_gets_the_figures_and_its_files_are_written_beside_the_run(settings: Settings, target: Target) -> None:
    run = await _run(settings, target)
    own = json.loads((RunFolder(settings.results_dir, run.run_id).path / "own-report.json").read_text(encoding="utf-8"))
    assert (own["requests"], own["setup"]) == (4, {"seen": "by the handler"})
    assert own["took"] > 0


async def test_what_it_prints_is_in_the_log(settings: Settings, target: Target) -> None:
    run = await _run(settings, target)
    assert "printed by the handler" in RunFolder(settings.results_dir, run.run_id).log.read_text(encoding="utf-8")
