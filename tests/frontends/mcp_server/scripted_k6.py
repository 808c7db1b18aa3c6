"""A k6 that does what a test says: the process seam of the service, everything above it is real."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anyio
from pydantic import SecretStr

from k6_mcp.errors import K6NotFound
from k6_mcp.history.history import History
from k6_mcp.models.outcome import Emit, LogDigest, Outcome, Progress, RecordLine, Started, StopReason
from k6_mcp.models.plan import Plan, Planned, RunPlan, ScenarioPlan
from k6_mcp.models.script import Script
from k6_mcp.models.service_answers import Component
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace

PLAN = Plan(
    scenarios=(ScenarioPlan(name="default", executor="constant-vus", vus=1, duration_s=10),),
    thresholds=(),
    max_vus=1,
    duration_s=10,
    longest_s=40,
)
_VERSION = "1.1.0"


class ScriptedK6:
    """A runner whose runs end when `finish` is called or they are stopped.

    It refuses scripts with the word REFUSED, and crashes on scripts with the word CRASH.
    """

    def __init__(
        self,
        *,
        missing: bool = False,
        log: str = "",
        rows: int = 1,
        record: Sequence[str] = (),
        scenario: ScenarioPlan = PLAN.scenarios[0],
    ) -> None:
        self.missing = missing
        self.logged = log
        self.rows = rows
        self.record = record
        self._planned = Planned(PLAN.changed(scenarios=(scenario,)), SecretStr("{}"), _VERSION)
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.workspace: Workspace | None = None
        self._emits: dict[str, Emit] = {}
        self._ends: dict[str, anyio.Event] = {}
        self._free_running = False
        self._finished = set[str | None]()

    def finish(self, run_id: str | None = None) -> None:
        """End one run, even before it has begun, or every run."""
        self._free_running = self._free_running or run_id is None
        self._finished.add(run_id)
        for name, end in self._ends.items():
            if run_id in (None, name):
                end.set()

    def progress(self, run_id: str, percent: float, iterations: int = 0) -> None:
        """Say how far a run is."""
        self._emits[run_id](
            Progress(
                elapsed_s=percent / 10,
                percent=percent,
                vus=1,
                max_vus=1,
                iterations=iterations,
                interrupted=0,
            )
        )

    async def plan(self, run_id: str, script: Script) -> Planned | Outcome:
        if self.missing:
            raise K6NotFound("no k6 here", hint="install k6")
        assert self.workspace is not None
        folder = self.workspace.write(run_id, script, lambda _: None)
        folder.log.write_text(self.logged, encoding="utf-8")
        if "CRASH" in script.text:
            raise RuntimeError("secret internals")
        if "REFUSED" in script.text:
            now = datetime.now(UTC)
            log = LogDigest(cause="SyntaxError: file:///x/script.js: Unexpected token (2:1)")
            return Outcome(
                exit_code=107, phase="plan", started_at=now, ended_at=now, log=log, k6_version=_VERSION
            )
        return self._planned

    async def run(self, work: RunPlan, emit: Emit) -> Outcome:
        began = datetime.now(UTC)
        self._emits[work.run_id], self._ends[work.run_id] = emit, anyio.Event()
        self.started.append(work.run_id)
        emit(Started(at=began))
        for line in self.record:
            emit(RecordLine(line=line))
        if not self._free_running and work.run_id not in (*self.stopped, *self._finished):
            await self._ends[work.run_id].wait()
        stopped = work.run_id in self.stopped
        return Outcome(
            exit_code=105 if stopped else 0,
            stop_reason="caller" if stopped else None,
            started_at=began,
            ended_at=datetime.now(UTC),
            summary=summary(self.rows),
        )

    def stop(self, run_id: str, reason: StopReason) -> None:
        self.stopped.append(run_id)
        # Else it has not begun, and ends as soon as it does
        if run_id in self._ends:
            self._ends[run_id].set()

    async def health(self) -> tuple[Component, ...]:
        k6 = Component(name="k6", state="broken" if self.missing else "ok", detail="scripted")
        return (k6, Component(name="browser", state="ok", detail="scripted"))

    def close(self) -> None:
        pass


def summary(rows: int) -> str:
    """Return what k6's wrapper writes: ten good requests, and custom counters up to `rows` metrics more."""
    trend = {
        "avg": 2.0,
        "min": 1.0,
        "med": 2.0,
        "max": 4.0,
        "p(90)": 3.0,
        "p(95)": 3.5,
        "p(99)": 4.0,
        "count": 10,
    }
    metrics = {
        "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 10, "rate": 5.0}},
        "http_req_duration": {"type": "trend", "contains": "time", "values": trend},
        "http_req_duration{expected_response:true}": {"type": "trend", "contains": "time", "values": trend},
        "http_req_failed": {
            "type": "rate",
            "contains": "default",
            "values": {"rate": 0, "passes": 0, "fails": 10},
        },
        "iterations": {"type": "counter", "contains": "default", "values": {"count": 10, "rate": 5.0}},
        "vus": {"type": "gauge", "contains": "default", "values": {"value": 1, "min": 1, "max": 1}},
        "vus_max": {"type": "gauge", "contains": "default", "values": {"value": 1, "min": 1, "max": 1}},
    }
    own = {
        f"own_{number:04}": {
            "type": "counter",
            "contains": "default",
            "values": {"count": number, "rate": number / 3},
        }
        for number in range(rows)
    }
    state = {"testRunDurationMs": 2000.0}
    root: dict[str, object] = {"name": "", "path": "", "id": "", "groups": [], "checks": []}
    return json.dumps({"metrics": metrics | own, "state": state, "root_group": root, "options": {}})


@asynccontextmanager
async def open_scripted(settings: Settings, k6: ScriptedK6) -> AsyncGenerator[LoadTests]:
    """Open the real service on a scripted k6."""
    k6.workspace = Workspace(settings.results_dir)
    history = History(k6.workspace, settings.database)
    async with LoadTests(k6, k6.workspace, history, settings) as service:
        yield service
