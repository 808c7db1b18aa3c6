"""The figures are k6's own, exactly, and agree with what the target counted."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Settings
from lab.target import Target, closed_port, open_target

_WAIT_S = 60.0

_SCRIPT = """
import http from 'k6/http';
import { check, group } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const orders = new Counter('orders');
const depth = new Gauge('queue_depth');
const hits = new Rate('cache_hits');
const render = new Trend('render_time', true);
export const options = {
  scenarios: {
    a: { executor: 'shared-iterations', vus: 3, iterations: 30, exec: 'browse' },
    b: { executor: 'per-vu-iterations', vus: 2, iterations: 5, exec: 'fail' },
    c: { executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 2, exec: 'post' },
  },
  thresholds: {
    'http_req_duration{scenario:a}': ['p(95)<60000'],
    'http_req_duration{page:first}': ['p(97.5)<60000'],
    'orders{kind:big}': ['count>=1'],
    'cache_hits': ['rate>=0'],
    'checks{scenario:a}': ['rate>=0'],
  },
};
export function setup() { http.get('{target}/ok'); return { token: 'from setup' }; }
export function browse() {
  group('outer', () => {
    group('inner', () => {
      const answer = http.get('{target}/flaky/0.25', { tags: { page: 'first' } });
      check(answer, { 'is 200': (r) => r.status === 200, 'never': () => false });
    });
  });
  orders.add(1, { kind: __ITER % 2 ? 'big' : 'small' });
  depth.add(__ITER);
  hits.add(__ITER % 3 === 0);
  render.add(Math.random() * 100, { page: 'first' });
}
export function fail() { http.get('{target}/status/404'); http.get('{closed}/'); http.post('{target}/eof'); }
export function post() { http.post('{target}/status/201', JSON.stringify({ a: 1 })); }
export function teardown() { http.get('{target}/ok'); }
"""
_UNANSWERED_PER_FAIL, _FAILS = 2, 10


class Ran(NamedTuple):
    """A run, its folder, and its target as it was left."""

    run: Run
    folder: RunFolder
    target: Target


@pytest.fixture(scope="module")
def ran(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run of the script; the tests only read what it left."""
    results_dir = tmp_path_factory.mktemp("figures-against-target")
    settings = Settings(results_dir=results_dir, database=results_dir / "history.db", k6_bin=k6_bin)

    async def execute(script: str) -> Run:
        async with open_app(settings) as service:
            return await service.execute(parse_load_test({"script": script}), wait_s=_WAIT_S)

    with open_target() as target:
        script = _SCRIPT.replace("{target}", target.url("")).replace(
            "{closed}", f"http://127.0.0.1:{closed_port()}"
        )
        run = asyncio.run(execute(script))
    assert run.status == "completed", run.failure
    return Ran(run, RunFolder(results_dir, run.run_id), target)


def _export(folder: RunFolder) -> Mapping[str, Mapping[str, float]]:
    exported: Any = json.loads(folder.export.read_text(encoding="utf-8"))
    return {
        name: {key: value for key, value in values.items() if key != "thresholds"}
        for name, values in exported["metrics"].items()
    }


def test_every_metric_equals_k6s_own_summary_and_agrees_with_the_target(ran: Ran) -> None:
    run, folder, target = ran
    assert run.metrics is not None
    rows = {row.name: dict(row.values) for row in run.metrics.rows}
    for row in run.metrics.rows:
        # The export calls a rate's share "value", the summary "rate"
        if row.type == "rate":
            rows[row.name]["value"] = rows[row.name].pop("rate")
    export = _export(folder)
    assert rows == export
    assert {
        "orders",
        "orders{kind:big}",
        "queue_depth",
        "cache_hits",
        "render_time",
        "http_req_duration{page:first}",
    } <= rows.keys()

    figures = run.metrics.figures
    unanswered = _UNANSWERED_PER_FAIL * _FAILS
    statuses = {count.status: count.count for count in run.metrics.statuses}
    assert statuses == {**target.answers, 0: unanswered}
    assert figures.requests == target.answers.total() + unanswered
    assert figures.unanswered_requests == unanswered
    assert figures.failed_requests == target.answers[500] + target.answers[404] + unanswered
    assert {count.code: count.count for count in run.metrics.errors} == {
        1500: target.answers[500],
        1404: target.answers[404],
        1212: _FAILS,
        1000: _FAILS,
    }
    assert figures.error_rate == figures.failed_requests / figures.requests
    assert figures.requests_outside_load == target.requests["/ok"] == 2
    assert figures.requests_per_s == (figures.requests - 2) / figures.load_s


def test_the_key_figures_repeat_the_summary_without_its_traps(ran: Ran) -> None:
    run, folder, target = ran
    assert run.metrics is not None
    export, figures = _export(folder), run.metrics.figures
    assert figures.latency is not None
    clean = export["http_req_duration{expected_response:true}"]
    assert figures.latency.of == "successful_requests"
    assert (
        figures.latency.count,
        figures.latency.avg_ms,
        figures.latency.p95_ms,
        figures.latency.max_ms,
    ) == (
        clean["count"],
        clean["avg"],
        clean["p(95)"],
        clean["max"],
    )
    assert figures.iterations == export["iterations"]["count"] == 30 + _FAILS + target.answers[201]
    assert (figures.checks_passed, figures.checks_failed) == (
        export["checks"]["passes"],
        export["checks"]["fails"],
    )
    assert figures.data_received_bytes == export["data_received"]["count"]
    assert figures.data_sent_bytes == export["data_sent"]["count"]
    checks = {check.name: (check.group, check.passes, check.fails) for check in run.metrics.checks}
    assert checks["never"][1:] == (0, 30)
    assert checks["is 200"][0].endswith("outer::inner")
    assert sum(checks["is 200"][1:]) == 30


def test_every_threshold_has_what_was_observed(ran: Ran) -> None:
    run, folder, _ = ran
    assert run.metrics is not None
    export = _export(folder)
    observed = {(t.metric, t.expression): t for t in run.metrics.thresholds}
    assert all(t.ok and t.has_samples for t in observed.values())
    assert observed["orders{kind:big}", "count>=1"].observed == export["orders{kind:big}"]["count"]
    assert (
        observed["http_req_duration{page:first}", "p(97.5)<60000"].observed
        == export["http_req_duration{page:first}"]["p(97.5)"]
    )
    assert observed["cache_hits", "rate>=0"].observed == export["cache_hits"]["value"]


def test_what_setup_returned_is_kept_nowhere(ran: Ran) -> None:
    kept = [
        path
        for path in ran.folder.path.rglob("*")
        if path.is_file() and path.name != "script.js" and path.suffix != ".js"
    ]
    assert kept
    assert [path.name for path in kept if b"from setup" in path.read_bytes()] == []


async def test_a_status_that_the_script_expects_is_no_error(settings: Settings, target: Target) -> None:
    script = f"""
import http from 'k6/http';
http.setResponseCallback(http.expectedStatuses(404));
const strict = {{ responseCallback: http.expectedStatuses(200) }};
export const options = {{ iterations: 3, thresholds: {{ http_req_failed: ['rate<0.5'] }} }};
export default function () {{
  http.get('{target.url("/status/404")}');
  http.get('{target.url("/status/404")}', __ITER ? {{}} : strict);
  http.get('{target.url("/status/429")}',
    __ITER ? strict : {{ responseCallback: http.expectedStatuses(429) }});
}}
"""
    async with open_app(settings) as service:
        run = await service.execute(parse_load_test({"script": script}), wait_s=_WAIT_S)
    assert run.metrics is not None
    assert (target.answers[404], target.answers[429]) == (6, 3)
    assert run.metrics.figures.failed_requests == 3
    assert {error.code: error.count for error in run.metrics.errors} == {1404: 1, 1429: 2}
