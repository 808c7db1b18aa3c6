"""A run over time, made from k6's record.

It adds up and outlives kills, and its phases separate the requested from the achieved rate.
"""

import os
import signal

import pytest

from k6_mcp.analysis.measure.phases import phases_of, phases_of_run
from k6_mcp.app import open_app
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.timeline import Timeline
from k6_mcp.settings import Settings
from lab.target import Target, closed_port
from tests.k6.services import endless, start, under_load

_WAIT_S = 60.0


async def _run(settings: Settings, script: str) -> tuple[Run, Timeline]:
    async with open_app(settings) as service:
        run = await start(service, script)
        run = await service.wait(run.run_id, _WAIT_S)
        timeline = await service.timeline(run.run_id)
    assert timeline is not None
    return run, timeline


def _adds_up(run: Run, timeline: Timeline) -> bool:
    assert run.metrics is not None
    figures = run.metrics.figures
    assert sum(timeline.total.requests) == figures.requests
    assert sum(timeline.total.failed) == figures.failed_requests
    assert sum(timeline.total.iterations) == figures.iterations
    assert sum(timeline.dropped) == figures.iterations_dropped
    assert sum(timeline.unanswered) == figures.unanswered_requests
    assert {error.code: sum(error.counts) for error in timeline.errors} == {
        e.code: e.count for e in run.metrics.errors
    }
    return True


async def test_the_intervals_of_a_run_add_up_to_its_summary(settings: Settings, target: Target) -> None:
    script = f"""
import http from 'k6/http';
import {{ sleep }} from 'k6';
export const options = {{ scenarios: {{
  slow: {{ executor: 'constant-vus', vus: 1, duration: '2.4s', exec: 'slow' }},
  late: {{ executor: 'constant-arrival-rate', rate: 40, duration: '1.2s', startTime: '1.2s',
    preAllocatedVUs: 1, exec: 'late' }},
}} }};
export function setup() {{ http.get('{target.url("/ok")}'); }}
export function slow() {{
  http.get('{target.url("/delay/30")}');
  http.get('http://127.0.0.1:{closed_port()}/');
}}
export function late() {{ http.get('{target.url("/flaky/0.5")}'); sleep(0.05); }}
export function teardown() {{ http.get('{target.url("/ok")}'); }}
"""
    run, timeline = await _run(settings, script)
    assert _adds_up(run, timeline)
    assert sum(timeline.dropped) > 0
    assert [error.code for error in timeline.errors] == [1212, 1500]
    assert {scenario.name for scenario in timeline.scenarios} == {"slow", "late"}
    assert (
        sum(sum(scenario.series.requests) for scenario in timeline.scenarios)
        == sum(timeline.total.requests) - 2
    )
    assert sum(sum(scenario.dropped) for scenario in timeline.scenarios) == sum(timeline.dropped)
    folder = RunFolder(settings.results_dir, run.run_id)
    assert folder.timeline.exists()
    assert not folder.record.exists()
    # A refused connection counts as 0 ms for k6; half of the requests of `slow` are such.
    assert timeline.estimated
    fastest = min(value for value in timeline.total.p95_ms[: len(timeline.estimated)] if value is not None)
    assert fastest > 25


async def test_a_run_shorter_than_an_interval_is_one_interval_with_its_exact_percentiles(
    settings: Settings, target: Target
) -> None:
    script = f"""
import http from 'k6/http';
export const options = {{ vus: 2, iterations: 40 }};
export default function () {{ http.get('{target.url("/ok")}'); }}
"""
    run, timeline = await _run(settings, script)
    assert _adds_up(run, timeline)
    assert len(timeline.ends_s) == 1
    assert run.metrics is not None
    assert run.metrics.figures.latency is not None
    assert timeline.total.p95_ms[0] == pytest.approx(run.metrics.figures.latency.p95_ms, rel=1e-3, abs=1e-4)


async def test_the_phases_of_a_rising_rate_tell_where_less_was_achieved_than_asked(
    settings: Settings, target: Target
) -> None:
    script = f"""
import http from 'k6/http';
export const options = {{ scenarios: {{ shop: {{
  executor: 'ramping-arrival-rate', startRate: 600, timeUnit: '1m', preAllocatedVUs: 2, maxVUs: 2,
  stages: [
    {{ duration: '2s', target: 600 }}, {{ duration: '0s', target: 6000 }}, {{ duration: '2s', target: 6000 }},
  ],
}} }} }};
export default function () {{ http.get('{target.url("/delay/50")}'); }}
"""
    run, timeline = await _run(settings, script)
    assert _adds_up(run, timeline)
    assert run.plan is not None
    calm, rush = phases_of(run.plan, timeline)
    assert (calm.label, rush.label) == ("10/s for 2s", "100/s for 2s")
    assert calm.iterations_per_s == pytest.approx(10, rel=0.3)
    assert rush.asked_rate_per_s == 100
    assert rush.iterations_per_s is not None
    assert rush.iterations_per_s < 45
    assert calm.dropped == 0 or calm.dropped < rush.dropped / 10
    assert rush.p95_ms is not None
    assert rush.p95_ms > 45


async def test_a_killed_k6_leaves_a_timeline_that_adds_up_to_what_is_known(
    settings: Settings, target: Target
) -> None:
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok")))
        pid = await under_load(service, run.run_id, lambda: target.total, at_least=150)
        live = await service.timeline(run.run_id)
        os.kill(pid, signal.SIGKILL)
        run = await service.wait(run.run_id, _WAIT_S)
        timeline = await service.timeline(run.run_id)
    assert live is not None
    assert timeline is not None
    assert _adds_up(run, timeline)
    assert not timeline.complete
    assert timeline.total.p95_ms[: len(live.ends_s)] == live.total.p95_ms
    assert not RunFolder(settings.results_dir, run.run_id).record.exists()


async def test_a_timeline_that_cannot_be_kept_is_told_and_read_from_the_record(
    settings: Settings, target: Target
) -> None:
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok")))
        await under_load(service, run.run_id, lambda: target.total, at_least=50)
        folder = RunFolder(settings.results_dir, run.run_id)
        # Nothing can replace a folder
        folder.timeline.mkdir()
        run = await service.stop(run.run_id)
        timeline = await service.timeline(run.run_id)
    assert "timeline_unavailable" in {notice.code for notice in run.warnings}
    assert folder.record.exists()
    assert timeline is not None
    assert _adds_up(run, timeline)


async def test_a_phase_that_covers_the_load_tells_what_the_run_tells(
    settings: Settings, target: Target
) -> None:
    script = f"""
import http from 'k6/http';
import exec from 'k6/execution';
export const options = {{ scenarios: {{ shop: {{
  executor: 'constant-arrival-rate', rate: 20, duration: '2500ms', preAllocatedVUs: 5,
}} }} }};
export function setup() {{ for (let i = 0; i < 30; i++) http.get('{target.url("/delay/20")}'); }}
export default function () {{
  http.get(exec.scenario.iterationInTest < 15 ? '{target.url("/status/500")}' : '{target.url("/ok")}');
}}
export function teardown() {{ for (let i = 0; i < 30; i++) http.get('{target.url("/status/500")}'); }}
"""
    run, timeline = await _run(settings, script)
    assert _adds_up(run, timeline)
    assert run.metrics is not None
    figures = run.metrics.figures
    (own,) = timeline.scenarios
    assert (sum(timeline.total.requests) - sum(own.series.requests), figures.requests_outside_load) == (
        60,
        60,
    )
    (phase,) = phases_of_run(run, timeline)
    assert phase.error_rate == pytest.approx(15 / sum(own.series.requests))
    assert phase.requests_per_s == pytest.approx(figures.requests_per_s)
    assert phase.iterations_per_s == pytest.approx(figures.iterations_per_s)
