"""What we make k6 count besides what a script asks for: statuses and endpoints, by empty lists of thresholds."""

import json

import pytest

from k6_mcp.analysis.record import Record
from k6_mcp.analysis.summary import read
from k6_mcp.settings import Settings
from tests.k6.scripted import ran
from tests.target import Target

_SCRIPT = """
import http from 'k6/http';
export const options = {{ iterations: 3, thresholds: {thresholds} }};
export default function () {{ {body} }}
"""


@pytest.mark.parametrize(
    ("spelled", "named"),
    [
        ("http_reqs{status:200}", "http_reqs{status:200}"),
        ("http_reqs{ status : '200' }", "http_reqs{status : '200'}"),
        ('http_reqs{"status":"200"}', 'http_reqs{"status":"200"}'),
    ],
)
async def test_a_threshold_of_the_script_on_what_we_count_too_is_judged_and_shown(
    settings: Settings, target: Target, spelled: str, named: str
) -> None:
    script = _SCRIPT.format(thresholds=json.dumps({spelled: ["count>3"]}), body=f"http.get('{target.url('/ok')}');")

    run = await ran(settings, script=script)
    metrics = read(run.outcome, Record(), run.plan)

    assert run.outcome.exit_code == 99
    assert [(t.metric, t.ok, t.observed) for t in metrics.thresholds] == [(named, False, 3)]
    assert named in {row.name for row in metrics.rows}
    assert [(s.status, s.count) for s in metrics.statuses] == [(200, 3)]


async def test_a_sub_metric_that_the_script_itself_only_wants_to_see_is_shown_to_it(settings: Settings, target: Target) -> None:
    handler = "export function handleSummary(data) { return { 'own.json': JSON.stringify(Object.keys(data.metrics)) }; }"
    script = _SCRIPT.format(thresholds="{ 'http_reqs{status:201}': [] }", body=f"http.get('{target.url('/status/201')}');")

    run = await ran(settings, script=script + handler)
    seen = [name for name in json.loads((run.folder / "own.json").read_text(encoding="utf-8")) if "{" in name]

    assert sorted(seen) == ["http_req_duration{expected_response:true}", "http_reqs{status:201}"]
    assert [(s.status, s.count) for s in read(run.outcome, Record(), run.plan).statuses] == [(201, 3)]


async def test_a_script_without_requests_sees_no_metric_of_requests(settings: Settings) -> None:
    script = "export default function () {}\nexport function handleSummary(data) { return { 'own.json': JSON.stringify(data.metrics) }; }"

    run = await ran(settings, script=script)

    assert not [name for name in json.loads((run.folder / "own.json").read_text()) if name.startswith(("http", "ws"))]
    assert not [name for name in json.loads(run.outcome.export or "")["metrics"] if name.startswith(("http", "ws"))]
