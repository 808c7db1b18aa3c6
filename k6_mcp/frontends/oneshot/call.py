"""What a one-shot method works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

# A process for one test waits for each import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from k6_mcp.models.comparison import Baseline, Comparison, Statistics
    from k6_mcp.models.history import HistoryPage, HistoryQuery
    from k6_mcp.models.request import LoadTest
    from k6_mcp.models.run import Run
    from k6_mcp.models.service_answers import Explanation, Health, PlanReport, ReportFile, ReportFormat
    from k6_mcp.models.timeline import Timeline
    from k6_mcp.runners.signals import Stop

# Length of one wait, which is repeated until the run is final
LONGEST_WAIT_S = 3600.0


class KeptRuns(Protocol):
    """What this front end needs of `k6_mcp.service.kept_runs.KeptRuns`."""

    async def explain(self, run_id: str, *, use_ai: bool = False) -> Explanation: ...
    async def compare(self, baseline: str, candidate: str | None = None) -> Comparison: ...
    async def set_baseline(self, run_id: str, name: str | None = None) -> Baseline: ...
    async def statistics(self, days: float) -> Statistics: ...
    async def report(self, run_id: str, format: ReportFormat, baseline: str | None = None) -> ReportFile: ...


class Maintenance(Protocol):
    """What this front end needs of `k6_mcp.service.maintenance.Maintenance`."""

    async def health(self) -> Health: ...


class Starts(Protocol):
    """What can start a test."""

    async def start(self, test: LoadTest) -> Run: ...


class Service(Starts, Protocol):
    """What this front end needs of `k6_mcp.service.load_tests.LoadTests`."""

    @property
    def kept_runs(self) -> KeptRuns: ...
    @property
    def maintenance(self) -> Maintenance: ...
    def excess(self, test: LoadTest) -> tuple[str, ...]: ...
    async def plan(self, test: LoadTest) -> PlanReport: ...
    async def wait(self, run_id: str, wait_s: float, emit: Callable[[Run], None] | None = None) -> Run: ...
    async def stop(self, run_id: str) -> Run: ...
    async def log(self, run: Run | str) -> str: ...
    async def script(self, run: Run | str) -> str: ...
    async def timeline(self, run: Run | str) -> Timeline | None: ...
    async def history(self, query: HistoryQuery) -> HistoryPage: ...


class Call(NamedTuple):
    """What a method works with; `stop` asks for the end, `reader_gone` tells that nobody can read the answer
    any more.
    """

    service: Service
    method: str
    params: Mapping[str, object]
    stop: Stop
    reader_gone: Callable[[], bool]
