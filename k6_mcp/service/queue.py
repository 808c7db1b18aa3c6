"""Drive the runs of this process from their place in the queue to a kept verdict."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from k6_mcp.analysis.measure.live import live_figures
from k6_mcp.analysis.measure.record import Record
from k6_mcp.history.history import History
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.outcome import Outcome, RunEvent, Started, StopReason
from k6_mcp.models.plan import RunPlan
from k6_mcp.models.run import Failure, Notice, Run, Status
from k6_mcp.models.script import Script
from k6_mcp.models.timeline import Timeline
from k6_mcp.runners.base import Runner
from k6_mcp.service.live_run import LiveRun
from k6_mcp.service.other_servers import OtherServersRuns, empty_record
from k6_mcp.workspace.workspace import Workspace

P = ParamSpec("P")
R = TypeVar("R")
_KEPT_IN_MEMORY = 100
_NOT_KEPT = frozenset({"timeline_unavailable", "backup_unavailable"})
_OF_KEEPING = _NOT_KEPT | {"history_unavailable"}
# A run that waits for its turn looks for another process's stop request at this interval.
_QUEUE_POLL_S = 0.5

log = logging.getLogger(__name__)


class RunQueue:
    """Owns running and queued tests.

    Finished runs stay in memory for a while in case the history is unavailable.

    `ended` is set when the next run ends here, and replaced.
    """

    def __init__(
        self,
        runner: Runner,
        workspace: Workspace,
        history: History,
        at_once: int,
        findings: FindingLimits | None = None,
    ) -> None:
        self._runner = runner
        self._workspace = workspace
        self._finding_limits = findings or FindingLimits()
        self._history = history
        self._slots = anyio.CapacityLimiter(at_once)
        self._live_runs: dict[str, LiveRun] = {}
        self._finished: OrderedDict[str, Run] = OrderedDict()
        self._other_servers = OtherServersRuns(workspace)
        self.ended = anyio.Event()

    def live_run(self, run_id: str) -> LiveRun | None:
        """Return the run if it is queued or running here."""
        return self._live_runs.get(run_id)

    def finished(self, run_id: str) -> Run | None:
        """Return the run if it ended here recently."""
        return self._finished.get(run_id)

    def ids(self, status: Status) -> tuple[str, ...]:
        """Return the ids of the runs here with this status, oldest first."""
        return tuple(run_id for run_id, live_run in self._live_runs.items() if live_run.run.status == status)

    def snapshot(self, live_run: LiveRun) -> Run:
        """Return the current state of a run, with its place in the queue while it waits."""
        queued = self.ids("queued")
        run_id = live_run.run.run_id
        return live_run.snapshot(queued.index(run_id) + 1 if run_id in queued else None)

    def launch(self, run: Run, work: RunPlan, tasks: TaskGroup) -> Run:
        """Start `run` in `tasks`, or queue it if all places are taken; return its current state."""
        live_run = LiveRun(run, work)
        try:
            self._slots.acquire_on_behalf_of_nowait(live_run)
        except anyio.WouldBlock:
            live_run.run = run.queued()
        self._live_runs[run.run_id] = live_run
        tasks.start_soon(self._drive, live_run)
        return self.snapshot(live_run)

    def request_stop(self, live_run: LiveRun, reason: StopReason) -> None:
        """Request the graceful end of a run, or take it out of the queue; returns at once."""
        if live_run.run.status == "queued":
            live_run.turn.cancel()
        else:
            self._runner.stop(live_run.run.run_id, reason)

    async def stop_all(self, within_s: float) -> None:
        """Request the graceful end of every run, and wait for it for at most `within_s`."""
        for live_run in [*self._live_runs.values()]:
            self.request_stop(live_run, "shutdown")
        with anyio.move_on_after(within_s):
            for live_run in [*self._live_runs.values()]:
                await live_run.done.wait()

    async def idle(self) -> None:
        """Wait until no test is queued or running here."""
        while self._live_runs:
            await self.ended.wait()

    async def _drive(self, live_run: LiveRun) -> None:
        """Take one run from its place in the queue to its verdict; never raises."""
        run_id = live_run.run.run_id
        try:
            await self._save(live_run.run)
            outcome = await self._run_in_turn(live_run)
            await self._finish(live_run.run, live_run.work.script, outcome, live_run.record)
        except Exception:
            log.exception("run %s", run_id)
            failure = Failure(
                kind="internal",
                message="k6-mcp itself failed during this run",
                hint="run the test again; the server's log has the details",
            )
            await self._keep(live_run.run.failed(failure, datetime.now(UTC)))
        finally:
            if live_run in self._slots.statistics().borrowers:
                self._slots.release_on_behalf_of(live_run)
            del self._live_runs[run_id]
            live_run.done.set()
            self.ended.set()
            self.ended = anyio.Event()

    async def _run_in_turn(self, live_run: LiveRun) -> Outcome:
        queued_at = datetime.now(UTC)
        with live_run.turn:
            if live_run.run.status == "queued":
                await self._wait_in_line(live_run)
                live_run.run = live_run.run.running()
                await self._save(live_run.run)
            return await self._runner.run(live_run.work, lambda event: _on_event(live_run, event))
        return Outcome(exit_code=None, stop_reason="caller", started_at=queued_at, ended_at=datetime.now(UTC))

    async def _wait_in_line(self, live_run: LiveRun) -> None:
        async def leave_on_request() -> None:
            while True:
                await anyio.sleep(_QUEUE_POLL_S)
                if self._workspace.stop_requested(live_run.run.run_id):
                    live_run.turn.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leave_on_request)
            await self._slots.acquire_on_behalf_of(live_run)
            tasks.cancel_scope.cancel()

    async def refused(self, run: Run, script: Script, outcome: Outcome) -> Run:
        """Judge and keep a run whose script k6 refused."""
        return await self._finish(run, script, outcome, Record())

    async def _finish(self, run: Run, script: Script, outcome: Outcome, record: Record) -> Run:
        """Measure and judge `run` from what the runner left, and keep it."""
        from k6_mcp.service.finish import judged

        judged_run = await _to_the_end(judged, run, script, outcome, record, self._finding_limits)
        await _to_the_end(self._workspace.seal, run.run_id, script)
        return await self._keep(judged_run.run, judged_run.timeline, record_is_whole=True)

    async def timeline(self, run: Run) -> Timeline | None:
        """Return a run over time: as recorded so far while it runs, as kept afterwards.

        If it is not kept, it is made from the record.
        """
        from k6_mcp.service.finish import timeline_of

        if live_run := self._live_runs.get(run.run_id):
            return timeline_of(live_run.record, run.plan)
        if (kept := await self._history.timeline(run.run_id)) is not None:
            return kept
        return await self._other_servers.look(run, lambda record: timeline_of(record, run.plan, run.metrics))

    async def up_to_date(self, run: Run) -> Run:
        """Return the run, with the figures in its record so far if it runs on another server."""
        if run.status != "running" or run.run_id in self._live_runs:
            self._other_servers.forget(run.run_id)
            return run
        live = await self._other_servers.look(
            run, lambda record: live_figures(record, None, run.plan) if record.seconds else None
        )
        return run.with_live(live) if live else run

    async def keep_again(self) -> None:
        """Try once more to keep the runs that ended here and could not be kept, as when a disk was full."""
        for run in [*self._finished.values()]:
            if not _NOT_KEPT.isdisjoint(notice.code for notice in run.warnings):
                await self._keep(run, await self.timeline(run), record_is_whole=True)

    async def _keep(
        self, run: Run, timeline: Timeline | None = None, *, record_is_whole: bool = False
    ) -> Run:
        """Keep a run for good, with a warning for each part that fails.

        The run's timeline replaces the record once both are kept.
        """
        run = run.with_warnings(notice for notice in run.warnings if notice.code not in _OF_KEEPING)
        notices: tuple[Notice, ...] = ()
        with anyio.CancelScope(shield=True):
            notices = await self._save(run, timeline)
            if record_is_whole and _NOT_KEPT.isdisjoint(notice.code for notice in notices):
                await self._history.remove_record(run.run_id)
        run = run.with_warnings((*run.warnings, *notices))
        self._finished[run.run_id] = run
        if len(self._finished) > _KEPT_IN_MEMORY:
            self._finished.popitem(last=False)
        return run

    async def _save(self, run: Run, timeline: Timeline | None = None) -> tuple[Notice, ...]:
        """Save a run where runs are kept or, while that can't be written, where its files are."""
        if unmoved := await self._history.move_home(run.run_id):
            return (*unmoved, *await self._history.save(run))
        notices: tuple[Notice, ...] = ()
        if timeline is not None:
            from k6_mcp.service.finish import ever_smaller

            notices = await self._history.keep_timeline(run.run_id, ever_smaller(timeline))
        return (
            *notices,
            *await self._history.save(run.with_warnings((*run.warnings, *notices))),
        )

    async def recover_lost(self) -> None:
        """Mark the runs of dead servers as lost, with the figures they left behind."""
        for run in await self._history.orphans():
            try:
                if await self._history.claim(run.run_id):
                    from k6_mcp.service.finish import lost

                    record = empty_record(run)
                    summary, export = self._workspace.recover(run.run_id, record.feed)
                    now = datetime.now(UTC)
                    outcome = Outcome(
                        exit_code=None, started_at=now, ended_at=now, summary=summary, export=export
                    )
                    lost_run = lost(run, outcome, record, self._finding_limits)
                    await self._keep(lost_run.run, lost_run.timeline, record_is_whole=record.complete)
            except Exception:
                # A run that cannot be read must not hide the others.
                log.exception("recovering run %s", run.run_id)


async def _to_the_end(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work` in a thread to its end and return its result.

    Thousands of metrics take time, and all of them must be kept.
    """
    with anyio.CancelScope(shield=True):
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs))
    raise AssertionError("a shielded scope is not left early")


def _on_event(live_run: LiveRun, event: RunEvent) -> None:
    live_run.take(event)
    if isinstance(event, Started):
        # The import of the rules delays nobody while k6 runs.
        from k6_mcp.service.finish import prepare

        prepare()
