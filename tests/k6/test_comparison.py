"""Comparisons of real runs, and tests that are run several times in a row."""

import asyncio
import dataclasses
import json
import subprocess
import sys

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.comparison import Comparison
from k6_mcp.models.run import Run
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Limits, Settings
from lab.target import Target, closed_port
from tests.k6.processes import until
from tests.k6.services import endless, start
from tests.k6.test_mcp_stdio import environment, served

_WAIT_S = 60.0
_SCRIPT = """
import http from 'k6/http';
export default function () { http.get(__ENV.WHERE); }
"""


async def ran(service: LoadTests, where: str, script: str = _SCRIPT, **arguments: object) -> Run:
    """Run a test of `where`, which no stored text names: the same test of a service that changed."""
    load = {"rate_per_s": 40, "duration": "2s", "name": "checkout", "env": {"WHERE": where}}
    return await service.execute(parse_load_test({"script": script, **load, **arguments}), wait_s=_WAIT_S)


def changes(comparison: Comparison) -> dict[str, str]:
    return {metric.metric: metric.change for metric in comparison.metrics}


@pytest.mark.lasting
async def test_a_baseline_judges_what_came_after_it(settings: Settings, target: Target) -> None:
    async with open_app(settings) as service:
        baseline = await ran(service, target.url("/delay/40"))
        await service.kept_runs.set_baseline(baseline.run_id)

        await ran(service, target.url("/delay/160"))
        slower = await service.kept_runs.compare("checkout")
        failing = await ran(service, target.url("/status/503"))
        fast = await service.kept_runs.compare("checkout")
        other = await ran(service, target.url("/ok"), f"{_SCRIPT}// changed", duration="1s")
        changed = await service.kept_runs.compare(baseline.run_id, other.run_id)

    assert slower.change == "regressed", slower
    assert (changes(slower)["med_ms"], changes(slower)["error_rate"]) == ("regressed", "no_evidence"), slower
    assert failing.status == "failed"
    assert (fast.change, changes(fast)["error_rate"], changes(fast)["med_ms"]) == (
        "regressed",
        "regressed",
        "not_comparable",
    ), fast
    assert (changed.change, {item.what for item in changed.differences if item.blocking}) == (
        "not_comparable",
        {"script", "load"},
    )


async def test_runs_made_later_do_not_change_how_two_runs_compare(settings: Settings, target: Target) -> None:
    async with open_app(dataclasses.replace(settings, limits=Limits(max_concurrent_runs=5))) as service:
        first, second = [await ran(service, target.url("/delay/20"), duration="1s") for _ in range(2)]
        before = await service.kept_runs.compare(first.run_id, second.run_id)
        later = (ran(service, target.url(f"/delay/{delay}"), duration="1s") for delay in (5, 90, 5, 90, 5))
        assert {run.status for run in await asyncio.gather(*later)} == {"completed"}
        after = await service.kept_runs.compare(first.run_id, second.run_id)

    assert after == before


def test_a_test_repeated_over_stdio_answers_with_all_of_its_runs(settings: Settings, target: Target) -> None:
    arguments = {"url": target.url("/ok"), "rate_per_s": 20, "duration": "1s", "repeat": 3, "name": "three"}
    with served(settings) as wire:
        wire.call(2, "execute_k6_test", wait_s=0.2, **arguments)
        begun = wire.answer(2)["structuredContent"]
        wire.call(3, "get_run", run_id=begun["run_id"], wait_s=30)
        ended = wire.answer(3)["structuredContent"]
        wire.call(4, "set_baseline", run_id=ended["run_id"])
        kept = wire.answer(4)["structuredContent"]
        wire.call(5, "compare_runs", baseline="three")
        alone = wire.answer(5)
        wire.call(6, "get_history", name="three")
        rows = wire.answer(6)["structuredContent"]["runs"]

    series = ended["series"]
    assert (begun["status"], ended["status"]) == ("running", "completed")
    assert (series["first"], series["asked"], len(series["runs"])) == (begun["run_id"], 3, 3)
    assert {spread["metric"] for spread in series["spreads"]} == {"p95_ms", "error_rate", "requests_per_s"}
    assert kept["name"] == "three"
    assert (
        alone["isError"]
        and "no ended run of the test 'three' since the baseline" in alone["content"][0]["text"]
    )
    assert [row.get("baseline") for row in rows] == [True, None, None]
    # k6 may start one more at the end of each
    assert 60 <= target.total <= 63


async def test_stopping_a_series_stops_its_run_and_starts_no_other(
    settings: Settings, target: Target
) -> None:
    async with open_app(settings) as service:
        run = await start(service, endless(target.url("/ok")), repeat=5)
        await until(lambda: target.total > 10, "traffic")

        stopped = await service.stop(run.run_id)
        seen = target.total

        assert stopped.status == "cancelled"
        assert stopped.series is not None
        assert (stopped.series.asked, len(stopped.series.runs)) == (5, 1)
        assert (await service.maintenance.health()).running == ()
        assert target.total == seen


async def test_a_series_ends_with_a_repeat_that_reaches_nothing(settings: Settings) -> None:
    async with open_app(settings) as service:
        run = await ran(service, f"http://127.0.0.1:{closed_port()}/", duration="1s", repeat=3)

    assert run.failure is not None
    assert run.failure.kind == "target_unreachable"
    assert run.series is not None
    assert len(run.series.runs) == 1


def test_the_terminal_repeats_and_keeps_baselines(settings: Settings, target: Target) -> None:
    def k6_mcp(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "k6_mcp", *words]
        return subprocess.run(
            command, env=environment(settings), capture_output=True, text=True, check=False, timeout=60
        )

    load = ("--rate", "40", "--duration", "1s", "--name", "home")
    first = json.loads(k6_mcp("run", target.url("/ok"), *load, "--repeat", "2", "--json").stdout)
    baseline = k6_mcp("baseline", first["run_id"])
    compared = k6_mcp("compare", "home")

    assert len(first["series"]["runs"]) == 2
    assert baseline.stdout == f"{first['run_id']} is the baseline of 'home'\n"
    assert (compared.returncode, "no ended run of the test 'home' since" in compared.stderr) == (2, True)
