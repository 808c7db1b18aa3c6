"""Driving the runs this process owns: from their place in the queue to a verdict that is kept."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import anyio
import anyio.to_thread

from k6_mcp.analysis.measure.live import live_figures
from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.outcome import Outcome, RunEvent, Started, StopReason
from k6_mcp.models.run import Failure, Notice, Run, Status
from k6_mcp.service.live_run import LiveRun
from k6_mcp.service.other_servers import Following, record_of

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from k6_mcp.history.history import History
    from k6_mcp.models.plan import RunPlan
    from k6_mcp.models.script import Script
    from k6_mcp.models.timeline import Timeline
    from k6_mcp.runners.base import Runner

P = ParamSpec("P")
R = TypeVar("R")
_KEPT_IN_MEMORY = 100
_NOT_KEPT = frozenset({"timeline_unavailable", "backup_unavailable"})
_OF_KEEPING = _NOT_KEPT | {"history_unavailable"}
# How soon another process's request to stop is seen by a run that waits for its turn
_QUEUE_POLL_S = 0.5

log = logging.getLogger(__name__)


class RunQueue:
    """Owns running and queued tests; what it has finished stays in memory for a while, should the history be
    away.

    `ended` is set when the next run ends here, and replaced.
    """

    def __init__(
        self, runner: Runner, history: History, at_once: int, findings: FindingLimits | None = None
    ) -> None:
        self._runner = runner
        self._finding_limits = findings or FindingLimits()
        self._history = history
        self._slots = anyio.CapacityLimiter(at_once)
        self._ongoing: dict[str, LiveRun] = {}
        self._told: OrderedDict[str, Run] = OrderedDict()
        self._following = Following(runner)
        self.ended = anyio.Event()

    def ongoing(self, run_id: str) -> LiveRun | None:
        """Return the run if it is queued or running here."""
        return self._ongoing.get(run_id)

    def told(self, run_id: str) -> Run | None:
        """Return the run if it ended here lately."""
        return self._told.get(run_id)

    def ids(self, status: Status) -> tuple[str, ...]:
        """Return the ids of the runs here with this status, oldest first."""
        return tuple(run_id for run_id, ongoing in self._ongoing.items() if ongoing.run.status == status)

    def snapshot(self, ongoing: LiveRun) -> Run:
        """Return the run as it stands, with its place in the queue while it waits."""
        queued = self.ids("queued")
        run_id = ongoing.run.run_id
        return ongoing.snapshot(queued.index(run_id) + 1 if run_id in queued else None)

    def launch(self, run: Run, plan: RunPlan, tasks: TaskGroup) -> Run:
        """Start `run` in `tasks`, or queue it when as many as allowed are running; return it as it stands."""
        ongoing = LiveRun(run, plan)
        try:
            self._slots.acquire_on_behalf_of_nowait(ongoing)
        except anyio.WouldBlock:
            ongoing.update(status="queued")
        self._ongoing[run.run_id] = ongoing
        tasks.start_soon(self._drive, ongoing)
        return self.snapshot(ongoing)

    def ask_to_stop(self, ongoing: LiveRun, reason: StopReason) -> None:
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

    async def _drive(self, ongoing: LiveRun) -> None:
        """Take one run from its place in the queue to its verdict; never raises."""
        run_id, plan = ongoing.run.run_id, ongoing.plan
        try:
            await self._save(ongoing.run)
            outcome = await self._run_in_turn(ongoing)
            await self._finish(ongoing.run, plan.script, outcome, ongoing.record)
        except Exception:
            log.exception("run %s", run_id)
            failure = Failure(
                kind="internal",
                message="k6-mcp itself failed during this run",
                hint="run the test again; the server's log has the details",
            )
            await self._keep(
                ongoing.run.model_copy(
                    update={"status": "failed", "failure": failure, "ended_at": datetime.now(UTC)}
                )
            )
        finally:
            if ongoing in self._slots.statistics().borrowers:
                self._slots.release_on_behalf_of(ongoing)
            del self._ongoing[run_id]
            ongoing.done.set()
            self.ended.set()
            self.ended = anyio.Event()

    async def _run_in_turn(self, ongoing: LiveRun) -> Outcome:
        asked_at = datetime.now(UTC)
        with ongoing.turn:
            if ongoing.run.status == "queued":
                await self._wait_in_line(ongoing)
                ongoing.update(status="running")
                await self._save(ongoing.run)
            return await self._runner.run(ongoing.plan, lambda event: _take(ongoing, event))
        return Outcome(exit_code=None, stop_reason="caller", started_at=asked_at, ended_at=datetime.now(UTC))

    async def _wait_in_line(self, ongoing: LiveRun) -> None:
        async def leave_if_asked() -> None:
            while True:
                await anyio.sleep(_QUEUE_POLL_S)
                if self._runner.stop_requested(ongoing.run.run_id):
                    ongoing.turn.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leave_if_asked)
            await self._slots.acquire_on_behalf_of(ongoing)
            tasks.cancel_scope.cancel()

    async def refused(self, run: Run, script: Script, outcome: Outcome) -> Run:
        """Judge and keep a run that k6 refused before any load."""
        return await self._finish(run, script, outcome, Record())

    async def _finish(self, run: Run, script: Script, outcome: Outcome, record: Record) -> Run:
        """Measure and judge what a runner left of `run`, and keep it."""
        from k6_mcp.service.finish import judged

        found = await _whole(judged, run, script, outcome, record, self._finding_limits)
        await _whole(self._runner.seal, run.run_id, script)
        return await self._keep(found.run, found.timeline, record_is_whole=True)

    async def timeline(self, run: Run) -> Timeline | None:
        """Return a run over time: as recorded so far while it runs, as kept afterwards; if it is not kept,
        from the record.
        """
        from k6_mcp.service.finish import timeline_of

        if ongoing := self._ongoing.get(run.run_id):
            return timeline_of(ongoing.record, run.plan)
        if (kept := await self._history.timeline(run.run_id)) is not None:
            return kept
        return await self._following.look(run, lambda record: timeline_of(record, run.plan, run.metrics))

    async def seen(self, run: Run) -> Run:
        """Return a run of another server with what its record shows of it so far, if it is going on."""
        if run.status != "running" or run.run_id in self._ongoing:
            self._following.forget(run.run_id)
            return run
        live = await self._following.look(
            run, lambda record: live_figures(record, None, run.plan) if record.seconds else None
        )
        return run.model_copy(update={"live": live}) if live else run

    async def keep_again(self) -> None:
        """Try once more to keep the runs that ended here and could not be kept, as when a disk was full."""
        for run in [*self._told.values()]:
            if not _NOT_KEPT.isdisjoint(notice.code for notice in run.warnings):
                await self._keep(run, await self.timeline(run), record_is_whole=True)

    async def _keep(
        self, run: Run, timeline: Timeline | None = None, *, record_is_whole: bool = False
    ) -> Run:
        """Keep a run for good, and tell what of that does not work; its timeline replaces the record once
        both are kept.
        """
        run = run.model_copy(
            update={"warnings": tuple(notice for notice in run.warnings if notice.code not in _OF_KEEPING)}
        )
        notices: tuple[Notice, ...] = ()
        with anyio.CancelScope(shield=True):
            notices = await self._save(run, timeline)
            if record_is_whole and _NOT_KEPT.isdisjoint(notice.code for notice in notices):
                await self._history.remove_record(run.run_id)
        run = run.model_copy(update={"warnings": (*run.warnings, *notices)})
        self._told[run.run_id] = run
        if len(self._told) > _KEPT_IN_MEMORY:
            self._told.popitem(last=False)
        return run

    async def _save(self, run: Run, timeline: Timeline | None = None) -> tuple[Notice, ...]:
        """Save a run where runs are kept or, while there is no room, where its files are."""
        if outside := self._runner.elsewhere(run.run_id):
            if unmoved := await self._history.bring_home(outside):
                return (*unmoved, *await self._history.save(run, outside))
            self._runner.brought_home(run.run_id)
        notices: tuple[Notice, ...] = ()
        if timeline is not None:
            from k6_mcp.service.finish import ever_smaller

            notices = await self._history.keep_timeline(run.run_id, ever_smaller(timeline))
        return (
            *notices,
            *await self._history.save(run.model_copy(update={"warnings": (*run.warnings, *notices)})),
        )

    async def recover_lost(self) -> None:
        """Mark the runs of dead servers as lost, with the figures they left behind."""
        for run in await self._history.orphans():
            try:
                if await self._history.claim(run.run_id):
                    from k6_mcp.service.finish import lost

                    record = record_of(run)
                    outcome = self._runner.recover(run.run_id, record.feed)
                    found = lost(run, outcome, record, self._finding_limits)
                    await self._keep(found.run, found.timeline, record_is_whole=record.complete)
            except Exception:
                # One that cannot be read must not hide the others
                log.exception("recovering run %s", run.run_id)


async def _whole(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `work` returns, computed in a thread, and to its end: thousands of metrics take time, and
    none may be left out.
    """
    with anyio.CancelScope(shield=True):
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs))
    raise AssertionError("a shielded scope is not left early")


def _take(ongoing: LiveRun, event: RunEvent) -> None:
    ongoing.take(event)
    if isinstance(event, Started):
        # The import of the rules delays nobody while k6 runs
        from k6_mcp.service.finish import prepare

        prepare()
