"""The earlier runs of a test that show how much it varies."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from k6_mcp.errors import UnknownRun
from k6_mcp.history.history import History
from k6_mcp.models.comparison import Comparison
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.run import Failure, Run
from k6_mcp.models.timeline import Timeline
from k6_mcp.service.comparison import Comparisons
from tests.analysis.compare.synthetic import NOW, Service
from tests.history.samples import open_history

_SERVICE = Service(run_to_run=0.01, wander=0.01)
_SLOWER = replace(_SERVICE, median_ms=85)


def runs_of(service: Service, count: int, seed: int, kind: FailureKind | None = None) -> list[Run]:
    """Return runs of a service, failed when `kind` says so."""
    failure = Failure(kind=kind, message="it failed", hint="look") if kind else None
    fields = {"status": "failed" if kind else "completed", "failure": failure}
    return [side.run.model_copy(update=fields) for side in service.sides(random.Random(seed), count)]


def bad_week(kind: FailureKind) -> list[Run]:
    """Return as many good runs as bad ones, each bad in another way."""
    good = runs_of(_SERVICE, 12, 1)
    bad = [
        run
        for step in range(12)
        for run in runs_of(replace(_SERVICE, median_ms=60 + 90 * step), 1, step, kind)
    ]
    return [run for pair in zip(good, bad, strict=True) for run in pair]


async def compared(folder: Path, earlier: Sequence[Run]) -> Comparison:
    """Keep the runs, a minute apart, and after them two that are compared."""
    two = (*runs_of(_SERVICE, 1, 100), *runs_of(_SLOWER, 1, 101))
    every = [
        run.model_copy(update={"created_at": NOW + timedelta(minutes=at)})
        for at, run in enumerate((*earlier, *two))
    ]
    async with open_history(folder) as history:
        for run in every:
            await history.save(run)
        return await Comparisons(_Runs(history), history).compare(every[-2].run_id, every[-1].run_id)


class _Runs:
    """Kept runs without anything over time."""

    def __init__(self, history: History) -> None:
        self._history = history

    async def get(self, run_id: str) -> Run:
        if (run := await self._history.get(run_id)) is None:
            raise UnknownRun(run_id)
        return run

    async def timeline(self, run: Run | str) -> Timeline | None:
        return None

    async def script(self, run: Run | str) -> str:
        return ""


async def test_a_bad_week_does_not_pass_for_noise(tmp_path: Path) -> None:
    found = await compared(tmp_path, bad_week("thresholds_exceeded"))

    assert found.change == "regressed"
    assert any("12 earlier runs" in (metric.method or "") for metric in found.metrics)


async def test_a_test_that_never_completes_is_judged_by_its_failed_runs(tmp_path: Path) -> None:
    found = await compared(tmp_path, runs_of(replace(_SERVICE, run_to_run=0.5), 12, 3, "thresholds_exceeded"))

    assert found.change == "no_evidence"
    assert any("12 earlier runs" in (metric.method or "") for metric in found.metrics)


async def test_runs_under_another_load_than_asked_for_tell_nothing_of_noise(tmp_path: Path) -> None:
    found = await compared(tmp_path, runs_of(replace(_SERVICE, run_to_run=0.5), 12, 3, "load_not_delivered"))

    assert found.change == "regressed"
    assert not any("earlier runs" in (metric.method or "") for metric in found.metrics)
