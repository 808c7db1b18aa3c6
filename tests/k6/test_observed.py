"""What we make k6 count besides what a script asks for: statuses and endpoints, by empty lists of
thresholds.
"""

import json
from pathlib import Path

import pytest

from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.summary import read
from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.scripted import ran

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
    script = _SCRIPT.format(
        thresholds=json.dumps({spelled: ["count>3"]}), body=f"http.get('{target.url('/ok')}');"
    )

    run = await ran(settings, script=script)
    metrics = read(run.outcome, Record(), run.plan)

    assert run.outcome.exit_code == 99
    assert [(t.metric, t.ok, t.observed) for t in metrics.thresholds] == [(named, False, 3)]
    assert named in {row.name for row in metrics.rows}
    assert [(s.status, s.count) for s in metrics.statuses] == [(200, 3)]


async def test_a_sub_metric_that_the_script_itself_only_wants_to_see_is_shown_to_it(
    settings: Settings, target: Target
) -> None:
    handler = (
        "export function handleSummary(data) { return { 'own.json': JSON.stringify(Object.keys(data.metrics))"
        " }; }"
    )
    script = _SCRIPT.format(
        thresholds="{ 'http_reqs{status:201}': [] }", body=f"http.get('{target.url('/status/201')}');"
    )

    run = await ran(settings, script=script + handler)
    seen = [name for name in json.loads((run.folder / "own.json").read_text(encoding="utf-8")) if "{" in name]

    assert sorted(seen) == ["http_req_duration{expected_response:true}", "http_reqs{status:201}"]
    assert [(s.status, s.count) for s in read(run.outcome, Record(), run.plan).statuses] == [(201, 3)]


async def test_where_system_tags_leave_the_name_out_the_missing_endpoints_are_explained(
    settings: Settings, target: Target
) -> None:
    script = _SCRIPT.format(thresholds="{}, systemTags: ['status']", body=f"http.get('{target.url('/ok')}');")

    run = await ran(settings, script=script)
    metrics = read(run.outcome, Record(), run.plan)

    assert metrics.endpoints == ()
    assert "or its systemTags omit `name`" in (metrics.endpoints_note or "")


async def test_a_script_without_requests_sees_no_metric_of_requests(settings: Settings) -> None:
    script = (
        "export default function () {}\nexport function handleSummary(data) { return { 'own.json':"
        " JSON.stringify(data.metrics) }; }"
    )

    run = await ran(settings, script=script)

    assert not [
        name for name in json.loads((run.folder / "own.json").read_text()) if name.startswith(("http", "ws"))
    ]
    assert not [
        name for name in json.loads(run.outcome.export or "")["metrics"] if name.startswith(("http", "ws"))
    ]


_ENDPOINTS = """
import http from 'k6/http';
import { path } from './paths.js';
const BASE = __ENV.BASE_URL || 'http://127.0.0.1:9';
export const options = { iterations: 3,
  thresholds: { 'http_req_duration{name:Item}': ['p(95)<10000'], 'http_req_failed{name:Slow}': [] } };
const get = (where) => http.get(BASE + where);
export default function () {
  http.get(`${BASE}/ok`);
  http.get(BASE + '/status/404');
  get('/status/204'); get(path);
  http.get(http.url`${BASE}/delay/${__ITER}`);
  http.get(`${BASE}/delay/${__ITER}?x=1`, { tags: { name: 'Item' } });
  http.get(`${BASE}/delay/5`, { tags: { name: "It's {a} \\"b\\" : c" } });
  http.get(`${BASE}/ok?made=${__ITER}`);
  http.get(`${BASE}/ok?token=s3cr3t-value`);
  http.get('http://127.0.0.1:9/refused');
}
"""


async def test_endpoints_are_found_in_the_text_of_a_script(
    settings: Settings, target: Target, tmp_path: Path
) -> None:
    script = tmp_path / "load.js"
    script.write_text(_ENDPOINTS, encoding="utf-8")
    (tmp_path / "paths.js").write_text("export const path = '/status/201';", encoding="utf-8")

    run = await ran(settings, script_file=str(script), env={"BASE_URL": target.url("")})
    metrics = read(run.outcome, Record(), run.plan)

    assert {row.name: (row.requests, row.failed) for row in metrics.endpoints} == {
        "${BASE_URL}/ok": (3, 0),
        "${BASE_URL}/status/404": (3, 3),
        "${BASE_URL}/status/204": (3, 0),
        "${BASE_URL}/status/201": (3, 0),
        "${}/delay/${}": (3, 0),
        "Item": (3, 0),
        'It\'s {a} "b" : c': (3, 0),
        "http://127.0.0.1:9/refused": (3, 3),
        None: (6, 0),
    }
    by_name = {row.name: row for row in metrics.endpoints}
    assert (by_name["Item"].p95_ms or 0) > 0
    assert (by_name["http://127.0.0.1:9/refused"].p95_ms, by_name[None].p95_ms) == (None, None)
    assert metrics.endpoints_note is not None
    assert "6 requests had other names" in metrics.endpoints_note
    written = "".join(
        file.read_text(errors="replace")
        for file in run.folder.iterdir()
        if file.name not in ("record.ndjson",)
    )
    assert target.url("") not in written
    assert {row.name for row in metrics.rows if "name:" in row.name} == {
        "http_req_duration{name:Item}",
        "http_req_failed{name:Slow}",
    }
    assert [(t.metric, t.ok, t.has_samples) for t in metrics.thresholds] == [
        ("http_req_duration{name:Item}", True, True)
    ]


async def test_a_script_of_many_urls_has_no_table_and_says_how_to_get_one(
    settings: Settings, target: Target
) -> None:
    body = f"for (let i = 0; i < 50; i += 1) {{ http.get('{target.url('/ok')}?id=' + i); }}"

    run = await ran(settings, script=_SCRIPT.format(thresholds="{}", body=body))
    metrics = read(run.outcome, Record(), run.plan)

    assert (metrics.figures.requests, metrics.endpoints) == (150, ())
    assert "tags: { name:" in (metrics.endpoints_note or "")


async def test_a_generated_script_has_one_endpoint_with_all_its_figures(
    settings: Settings, target: Target
) -> None:
    run = await ran(settings, url=target.url("/redirect/1?x=1"), iterations=5)
    metrics = read(run.outcome, Record(), run.plan)

    [row] = metrics.endpoints
    latency = metrics.figures.latency
    assert latency is not None
    assert (row.name, row.requests, row.failed) == (f"GET {target.url('/redirect/1')}", 10, 0)
    assert (row.avg_ms, row.p95_ms, row.max_ms) == (latency.avg_ms, latency.p95_ms, latency.max_ms)
    assert metrics.endpoints_note is None


async def test_a_threshold_by_name_judges_one_endpoint(settings: Settings, target: Target) -> None:
    body = (
        f"http.get('{target.url('/delay/60')}', {{ tags: {{ name: 'slow' }} }});"
        f" http.get('{target.url('/ok')}', {{ tags: {{ name: 'fast' }} }});"
    )
    asked = {"http_req_duration{name:slow}": ["min<50"], "http_req_duration{name:fast}": ["min<50"]}

    run = await ran(settings, script=_SCRIPT.format(thresholds="{}", body=body), thresholds=asked)
    metrics = read(run.outcome, Record(), run.plan)

    assert {t.metric: t.ok for t in metrics.thresholds} == {
        "http_req_duration{name:slow}": False,
        "http_req_duration{name:fast}": True,
    }
    assert {row.name for row in metrics.endpoints} == {"slow", "fast"}
