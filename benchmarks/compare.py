"""How often a comparison is wrong: real runs of a service that is the same, 30 % slower, or 2 % more faulty
than its baseline.
"""

import asyncio
import os
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev

from benchmarks.cpu_load import open_cpu_load
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
_BANDS = (0.0, 0.6, 0.75, HELD_UP, 0.9, 1.01)


@dataclass(frozen=True, slots=True)
class Condition:
    """What is done to the target: slower by a factor, a share of requests failing; `metric` shows it."""

    name: str
    factor: float = 1.0
    errors: float = 0.0
    metric: str = "p95_ms"


BASELINE, SAME = Condition("baseline"), Condition("same")
SLOWER, FAULTY = Condition("slower", factor=1.3), Condition("faulty", errors=0.02, metric="error_rate")
Group = dict[str, list[Side]]


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
    """Run everything twice, on the machine as it is and beside work that comes and goes, and count the
    answers.
    """
    alone = await collect(bench.k6, bench.folder / "alone")
    compete()
    with open_cpu_load():
        beside = await collect(bench.k6, bench.folder / "beside")
    return table({"alone": alone, "beside other work": beside})


def compete() -> None:
    """Give up a priority that this process was started with (`chrt`): beside other work it must compete."""
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


async def collect(k6: str, folder: Path, groups: int = GROUPS, changed: int = CHANGED_GROUPS) -> Pool:
    """Run the groups, `_AT_ONCE` at a time; the conditions of a group follow each other, each `REPEATS`
    times.
    """
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


def table(pools: Mapping[str, Pool]) -> Table:
    """Compare every pair and return the shares of each answer; the pools are named by where their runs were
    made.
    """
    rows = [row for where, pool in pools.items() for row in _rows(where, pool)]
    note = (
        "Each pair is made of runs of its own, made one after the other through `execute_k6_test` with"
        f" `repeat`: {_RATE_PER_S} requests/s for {_DURATION}, {_AT_ONCE} tests at once. The rows of 1 run"
        " use the first of each three. A changed side is held against the same baseline as its group's"
        " unchanged one. "
        + " ".join(f"{where.capitalize()}, {waits(pool)}." for where, pool in pools.items())
    )
    return Table("Comparison", rows, note, ("pairs", "regressed", "improved", "no evidence"))


def _rows(where: str, pool: Pool) -> list[Row]:
    return [
        _same(pool, f"{where}: the same, 1 run a side", 1),
        _same(pool, f"{where}: the same, 1 run a side, {_HISTORY} earlier runs known", 1, earlier=True),
        _same(pool, f"{where}: the same, {REPEATS} runs a side", REPEATS),
        *(
            _found(pool, f"{where}: {what}", condition, runs)
            for what, condition in _CHANGES.items()
            for runs in (REPEATS, 1)
        ),
    ]


def waits(pool: Pool) -> str:
    """Return how the latency of the unchanged target went with the share of its time that k6 waited for a
    CPU.
    """
    sides = [
        side for group in pool.groups.values() for name in (BASELINE.name, SAME.name) for side in group[name]
    ]
    metrics = [side.run.metrics for side in sides if side.run.metrics]
    seen = [(waiting_share(one) or 0.0, one.figures.latency) for one in metrics]
    parts: list[str] = []
    for low, high in pairwise(_BANDS):
        found = [latency for share, latency in seen if low <= share < high and latency]
        if len(found) > 1:
            p95 = [latency.p95_ms or 0.0 for latency in found]
            average = fmean(latency.avg_ms for latency in found)
            parts.append(
                f"{low:.0%} to {min(high, 1.0):.0%} in {len(found)} (average {average:.1f} ms, p95"
                f" {fmean(p95):.0f} ms with a deviation of {stdev(p95):.0f})"
            )
    return (
        f"of the time in which it wanted a CPU k6 waited, in runs of the unchanged target, {', '.join(parts)}"
    )


_CHANGES: Mapping[str, Condition] = {"latency 30 % higher": SLOWER, "errors 2 % more": FAULTY}


def _same(pool: Pool, what: str, runs: int, *, earlier: bool = False) -> Row:
    found = Counter[Change](answer.change for answer in _comparisons(pool, SAME, runs, earlier=earlier))
    share = (found["regressed"] + found["improved"]) / found.total()
    return _row(
        f"{what} ({found.total()})", found, f"at most 5 % called changed ({share:.1%})", share <= 0.05
    )


def _found(pool: Pool, what: str, condition: Condition, runs: int) -> Row:
    answers = _comparisons(pool, condition, runs)
    found = Counter[Change](answer.change for answer in answers)
    share = found["regressed"] / found.total()
    own = sum(
        row.change == "regressed"
        for answer in answers
        for row in answer.metrics
        if row.metric == condition.metric
    )
    shown = f"{share:.0%}; {condition.metric} itself {own / found.total():.0%}"
    goal = f"at least 90 % found ({shown})" if runs == REPEATS else f"({shown})"
    return _row(
        f"{what}, {runs} a side ({found.total()})", found, goal, share >= 0.9 if runs == REPEATS else None
    )


def _row(what: str, found: Counter[Change], goal: str, holds: bool | None) -> Row:
    counts = (str(found[change]) for change in ("regressed", "improved", "no_evidence"))
    return Row(what, *counts, goal=goal, holds=holds)


def _comparisons(pool: Pool, condition: Condition, runs: int, *, earlier: bool = False) -> list[Comparison]:
    return [
        compare(
            group[BASELINE.name][:runs], group[condition.name][:runs], pool.history(number) if earlier else ()
        )
        for number, group in sorted(pool.groups.items())
        if condition.name in group
    ]
