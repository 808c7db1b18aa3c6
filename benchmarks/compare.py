"""How often a comparison is wrong: real runs of a service that is the same, 30 % slower, or 2 % more faulty.

Writes docs/evidence/comparison.md.
"""

import asyncio
import os
import platform
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev

from benchmarks.comparison_page import ALONE, BESIDE, NAME, Counted, page
from benchmarks.cpu_load import open_cpu_load
from benchmarks.evidence import write
from benchmarks.measure import Bench, Row, Table
from benchmarks.wandering_target import open_wandering_target
from k6_mcp.analysis.compare.compare import compare
from k6_mcp.analysis.compare.side import Side
from k6_mcp.analysis.measure.cpu_contention import HELD_UP, waiting_share
from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.comparison import Change, Comparison
from k6_mcp.models.run import Run
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

GROUPS = 60
CHANGED_GROUPS = 40
REPEATS = 3
_AT_ONCE = 4
_RATE_PER_S, _DURATION = 60, "5s"
_HISTORY = 12
SIZES: Mapping[str, object] = {
    "duration": _DURATION.replace("s", " s"),
    "rate": _RATE_PER_S,
    "repeats": REPEATS,
    "at_once": _AT_ONCE,
    "groups": GROUPS,
    "changed": CHANGED_GROUPS,
}
_BANDS = (0.0, 0.6, 0.75, HELD_UP, 0.9, 1.01)


@dataclass(frozen=True, slots=True)
class Condition:
    """A change of the target: slower by a factor, or a share of failing requests; `metric` shows it."""

    name: str
    factor: float = 1.0
    errors: float = 0.0
    metric: str = "p95_ms"


BASELINE, SAME = Condition("baseline"), Condition("same")
SLOWER, FAULTY = Condition("slower", factor=1.3), Condition("faulty", errors=0.02, metric="error_rate")
Group = dict[str, list[Side]]


@dataclass(frozen=True, slots=True)
class _Question:
    """One row: which side is compared with the baseline, with how many runs, with earlier runs or without."""

    text: str
    condition: Condition
    runs: int
    earlier: bool = False


_QUESTIONS = (
    _Question("the same, 1 run on each side", SAME, 1),
    _Question(f"the same, 1 run on each side, {_HISTORY} earlier runs known", SAME, 1, earlier=True),
    _Question(f"the same, {REPEATS} runs on each side", SAME, REPEATS),
    _Question(f"latency 30 % higher, {REPEATS} on each side", SLOWER, REPEATS),
    _Question("latency 30 % higher, 1 on each side", SLOWER, 1),
    _Question(f"errors 2 % more, {REPEATS} on each side", FAULTY, REPEATS),
    _Question("errors 2 % more, 1 on each side", FAULTY, 1),
)


@dataclass(slots=True)
class Pool:
    """All runs, by group and condition: no run serves two comparisons of one kind."""

    groups: dict[int, Group] = field(default_factory=dict[int, Group])

    def history(self, number: int) -> list[Run]:
        """Return runs of the unchanged target that belong to other groups."""
        others = [
            self.groups[(number + step) % len(self.groups)] for step in range(1, _HISTORY // REPEATS + 1)
        ]
        return [side.run for group in others for side in group[SAME.name]]


async def measure(bench: Bench) -> Table:
    """Run everything twice, on the machine as it is and with work that comes and goes; count the answers."""
    priority = os.sched_getscheduler(0) != os.SCHED_OTHER if hasattr(os, "sched_getscheduler") else False
    alone = await collect(bench.k6, bench.folder / "alone")
    compete()
    with open_cpu_load():
        beside = await collect(bench.k6, bench.folder / "beside")
    pools = {ALONE: alone, BESIDE: beside}
    rows = [row for where, pool in pools.items() for row in _rows(where, pool)]
    measured = _measured(next(iter(alone.history(0))).k6_version, priority=priority)
    counted = Counted(
        measured, [row.cells() for row in rows], {where: waits(pool) for where, pool in pools.items()}
    )
    write(NAME, page(counted, **SIZES))
    return Table(
        "Comparison",
        rows,
        f"The whole page is docs/evidence/{NAME}.",
        ("pairs", "regressed", "improved", "no evidence"),
    )


def _measured(k6_version: str, *, priority: bool) -> str:
    """Return when and where it was measured; with `priority`, other work disturbs the first half less."""
    how = "; on the machine as it is with real-time priority (`chrt -r 5`)" if priority else ""
    machine = f"k6 {k6_version}, {platform.system()}, {os.cpu_count()} cores"
    return f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}{how}."


def compete() -> None:
    """Give up a priority that this process was started with (`chrt`): with other work, it must compete."""
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


async def collect(k6: str, folder: Path, groups: int = GROUPS, changed: int = CHANGED_GROUPS) -> Pool:
    """Run the groups, `_AT_ONCE` at a time; a group's conditions follow each other, each `REPEATS` times."""
    pool, numbers = Pool(), iter(range(groups))
    with open_wandering_target() as url:
        async with open_app(
            Settings(results_dir=folder, database=folder / "history.db", k6_bin=k6)
        ) as service:

            async def work(name: str) -> None:
                for number in numbers:
                    conditions = (BASELINE, SAME, SLOWER, FAULTY) if number < changed else (BASELINE, SAME)
                    pool.groups[number] = {
                        item.name: await _side(service, url, name, item) for item in conditions
                    }

            await asyncio.gather(*(work(f"w{worker}") for worker in range(_AT_ONCE)))
    return pool


async def _side(service: LoadTests, url: str, name: str, condition: Condition) -> list[Side]:
    await asyncio.to_thread(_get, f"{url}/set/{name}/{condition.factor}/{condition.errors}")
    arguments = {"url": f"{url}/{name}", "rate_per_s": _RATE_PER_S, "duration": _DURATION, "repeat": REPEATS}
    run = await service.execute(parse_load_test(arguments), wait_s=120)
    if run.series is None or len(run.series.runs) < REPEATS:
        raise RuntimeError(f"a series of {condition.name} ended early: {run.status}, {run.failure}")
    run_ids = [row.run_id for row in run.series.runs]
    return [Side(await service.get(run_id), await service.timeline(run_id)) for run_id in run_ids]


def _get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=10) as answer:
        answer.read()


def labels() -> list[str]:
    """Return what the rows of the table are called."""
    return [_label(where, question) for where in (ALONE, BESIDE) for question in _QUESTIONS]


def _label(where: str, question: _Question) -> str:
    pairs = GROUPS if question.condition is SAME else CHANGED_GROUPS
    return f"{where}: {question.text} ({pairs})"


def _rows(where: str, pool: Pool) -> list[Row]:
    return [_row(_label(where, question), question, pool) for question in _QUESTIONS]


def waits(pool: Pool) -> list[tuple[str, ...]]:
    """Return the latency of the unchanged target by the share of its time that k6 waited for a CPU."""
    sides = [
        side for group in pool.groups.values() for name in (BASELINE.name, SAME.name) for side in group[name]
    ]
    metrics = [side.run.metrics for side in sides if side.run.metrics]
    seen = [(waiting_share(one) or 0.0, one.figures.latency) for one in metrics]
    rows: list[tuple[str, ...]] = []
    for low, high in pairwise(_BANDS):
        latencies = [latency for share, latency in seen if low <= share < high and latency]
        if len(latencies) > 1:
            p95 = [latency.p95_ms or 0.0 for latency in latencies]
            average = fmean(latency.avg_ms for latency in latencies)
            rows.append(
                (
                    _band(low, high),
                    str(len(latencies)),
                    f"{average:.1f} ms",
                    f"{fmean(p95):.0f} ({stdev(p95):.0f}) ms",
                )
            )
    return rows


def _band(low: float, high: float) -> str:
    if low == 0:
        return f"below {high:.0%}".replace("%", " %")
    return f"{low:.0%} and more".replace("%", " %") if high > 1 else f"{low * 100:.0f} to {high * 100:.0f} %"


def _row(label: str, question: _Question, pool: Pool) -> Row:
    answers = _comparisons(pool, question)
    found = Counter[Change](answer.change for answer in answers)
    if question.condition is SAME:
        share = (found["regressed"] + found["improved"]) / found.total()
        goal, holds = f"at most 5 % called changed ({share * 100:.1f} %)", share <= 0.05
    else:
        share, metric = found["regressed"] / found.total(), question.condition.metric
        own = sum(
            row.change == "regressed" for answer in answers for row in answer.metrics if row.metric == metric
        )
        goal = f"({_percent(share)}; {metric} itself {_percent(own / found.total())})"
        goal, holds = (
            (f"at least 90 % found {goal}", share >= 0.9) if question.runs == REPEATS else (goal, None)
        )
    counts = (str(found[change]) for change in ("regressed", "improved", "no_evidence"))
    return Row(label, *counts, goal=goal, holds=holds)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _comparisons(pool: Pool, question: _Question) -> list[Comparison]:
    name, runs = question.condition.name, question.runs
    return [
        compare(
            group[BASELINE.name][:runs], group[name][:runs], pool.history(number) if question.earlier else ()
        )
        for number, group in sorted(pool.groups.items())
        if name in group
    ]
