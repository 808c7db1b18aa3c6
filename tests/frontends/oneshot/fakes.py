"""A service and a pair of streams at the seams of the one-shot front end."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

from k6_mcp.advice.advisor import Advisor
from k6_mcp.answers.oneshot import BREACH_WORDS, NETWORK_WORDS
from k6_mcp.errors import UnknownRun
from k6_mcp.frontends.oneshot.loop import serve
from k6_mcp.models.comparison import Baseline, Comparison, Statistics
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.history import HistoryPage, HistoryQuery
from k6_mcp.models.metrics import Figures, MetricRow, Metrics, ThresholdResult
from k6_mcp.models.report_formats import ReportFormat
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import Asked, Failure, Notice, Run
from k6_mcp.models.service_answers import Explanation, Health, LimitsReport, PlanReport, ReportFile
from k6_mcp.models.timeline import Timeline
from k6_mcp.runners.signals import Stop
from k6_mcp.service.load_tests import LoadTests

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ALL_WORDS = " ".join((*NETWORK_WORDS, *BREACH_WORDS))
METRICS = Metrics(
    source="summary",
    exact=True,
    figures=Figures(wall_s=3, load_s=3, requests=50, requests_per_s=16.6),
    thresholds=(
        ThresholdResult(
            metric="http_req_duration", expression="p(95)<1", ok=False, observed=2.5, has_samples=True
        ),
    ),
    rows=(
        MetricRow(name="http_reqs", type="counter", contains="default", values={"count": 50, "rate": 16.6}),
    ),
)


def run_of(kind: FailureKind | None = None, **changes: object) -> Run:
    """Return a finished run.

    With `kind`, the run failed for that reason and quotes every word that clients look for.
    """
    failure = (
        Failure(kind=kind, message=f"it broke, {ALL_WORDS}", hint=ALL_WORDS, evidence=(ALL_WORDS,))
        if kind
        else None
    )
    run = Run(
        run_id="r-1",
        status="failed" if kind else "completed",
        name=None,
        asked=Asked(origin="file"),
        script_sha256="0" * 64,
        k6_version="1.1.0",
        server_id="s",
        created_at=NOW,
        metrics=METRICS,
        failure=failure,
        warnings=(Notice(code="n", message=ALL_WORDS),),
    )
    return run.model_copy(update=changes)


class FakeService:
    """A service whose runs end with `final`, at once or (`endless`) when they are stopped."""

    def __init__(
        self, final: Run | None = None, *, endless: bool = False, fault: Exception | None = None
    ) -> None:
        self.final = final or run_of()
        self.fault = fault
        self.started: list[LoadTest] = []
        self.stopped: list[str] = []
        self.planned = PlanReport(origin="text", script="", script_sha256="", k6_version="1.1.0", plan=None)
        self.opened = self.closed = 0
        self.running, self.over = asyncio.Event(), asyncio.Event()
        if not endless:
            self.over.set()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[LoadTests]:
        self.opened += 1
        yield cast("LoadTests", self)
        self.closed += 1

    def excess(self, test: LoadTest) -> tuple[str, ...]:
        return ("vus: 2000 exceeds this server's limit",) if (test.vus or 0) > 1000 else ()

    async def start(self, test: LoadTest) -> Run:
        if self.fault:
            raise self.fault
        self.started.append(test)
        self.running.set()
        return self.final.model_copy(update={"status": "running"})

    async def wait(self, run_id: str, wait_s: float, emit: Callable[[Run], None] | None = None) -> Run:
        if run_id != self.final.run_id:
            raise UnknownRun(run_id)
        running = self.final.model_copy(update={"status": "running"})
        if emit:
            emit(running)
        if not wait_s and not self.over.is_set():
            return running
        await self.over.wait()
        return self.final

    async def stop(self, run_id: str) -> Run:
        self.stopped.append(run_id)
        self.final = self.final.model_copy(update={"status": "cancelled"})
        self.over.set()
        return self.final

    async def log(self, run: Run | str) -> str:
        return "what k6 said"

    async def script(self, run: Run | str) -> str:
        return "export default () => {}"

    async def timeline(self, run: Run | str) -> Timeline | None:
        return None

    async def plan(self, test: LoadTest) -> PlanReport:
        return self.planned

    async def history(self, query: HistoryQuery) -> HistoryPage:
        return HistoryPage(runs=(self.final,) * query.limit)

    @property
    def kept_runs(self) -> "FakeService":
        return self

    async def explain(
        self, run_id: str, *, use_ai: bool = False, advisor: Advisor | None = None
    ) -> Explanation:
        return Explanation(run_id=run_id, status="completed", headline="all is well")

    async def compare(self, baseline: str, candidate: str | None = None) -> Comparison:
        return Comparison(
            baseline=(baseline,),
            candidate=(candidate or "",),
            change="no_evidence",
            sentence="no evidence of a change",
        )

    async def statistics(self, days: float) -> Statistics:
        return Statistics(
            days=days, runs=0, by_status={}, by_failure_kind={}, anomaly_rate=None, by_severity={}, method=""
        )

    async def set_baseline(self, run_id: str, name: str | None = None) -> Baseline:
        return Baseline(name=name or "", run_id=run_id, set_at=NOW)

    async def report(self, run_id: str, format: ReportFormat, baseline: str | None = None) -> ReportFile:
        return ReportFile(format=format, path=f"/results/report.{format}", media_type="text/plain", bytes=1)

    @property
    def maintenance(self) -> "FakeUpkeep":
        return FakeUpkeep()


class FakeUpkeep:
    """A service in order."""

    async def health(self) -> Health:
        caps = LimitsReport(
            max_concurrent_runs=1, max_vus=1, max_duration_s=1, max_rps=1, max_script_bytes=1, timeout_s=1
        )
        return Health(ok=True, components=(), limits=caps)


class FakeLines:
    """Requests from a list, answers into one; the input stays open after them when `open_end`."""

    def __init__(
        self, lines: Iterable[str | bytes | dict[str, Any]], *, open_end: bool = False, gone: bool = False
    ) -> None:
        self.waiting = [as_bytes(line) for line in lines]
        self.answers: list[dict[str, Any]] = []
        self.open_end = open_end
        self.gone = gone

    async def read(self) -> bytes | None:
        if self.waiting:
            return self.waiting.pop(0)
        if self.open_end:
            await asyncio.Event().wait()
        return None

    async def write(self, line: bytes) -> None:
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        self.answers.append(json.loads(line))

    async def leave(self) -> None:
        return None

    def reader_gone(self) -> bool:
        return self.gone


def as_bytes(line: str | bytes | dict[str, Any]) -> bytes:
    """Return a request as the bytes of one line."""
    text = json.dumps(line) if isinstance(line, dict) else line
    return text.encode() if isinstance(text, str) else text


def execute(**params: object) -> dict[str, Any]:
    """Return the request of a load test."""
    return {
        "method": "execute_k6_test",
        "params": {"script_file": "/t.js", "duration": "10s", "vus": 10, **params},
    }


async def answers_to(
    *lines: str | bytes | dict[str, Any], service: FakeService | None = None, code: int = 0
) -> list[dict[str, Any]]:
    """Return the answers to `lines`, all of which must be understood; the process would end with `code`."""
    wire = FakeLines(lines)
    assert await serve(wire, (service or FakeService()).open, Stop()) == code
    return wire.answers
