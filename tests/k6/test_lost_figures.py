"""Runs whose figures cover only a part of the run.

The folder disappears, the time series is cut, or k6 is paused for a while.
"""

import asyncio
import dataclasses
import os
import shutil
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Limits, Settings
from lab.target import open_target
from tests.k6.processes import k6_pid, until

_HELD_S = 1.7
_WAIT_S = 60.0
_SCRIPT = """
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { duration: '4s', OPTIONS };
export default function () { http.get('TARGET'); sleep(0.05); }
"""
_THRESHOLD = "thresholds: { http_req_failed: ['rate<0.5'] }"

Happens = Callable[[RunFolder], Awaitable[None]]


async def _gone(folder: RunFolder) -> None:
    shutil.rmtree(folder.path)


async def _cut(folder: RunFolder) -> None:
    folder.record.write_text("", encoding="utf-8")


async def _garbled(folder: RunFolder) -> None:
    with folder.record.open("a", encoding="utf-8") as file:
        file.write("no JSON\n")


async def _held(folder: RunFolder) -> None:
    pid = k6_pid(folder.path.name)
    assert pid is not None
    since = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    await until(lambda: time.monotonic() > since + _HELD_S, "k6 held up for a while")
    os.kill(pid, signal.SIGCONT)


_HAPPENS: Mapping[str, tuple[Happens, str]] = {
    "folder gone": (_gone, ""),
    "folder gone, with thresholds": (_gone, _THRESHOLD),
    "series cut": (_cut, _THRESHOLD),
    "series garbled": (_garbled, _THRESHOLD),
    "k6 held": (_held, ""),
    "nothing": (lambda folder: asyncio.sleep(0), ""),
}


@pytest.fixture(scope="module")
def runs(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """All of these at once, each with a target of its own."""
    folder = tmp_path_factory.mktemp("lost")
    limits = Limits(max_concurrent_runs=len(_HAPPENS))
    settings = Settings(
        results_dir=folder / "results", database=folder / "history.db", k6_bin=k6_bin, limits=limits
    )

    async def one(service: LoadTests, happens: Happens, options: str) -> Run:
        with open_target() as target:
            script = _SCRIPT.replace("TARGET", target.url("/ok")).replace("OPTIONS", options)
            run = await service.start(parse_load_test({"script": script}))
            while run.status == "running" and not (run.live and run.live.requests):
                run = await service.wait(run.run_id, 0.1)
            await happens(RunFolder(settings.results_dir, run.run_id))
            return await service.wait(run.run_id, _WAIT_S)

    async def every() -> list[Run]:
        async with open_app(settings) as service:
            return await asyncio.gather(*(one(service, *what) for what in _HAPPENS.values()))

    return dict(zip(_HAPPENS, asyncio.run(every()), strict=True))


def _codes(run: Run) -> set[str]:
    return {notice.code for notice in run.warnings}


@pytest.mark.parametrize("name", ["folder gone", "folder gone, with thresholds"])
def test_figures_that_end_before_k6_did_complete_no_run(name: str, runs: Mapping[str, Run]) -> None:
    run = runs[name]
    assert (run.status, run.failure.kind if run.failure else None) == ("failed", "internal"), run.failure
    assert run.failure is not None
    assert "k6 ran for" in run.failure.message and "the figures, ends at" in run.failure.message
    assert "the run's folder" in run.failure.hint


@pytest.mark.parametrize("name", ["series cut", "series garbled"])
def test_a_summary_that_no_whole_series_confirms_is_used_and_said(name: str, runs: Mapping[str, Run]) -> None:
    run = runs[name]
    assert (run.status, run.metrics.source if run.metrics else None) == ("completed", "summary")
    assert "figures_unverified" in _codes(run)


def test_k6_that_was_stopped_for_a_good_part_of_a_run_completes_none(runs: Mapping[str, Run]) -> None:
    run = runs["k6 held"]
    assert (run.status, run.failure.kind if run.failure else None) == ("failed", "stopped_externally"), (
        run.failure
    )
    assert run.failure is not None
    assert "SIGSTOP" in run.failure.message
    assert "generator_stood_still" not in _codes(run)


def test_a_run_in_which_nothing_happens_is_not_doubted(runs: Mapping[str, Run]) -> None:
    run = runs["nothing"]
    assert (run.status, run.failure) == ("completed", None)
    assert not _codes(run) & {
        "figures_unverified",
        "figures_incomplete",
        "figures_contradicted",
        "generator_paused",
    }


_SLOW: Mapping[str, tuple[str, str]] = {
    "import": (
        "import own from 'URL/own.js';\nexport default function () { own(); }\n",
        "waiting for the import of URL/own.js",
    ),
    "require": (
        "const own = require('URL/own.js');\nexports.default = () => own();\n",
        "waiting for the import of URL/own.js",
    ),
    "loop": ("while (true) {}\nexport default function () {}\n", "its init code does not end"),
}


async def test_what_keeps_a_script_from_loading_is_told(settings: Settings) -> None:
    """A server that accepts a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        scripts = [script.replace("URL", url) for script, _ in _SLOW.values()]
        async with open_app(dataclasses.replace(settings, timeout_s=2.5)) as service:
            runs = await asyncio.gather(
                *(service.execute(parse_load_test({"script": s}), wait_s=_WAIT_S) for s in scripts)
            )
    assert [(run.status, run.failure.kind if run.failure else None) for run in runs] == [
        ("failed", "timed_out")
    ] * 3
    told = [run.failure.message if run.failure else "" for run in runs]
    assert [
        said.replace("URL", url) in message for (_, said), message in zip(_SLOW.values(), told, strict=True)
    ] == [True] * 3, told
