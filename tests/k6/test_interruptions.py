"""Runs that something else ends: signals from outside, a crash, our own deadline. What was measured until then is kept."""

import dataclasses
import os
import signal
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.run import Run
from k6_mcp.settings import Limits, Settings
from tests.k6.services import endless, start, under_load
from tests.target import Target

_WAIT_S = 60.0
_DEADLINE_S = 2.0


async def _signalled(settings: Settings, target: Target, number: signal.Signals) -> Run:
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok")))
        # The record of k6 grows once a second: what it holds is what survives a kill.
        pid = await under_load(service, run.run_id, lambda: target.total, at_least=120)
        os.kill(pid, number)
        return await service.wait(run.run_id, _WAIT_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
async def test_a_signal_from_outside_fails_the_run_and_keeps_its_exact_figures(
    settings: Settings, target: Target, number: signal.Signals
) -> None:
    run = await _signalled(settings, target, number)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "stopped_externally")
    assert run.metrics is not None
    assert run.metrics.exact
    # A request in flight when k6 is interrupted is not recorded by it: at most one per VU.
    assert 0 <= target.total - run.metrics.figures.requests <= 2


async def test_a_killed_k6_fails_the_run_and_keeps_what_was_recorded(settings: Settings, target: Target) -> None:
    run = await _signalled(settings, target, signal.SIGKILL)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "stopped_externally")
    assert run.metrics is not None
    assert run.metrics.source == "record"
    assert 0 < run.metrics.figures.requests <= target.total
    assert run.metrics.figures.latency is not None


async def test_a_crash_of_k6_is_called_one(settings: Settings, target: Target) -> None:
    run = await _signalled(settings, target, signal.SIGQUIT)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "k6_crashed")
    assert run.metrics is not None
    assert run.metrics.figures.requests > 0


async def _timed_out(settings: Settings, script: str) -> Run:
    settings = dataclasses.replace(settings, timeout_s=_DEADLINE_S)
    async with open_app(settings) as service:
        run = await start(service, script)
        return await service.wait(run.run_id, _WAIT_S)


async def test_our_deadline_stops_a_run_and_keeps_its_exact_figures(settings: Settings, target: Target) -> None:
    run = await _timed_out(settings, endless(target.url("/ok")))
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "timed_out")
    assert "2" in run.failure.message
    assert "K6_TIMEOUT" in run.failure.hint
    assert run.metrics is not None
    assert run.metrics.exact
    assert 0 <= target.total - run.metrics.figures.requests <= 2


_LOOPS = {
    "init of the first VU": "if (__VU > 0) { while (true) {} }\nexport default function () {}\n",
    "an iteration": "export const options = { duration: '60s' };\nexport default function () { while (true) {} }\n",
    "setup": "export function setup() { while (true) {} }\nexport default function () {}\n",
}


@pytest.mark.parametrize("script", _LOOPS.values(), ids=_LOOPS.keys())
async def test_a_loop_that_never_ends_is_stopped_by_our_deadline(settings: Settings, script: str) -> None:
    run = await _timed_out(settings, script)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "timed_out")


async def test_a_script_that_loops_while_it_loads_is_refused(settings: Settings) -> None:
    run = await _timed_out(settings, "while (true) {}\nexport default function () {}\n")
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "timed_out")
    assert run.metrics is None or run.metrics.figures.requests == 0


async def test_a_handle_summary_that_loops_cannot_hide_the_figures(settings: Settings, target: Target) -> None:
    script = f"""
import http from 'k6/http';
export const options = {{ iterations: 3 }};
export default function () {{ http.get('{target.url("/ok")}'); }}
export function handleSummary() {{ while (true) {{}} }}
"""
    run = await _timed_out(settings, script)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "timed_out")
    assert run.metrics is not None
    assert run.metrics.figures.requests == 3


async def test_a_k6_that_vanished_while_the_run_was_queued_is_our_failure(
    settings: Settings, target: Target, tmp_path: Path
) -> None:
    binary = tmp_path / "k6"
    binary.symlink_to(str(settings.k6_bin))
    settings = dataclasses.replace(settings, k6_bin=str(binary), limits=Limits(max_concurrent_runs=1))
    async with open_app(settings) as service:
        first = await start(service, endless(target.url("/ok")))
        second = await start(service, endless(target.url("/ok")))
        assert second.status == "queued"
        binary.unlink()
        await service.stop(first.run_id)
        run = await service.wait(second.run_id, _WAIT_S)
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "internal")
    assert "k6" in run.failure.message
