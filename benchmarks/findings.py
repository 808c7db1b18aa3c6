"""Which findings real runs show: every rule on the misbehaviour it is made for, and on healthy runs. Writes
docs/findings.md.
"""

import json
import statistics
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from benchmarks.measure import Bench, Row, Table
from k6_mcp.analysis.findings import RULES, find
from k6_mcp.answers.budget import as_json
from k6_mcp.answers.explanation import explanation_answer
from k6_mcp.app import open_app
from k6_mcp.models.findings import Finding, FindingLimits
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
_EXAMPLE = "a rate that grows beyond the capacity"
_REPEATS = 5
_PAGE = Path(__file__).parents[1] / "docs" / "findings.md"
_IDS = tuple(rule.__name__ for rule in RULES)
_MARKS = {"hit": "●", "also": "○", "missed": "**missed**", "false": "**false**", "silent": ""}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one run; `answer` is that of analyze_run."""

    scenario: Scenario
    run: Run
    findings: tuple[Finding, ...]
    answer: str

    def mark(self, rule: str) -> str:
        """Return what this rule did here, a key of `_MARKS`."""
        found = any(finding.id == rule for finding in self.findings)
        if rule in self.scenario.must:
            return "hit" if found else "missed"
        if not found:
            return "silent"
        return "also" if rule in self.scenario.also else "false"


async def measure(bench: Bench) -> Table:
    """Run every scenario, write the page, and return how many findings were right, and how long an hour takes
    to analyse.
    """
    seen = await _seen(bench)
    marks = [one.mark(rule) for one in seen for rule in _IDS]
    hour_ms, worst = _hour()
    expected = marks.count("hit") + marks.count("missed")
    rows = (
        Row(
            "findings that must be told",
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
            "CPU time of analysing an hour, 3600 intervals",
            "",
            f"{hour_ms:.0f} ms",
            worst,
            "< 100 ms",
            hour_ms < _GOAL_MS,
        ),
    )
    _PAGE.write_text(_page(seen, hour_ms), encoding="utf-8")
    note = (
        f"{len(MISBEHAVING)} misbehaving and {len(HEALTHY)} healthy runs of k6, {len(_IDS)} rules; the whole"
        " table is docs/findings.md."
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
    return [seen[scenario.name] for scenario in (*MISBEHAVING, *HEALTHY)]


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
    return Seen(scenario, run, findings, json.dumps(answer, ensure_ascii=False, indent=1))


def _hour() -> tuple[float, str]:
    """Return how long the analysis of an hour takes (the median of some repeats), for the kind of load that
    takes longest, and which that is.
    """
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


def _page(seen: Sequence[Seen], hour_ms: float) -> str:
    numbers = {rule: number for number, rule in enumerate(_IDS, start=1)}
    return "\n".join(
        (
            "# What the rules find",
            "",
            (
                "Every rule of `analyze_run` on real runs of k6 against a local target that misbehaves in a"
                " known way, and on healthy ones."
            ),
            (
                "Regenerate it with `python -m benchmarks findings` (about eight minutes); the scenarios are"
                " in `lab/misbehaving_runs.py`, the"
            ),
            (
                "target in `lab/misbehaving_targets.py`. The limits are the defaults, but for the run without"
                " CPU: there it is 15 % of the cores, so that it"
            ),
            "also holds on a machine that has other work to do.",
            "",
            *_per_rule(seen),
            "",
            "## Every run and every rule",
            "",
            (
                "● told, and the run is made for it · ○ told, and true of the run as well · empty: silent."
                " Rules by number:"
            ),
            ", ".join(f"{number} `{rule}`" for rule, number in numbers.items()) + ".",
            "",
            *_matrix(seen, numbers),
            "",
            "## What was told",
            "",
            *_told(seen),
            "",
            "## One answer",
            "",
            f'What `analyze_run` answers about the run "{_EXAMPLE}":',
            "",
            "```json",
            next(one.answer for one in seen if one.scenario.name == _EXAMPLE),
            "```",
            "",
            f"The analysis of an hour (3600 intervals) took {hour_ms:.0f} ms of CPU time.",
            "",
        )
    )


def _per_rule(seen: Sequence[Seen]) -> list[str]:
    healthy = [one for one in seen if one.scenario in HEALTHY]
    lines = [
        "| Rule | Told where it must be | Told elsewhere, truly | False alarms | Silent on healthy runs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for rule in _IDS:
        marks = [one.mark(rule) for one in seen]
        must = marks.count("hit") + marks.count("missed")
        silent = sum(one.mark(rule) == "silent" for one in healthy)
        lines.append(
            f"| `{rule}` | {marks.count('hit')} of {must} | {marks.count('also')} | {marks.count('false')} |"
            f" {silent} of {len(healthy)} |"
        )
    return lines


def _matrix(seen: Sequence[Seen], numbers: Mapping[str, int]) -> list[str]:
    lines = [f"| Run | {' | '.join(map(str, numbers.values()))} |", f"| --- |{' --- |' * len(numbers)}"]
    lines += [
        f"| {one.scenario.name} | {' | '.join(_MARKS[one.mark(rule)] for rule in numbers)} |" for one in seen
    ]
    return lines


def _told(seen: Sequence[Seen]) -> list[str]:
    lines = ["| Run | Finding | Severity | Confidence | Message |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {one.scenario.name} | `{f.id}` | {f.severity} | {f.confidence:.2f} |"
        f" {f.message.replace('|', '/')} |"
        for one in seen
        for f in one.findings
    ]
    return lines
