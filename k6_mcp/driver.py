"""Driving the runs this process owns: from their place in the queue to a verdict that is kept."""

import logging
from collections import OrderedDict
from datetime import UTC, datetime

import anyio
from anyio.abc import TaskGroup

from k6_mcp.analysis.condense import ever_smaller
from k6_mcp.analysis.findings import find, worst
from k6_mcp.analysis.load import load_start_s
from k6_mcp.analysis.record import Record
from k6_mcp.analysis.refusal import read_refusal, with_place
from k6_mcp.analysis.summary import read as read_metrics
from k6_mcp.analysis.verdict import judge
from k6_mcp.history.history import History
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.outcome import Outcome, StopReason
from k6_mcp.models.plan import Plan, RunPlan
from k6_mcp.models.run import Failure, Notice, Run, Status
from k6_mcp.models.script import Script
from k6_mcp.models.timeline import Timeline
from k6_mcp.ongoing import Ongoing
from k6_mcp.runners.base import Runner

_KEPT_IN_MEMORY = 100
_NOT_KEPT = frozenset({"timeline_unavailable", "backup_unavailable"})

log = logging.getLogger(__name__)


class Driver:
    """Owns running and queued tests; what it has finished stays in memory for a while, should the history be away.

    `ended` is set when the next run ends here, and replaced.
    """

    def __init__(self, runner: Runner, history: History, at_once: int, findings: FindingLimits | None = None) -> None:
        self._runner = runner
        self._finding_limits = findings or FindingLimits()
        self._history = history
        self._slots = anyio.CapacityLimiter(at_once)
        self._ongoing: dict[str, Ongoing] = {}
        self._told: OrderedDict[str, Run] = OrderedDict()
        self.ended = anyio.Event()

    def ongoing(self, run_id: str) -> Ongoing | None:
        """Return the run if it is queued or running here."""
        return self._ongoing.get(run_id)

    def told(self, run_id: str) -> Run | None:
        """Return the run if it ended here lately."""
        return self._told.get(run_id)

    def ids(self, status: Status) -> tuple[str, ...]:
        """Return the ids of the runs here with this status, oldest first."""
        return tuple(run_id for run_id, ongoing in self._ongoing.items() if ongoing.run.status == status)

    def snapshot(self, ongoing: Ongoing) -> Run:
        """Return the run as it stands, with its place in the queue while it waits."""
        queued = self.ids("queued")
        run_id = ongoing.run.run_id
        return ongoing.snapshot(queued.index(run_id) + 1 if run_id in queued else None)

    def launch(self, run: Run, plan: RunPlan, tasks: TaskGroup) -> Run:
        """Start `run` in `tasks`, or queue it when as many as allowed are running; return it as it stands."""
        ongoing = Ongoing(run, plan)
        try:
            self._slots.acquire_on_behalf_of_nowait(ongoing)
        except anyio.WouldBlock:
            ongoing.update(status="queued")
        self._ongoing[run.run_id] = ongoing
        tasks.start_soon(self._drive, ongoing)
        return self.snapshot(ongoing)

    def ask_to_stop(self, ongoing: Ongoing, reason: StopReason) -> None:
        """Let a run end gracefully, or leave the queue; returns at once."""
        if ongoing.run.status == "queued":
            ongoing.turn.cancel()
        else:
            self._runner.stop(ongoing.run.run_id, reason)

    async def stop_all(self, within_s: float) -> None:
        """Let every run end gracefully and wait for them, `within_s` at most."""
        for ongoing in [*self._ongoing.values()]:
            self.ask_to_stop(ongoing, "shutdown")
        with anyio.move_on_after(within_s):
            for ongoing in [*self._ongoing.values()]:
                await ongoing.done.wait()

    async def idle(self) -> None:
        """Wait until no test is queued or running here."""
        while self._ongoing:
            await self.ended.wait()

    async def _drive(self, ongoing: Ongoing) -> None:
        """Take one run from its place in the queue to its verdict; never raises."""
        run_id, plan = ongoing.run.run_id, ongoing.plan
        try:
            notices = await self._history.save(ongoing.run)
            outcome = await self._run_in_turn(ongoing)
            await self.finish(ongoing.run, plan.script, outcome, ongoing.record, notices)
        except Exception:
            log.exception("run %s", run_id)
            failure = Failure(
                kind="internal",
                message="k6-mcp itself failed during this run",
                hint="run the test again; the server's log has the details",
            )
            await self._keep(
                ongoing.run.model_copy(update={"status": "failed", "failure": failure, "ended_at": datetime.now(UTC)})
            )
        finally:
            if ongoing in self._slots.statistics().borrowers:
                self._slots.release_on_behalf_of(ongoing)
            del self._ongoing[run_id]
            ongoing.done.set()
            self.ended.set()
            self.ended = anyio.Event()

    async def _run_in_turn(self, ongoing: Ongoing) -> Outcome:
        asked_at = datetime.now(UTC)
        with ongoing.turn:
            if ongoing.run.status == "queued":
                await self._slots.acquire_on_behalf_of(ongoing)
                ongoing.update(status="running")
                await self._history.save(ongoing.run)
            return await self._runner.run(ongoing.plan, ongoing.take)
        return Outcome(exit_code=None, stop_reason="caller", started_at=asked_at, ended_at=datetime.now(UTC))

    async def finish(self, run: Run, script: Script, outcome: Outcome, record: Record, notices: tuple[Notice, ...] = ()) -> Run:
        """Measure and judge what a runner left of `run`, and keep it."""
        ran = outcome.phase == "run" and outcome.exit_code is not None
        metrics = read_metrics(outcome, record, run.plan) if ran else None
        timeline = _timeline_of(record, run.plan, metrics)
        verdict = judge(outcome, metrics, run.plan)
        failure = verdict.failure
        if failure and outcome.phase == "plan":
            failure = with_place(failure, read_refusal(outcome, script))
        final = run.model_copy(
            update={
                "status": verdict.status,
                "failure": failure,
                "warnings": (*verdict.warnings, *notices),
                "metrics": metrics,
                "exit_code": outcome.exit_code,
                "started_at": outcome.started_at if ran else None,
                "ended_at": outcome.ended_at,
            }
        )
        self._runner.seal(run.run_id, script)
        return await self._keep(self._with_worst(final, timeline), timeline, record_is_whole=True)

    async def timeline(self, run: Run) -> Timeline | None:
        """Return a run over time: as recorded so far while it runs, as kept afterwards; if it is not kept, from the record."""
        if ongoing := self._ongoing.get(run.run_id):
            return _timeline_of(ongoing.record, run.plan, None)
        if (kept := await self._history.timeline(run.run_id)) is not None:
            return kept
        record = _record_of(run)
        await anyio.to_thread.run_sync(self._runner.recorded, run.run_id, record.feed)
        return _timeline_of(record, run.plan, run.metrics)

    async def _keep(self, run: Run, timeline: Timeline | None = None, *, record_is_whole: bool = False) -> Run:
        """Keep a run for good; its timeline replaces the record once both are kept."""
        notices: tuple[Notice, ...] = ()
        with anyio.CancelScope(shield=True):
            if timeline is not None:
                notices = await self._history.keep_timeline(run.run_id, ever_smaller(timeline))
            notices = (*notices, *await self._history.save(run.model_copy(update={"warnings": (*run.warnings, *notices)})))
            if record_is_whole and _NOT_KEPT.isdisjoint(notice.code for notice in notices):
                await self._history.remove_record(run.run_id)
        known = {notice.code for notice in run.warnings}
        run = run.model_copy(update={"warnings": (*run.warnings, *(n for n in notices if n.code not in known))})
        self._told[run.run_id] = run
        if len(self._told) > _KEPT_IN_MEMORY:
            self._told.popitem(last=False)
        return run

    async def recover_lost(self) -> None:
        """Mark the runs of dead servers as lost, with the figures they left behind."""
        for run in await self._history.orphans():
            try:
                if await self._history.claim(run.run_id):
                    record = _record_of(run)
                    lost = self._lost(run, record)
                    timeline = _timeline_of(record, run.plan, lost.metrics)
                    await self._keep(self._with_worst(lost, timeline), timeline, record_is_whole=record.complete)
            except Exception:  # one that cannot be read must not hide the others
                log.exception("recovering run %s", run.run_id)

    def _with_worst(self, run: Run, timeline: Timeline | None) -> Run:
        """Return `run` with the severity of its worst finding; what goes wrong in finding it must not cost the run."""
        try:
            return run.model_copy(update={"worst": worst(find(run, timeline, self._finding_limits))})
        except Exception:
            log.exception("findings of run %s", run.run_id)
            return run

    def _lost(self, run: Run, record: Record) -> Run:
        outcome = self._runner.recover(run.run_id, record.feed)
        metrics = read_metrics(outcome, record, run.plan)
        notice = Notice(
            code="owner_died", message="the server that ran this test died; k6 was stopped and the figures reach up to then"
        )
        return run.model_copy(
            update={
                "status": "lost",
                "metrics": metrics if metrics.source != "none" else None,
                "warnings": (*run.warnings, notice),
                "ended_at": outcome.ended_at,
            }
        )


def _record_of(run: Run) -> Record:
    return Record(run.plan is None or run.plan.tells_scenarios)


def _timeline_of(record: Record, plan: Plan | None, metrics: Metrics | None) -> Timeline | None:
    """The run over time; failed requests add up to the run's figure, where both count the same requests."""
    figures = metrics.figures if metrics else None
    same = figures is not None and figures.error_rate is not None and figures.requests == record.count("http_reqs")
    return record.timeline(load_start_s=load_start_s(record, plan), failed=figures.failed_requests if figures and same else None)
