"""Which findings real runs show: every rule on the misbehavior it is made for, and on healthy runs.

Writes docs/evidence/findings.md.
"""

import json
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from benchmarks.evidence import write
from benchmarks.findings_page import IDS, NAME, SCENARIOS, Seen, page
from benchmarks.measure import Bench, Row, Table
from k6_mcp.analysis.findings import find
from k6_mcp.answers.budget import as_json
from k6_mcp.answers.explanation import explanation_answer
from k6_mcp.app import open_app
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Timeline
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings
from lab.misbehaving_runs import HEALTHY, MISBEHAVING, Scenario
from lab.misbehaving_targets import open_misbehaving
from lab.sample_runs import metrics, threshold
from lab.sample_runs import run as sample_run
from lab.sample_timelines import closed, noisy, open_, ramp_of_rate, ramp_of_vus, timeline

_AT_ONCE = 2
_GOAL_MS = 100.0
_HOUR = 3600
_REPEATS = 5


async def measure(bench: Bench) -> Table:
    """Run every scenario, write the page; return how many findings were right, and how long an hour takes."""
    seen = await _seen(bench)
    marks = [one.mark(rule) for one in seen for rule in IDS]
    hour_ms, worst = _hour()
    expected = marks.count("hit") + marks.count("missed")
    rows = (
        Row(
            "findings that must be reported",
            str(expected),
            str(marks.count("hit")),
            f"-{marks.count('missed')}",
            "all",
            "missed" not in marks,
        ),
        Row(
            "false alarms",
            str(len(marks) - expected),
            str(marks.count("false")),
            "",
            "none",
            "false" not in marks,
        ),
        Row(
            "CPU time of analyzing an hour, 3600 intervals",
            "",
            f"{hour_ms:.0f} ms",
            worst,
            "< 100 ms",
            hour_ms < _GOAL_MS,
        ),
    )
    write(NAME, page(seen))
    note = (
        f"{len(MISBEHAVING)} misbehaving and {len(HEALTHY)} healthy runs of k6, {len(IDS)} rules; "
        f"the whole table is docs/evidence/{NAME}."
    )
    return Table("Findings", rows, note, ("", "cases", "k6-mcp", ""))


async def _seen(bench: Bench) -> list[Seen]:
    seen: dict[str, Seen] = {}
    together = anyio.CapacityLimiter(_AT_ONCE)
    with open_misbehaving() as target:

        async def one(scenario: Scenario) -> None:
            async with together, _service(bench, scenario) as service:
                seen[scenario.name] = await _run(service, scenario, target)

        for scenarios in (
            [s for s in (*MISBEHAVING, *HEALTHY) if not s.alone],
            *([s] for s in MISBEHAVING if s.alone),
        ):
            async with anyio.create_task_group() as tasks:
                for scenario in scenarios:
                    tasks.start_soon(one, scenario)
    return [seen[scenario.name] for scenario in SCENARIOS]


@asynccontextmanager
async def _service(bench: Bench, scenario: Scenario) -> AsyncGenerator[LoadTests]:
    folder = bench.folder / "findings" / str(abs(hash(scenario.name)))
    folder.mkdir(parents=True, exist_ok=True)
    k6 = bench.k6
    if scenario.files is not None:
        wrapper = folder / "k6"
        wrapper.write_text(f'#!/bin/sh\nulimit -n {scenario.files}\nexec {k6} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        k6 = str(wrapper)
    async with open_app(Settings(results_dir=folder, database=folder / "history.db", k6_bin=k6)) as service:
        yield service


async def _run(service: LoadTests, scenario: Scenario, target: str) -> Seen:
    test = LoadTest(script=scenario.script.replace("TARGET", target), name=scenario.name)
    run = await service.execute(test, wait_s=120)
    limits = FindingLimits() if scenario.cpu_share is None else FindingLimits(cpu_share=scenario.cpu_share)
    answer = as_json(explanation_answer(await service.kept_runs.explain(run.run_id)))
    findings = find(run, await service.timeline(run.run_id), limits)
    return Seen(scenario, findings, json.dumps(answer, ensure_ascii=False, indent=1))


def _hour() -> tuple[float, str]:
    """Return how long the analysis of an hour takes for the slowest kind of load, and which that is."""
    timeline_ = timeline(_HOUR, noisy(1))
    plans = {
        "closed": closed(_HOUR),
        "open": open_(_HOUR),
        "ramp of VUs": ramp_of_vus(_HOUR),
        "ramp of rate": ramp_of_rate(_HOUR),
    }
    return max(
        (_timed(sample_run(plan=plan, metrics=metrics(threshold())), timeline_), name)
        for name, plan in plans.items()
    )


def _timed(run: Run, timeline_: Timeline) -> float:
    times: list[float] = []
    for _ in range(_REPEATS):
        began = time.process_time()
        find(run, timeline_, FindingLimits())
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)
