"""Runs that something else ends: signals from outside, a crash, our own deadline.

What was measured until then is kept.
"""

import asyncio
import dataclasses
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.run import Run
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Limits, Settings
from lab.target import Target, open_target
from tests.k6.services import endless, start, under_load

_WAIT_S = 60.0
_DEADLINE_S = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGQUIT)
_MEASURED = {
    "endless": "ENDLESS",
    "a loop in handleSummary": (
        """
import http from 'k6/http';
export const options = { iterations: 3 };
export default function () { http.get('TARGET'); }
export function handleSummary() { while (true) {} }
"""
    ),
}
_LOOPS = {
    "init of the first VU": "if (__VU > 0) { while (true) {} }\nexport default function () {}\n",
    "an iteration": (
        "export const options = { duration: '60s' };\nexport default function () { while (true) {} }\n"
    ),
    "setup": "export function setup() { while (true) {} }\nexport default function () {}\n",
}
_LOOP_WHILE_IT_LOADS = {"while it loads": "while (true) {}\nexport default function () {}\n"}

# And how many requests its target has seen
Ended = tuple[Run, int]
Attempt = Callable[[LoadTests, Target, str], Awaitable[Run]]


def _all_at_once(
    k6_bin: str, folder: Path, attempt: Attempt, *names: str, **fields: object
) -> Mapping[str, Ended | BaseException]:
    """Let each attempt end through one service, with a separate target for each.

    Each attempt spends most of its time waiting, so they run at the same time.
    """
    limits = Limits(max_concurrent_runs=len(names))
    settings = Settings(results_dir=folder, database=folder / "history.db", k6_bin=k6_bin, limits=limits)

    async def one(service: LoadTests, name: str) -> Ended:
        with open_target() as target:
            return await attempt(service, target, name), target.total

    async def every() -> list[Ended | BaseException]:
        async with open_app(dataclasses.replace(settings, **fields)) as service:
            return await asyncio.gather(*(one(service, name) for name in names), return_exceptions=True)

    return dict(zip(names, asyncio.run(every()), strict=True))


def _ended(ended: Ended | BaseException) -> Ended:
    assert isinstance(ended, tuple), ended
    return ended


@pytest.fixture(scope="module")
def signalled(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ended | BaseException]:
    """A run for each signal, whose k6 got it from outside."""

    async def attempt(service: LoadTests, target: Target, name: str) -> Run:
        run = await start(service, endless(target.url("/ok")))
        # The record of k6 grows once a second: what it holds is what survives a kill.
        pid = await under_load(service, run.run_id, lambda: target.total, at_least=120)
        os.kill(pid, signal.Signals[name])
        return await service.wait(run.run_id, _WAIT_S)

    return _all_at_once(
        k6_bin, tmp_path_factory.mktemp("signalled"), attempt, *(number.name for number in _SIGNALS)
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_from_outside_fails_the_run_and_keeps_its_exact_figures(
    signalled: Mapping[str, Ended | BaseException], name: str
) -> None:
    run, seen = _ended(signalled[name])
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "stopped_externally")
    assert run.metrics is not None
    assert run.metrics.exact
    # A request in flight when k6 is interrupted is not recorded by it: at most one per VU.
    assert 0 <= seen - run.metrics.figures.requests <= 2


def test_a_killed_k6_fails_the_run_and_keeps_what_was_recorded(
    signalled: Mapping[str, Ended | BaseException],
) -> None:
    run, seen = _ended(signalled["SIGKILL"])
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "stopped_externally")
    assert run.metrics is not None
    assert run.metrics.source == "record"
    assert 0 < run.metrics.figures.requests <= seen
    assert run.metrics.figures.latency is not None


def test_a_crash_of_k6_is_called_one(signalled: Mapping[str, Ended | BaseException]) -> None:
    run, _ = _ended(signalled["SIGQUIT"])
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "k6_crashed")
    assert run.metrics is not None
    assert run.metrics.figures.requests > 0


def _timed_out(k6_bin: str, folder: Path, scripts: Mapping[str, str]) -> Mapping[str, Ended | BaseException]:
    async def attempt(service: LoadTests, target: Target, name: str) -> Run:
        script = scripts[name].replace("ENDLESS", endless("TARGET")).replace("TARGET", target.url("/ok"))
        run = await start(service, script)
        return await service.wait(run.run_id, _WAIT_S)

    return _all_at_once(k6_bin, folder, attempt, *scripts, timeout_s=_DEADLINE_S)


@pytest.fixture(scope="module")
def measured(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ended | BaseException]:
    """Runs of which something was measured before their deadline."""
    return _timed_out(k6_bin, tmp_path_factory.mktemp("measured"), _MEASURED)


@pytest.fixture(scope="module")
def looping(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ended | BaseException]:
    """Runs of scripts that get nowhere; they take all of the machine."""
    return _timed_out(k6_bin, tmp_path_factory.mktemp("looping"), {**_LOOPS, **_LOOP_WHILE_IT_LOADS})


def test_our_deadline_stops_a_run_and_keeps_its_exact_figures(
    measured: Mapping[str, Ended | BaseException],
) -> None:
    run, seen = _ended(measured["endless"])
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "timed_out")
    assert "2" in run.failure.message
    assert "K6_TIMEOUT" in run.failure.hint
    assert run.metrics is not None
    assert run.metrics.exact
    assert 0 <= seen - run.metrics.figures.requests <= 2


@pytest.mark.parametrize("name", _LOOPS)
def test_a_loop_that_never_ends_is_stopped_by_our_deadline(
    looping: Mapping[str, Ended | BaseException], name: str
) -> None:
    run, _ = _ended(looping[name])
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "timed_out")


def test_a_script_that_loops_while_it_loads_is_refused(looping: Mapping[str, Ended | BaseException]) -> None:
    run, _ = _ended(looping["while it loads"])
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "timed_out")
    assert run.metrics is None or run.metrics.figures.requests == 0


def test_a_handle_summary_in_which_the_deadline_passes_is_told_of_and_hides_no_figures(
    measured: Mapping[str, Ended | BaseException],
) -> None:
    run, _ = _ended(measured["a loop in handleSummary"])
    assert run.failure is not None
    assert (run.status, run.failure.kind) == ("failed", "script_error")
    assert "handleSummary() did not return" in run.failure.message
    assert "K6_TIMEOUT" in run.failure.hint
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
