"""The road a load test takes: asked, allowed, written, run, measured, judged, kept, told."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from k6_mcp import limits
from k6_mcp.analysis.record import Record
from k6_mcp.analysis.refusal import after_plan, read_refusal
from k6_mcp.driver import Driver
from k6_mcp.errors import HistoryUnavailable, UnknownRun
from k6_mcp.history.health import retention_health
from k6_mcp.history.history import History
from k6_mcp.models.history import HistoryPage, HistoryQuery, RebuildReport
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Plan, RunPlan
from k6_mcp.models.prune import PruneReport
from k6_mcp.models.reports import Component, Health, LimitsReport, PlanReport
from k6_mcp.models.request import LoadTest
from k6_mcp.models.retention import Retention
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.run_id import new_run_id
from k6_mcp.models.script import Script
from k6_mcp.models.timeline import Timeline
from k6_mcp.repeats import Repeats
from k6_mcp.runners.base import Runner
from k6_mcp.scripts.render import asked, render
from k6_mcp.settings import Settings

if TYPE_CHECKING:
    from k6_mcp.insights import Insights

EmitRun = Callable[[Run], None]

_TICK_S = 1.0
_ELSEWHERE_POLL_S = 0.5
_STOP_TIMEOUT_S = 90.0  # a script's teardown and handleSummary may take their time
_LEAVE_TIMEOUT_S = 6.0
_AFTER_LOAD_S = 30.0  # handleSummary, flushing and a margin, beyond k6's own longest duration
_TIDY_AFTER_S = 3.0  # a server answers first, and a short command is gone by then
_TIDY_AT_END_S = 2.0
_MEASURE_S = 0.3

log = logging.getLogger(__name__)


class LoadTests:
    """Every use case around a running test, one method each; `insights` answers what is asked afterwards.

    Owns the running tests, so leaving it stops them all gracefully.
    """

    def __init__(self, runner: Runner, history: History, settings: Settings) -> None:
        self._runner = runner
        self._history = history
        self._settings = settings
        self._driver = Driver(runner, history, settings.limits.max_concurrent_runs, settings.findings)
        self._repeats = Repeats(self._driver, history)
        self._insights: Insights | None = None
        self._recovered = anyio.Event()
        self._stack = AsyncExitStack()
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._history)
        await self._stack.enter_async_context(self._tasks)
        self._tasks.start_soon(self._recover)
        self._tasks.start_soon(self._tidy_when_idle)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with anyio.CancelScope(shield=True):
            self._repeats.stop_all()
            await self._driver.stop_all(_LEAVE_TIMEOUT_S)
            self._tasks.cancel_scope.cancel()
        try:
            await self._stack.aclose()  # the tasks, then the history, which shields its own end
        finally:
            self._runner.close()

    @property
    def insights(self) -> "Insights":
        """What can be asked about kept runs."""
        from k6_mcp.insights import Insights  # not needed to run a test, and a process for one test waits for each import

        if self._insights is None:
            self._insights = Insights(self.get, self.timeline, self.script, self._history, self._settings)
        return self._insights

    async def plan(self, test: LoadTest) -> PlanReport:
        """Return what `test` would run and every limit it violates; starts no traffic and keeps nothing."""
        script, run_id = render(test), new_run_id(datetime.now(UTC))
        try:
            planned = await self._runner.plan(run_id, script)
            version = await self._runner.k6_version()
        finally:
            self._runner.discard(run_id)
        plan = planned if isinstance(planned, Plan) else None
        refusal = read_refusal(planned, script) if isinstance(planned, Outcome) else None
        violations = limits.violations(test, plan, self._settings.limits)
        return PlanReport(
            origin=script.origin,
            script=script.text,
            script_sha256=script.sha256,
            k6_version=version,
            plan=plan,
            refusal=refusal,
            violations=violations,
            next=after_plan(refusal, violations),
        )

    async def execute(self, test: LoadTest, *, wait_s: float, emit: EmitRun | None = None) -> Run:
        """Start `test` and wait up to `wait_s` for its end; a caller cancelled while waiting stops the run. Raises as `start`."""
        run = await self.start(test)
        try:
            return await self.wait(run.run_id, wait_s, emit)
        except anyio.get_cancelled_exc_class():
            self._ask_to_stop(run.run_id)
            raise

    async def start(self, test: LoadTest) -> Run:
        """Start `test` (or queue it) and return at once; a script that k6 refuses is a failed run already.

        Of a test to be repeated it is the first run; `wait` for it waits for all.

        Raises:
            LimitExceeded: If the request or the script's own plan asks for more than allowed here.
            InvalidArguments: If the script cannot be read, or load arguments meet a script's own scenarios.
            K6NotFound: If there is no k6.
            K6TooOld: If k6 is older than supported.
        """
        limits.check(test, self._settings.limits)
        script = render(test)
        first = await self._start_one(test, script)
        if test.repeat > 1 and first.status not in FINAL:

            async def start_next(repeat_of: str, repeat: int) -> Run:
                return await self._start_one(test, script, repeat_of, repeat)

            self._repeats.follow(first, test.repeat, start_next, self._tasks)
        return first

    async def _start_one(self, test: LoadTest, script: Script, repeat_of: str | None = None, repeat: int = 1) -> Run:
        now = datetime.now(UTC)
        run_id = new_run_id(now)
        try:
            planned = await self._runner.plan(run_id, script)
            if isinstance(planned, Plan):
                limits.check_plan(test, planned, self._settings.limits)
                max_rps = self._settings.limits.max_rps
                planned = planned.model_copy(update={"rps": min(max_rps, planned.rps or max_rps)})
            k6_version = await self._runner.k6_version()
        except BaseException:
            self._runner.discard(run_id)
            raise
        run = Run(
            run_id=run_id,
            status="running",
            name=test.name,
            asked=asked(test),
            tags=test.tags,
            script_sha256=script.sha256,
            k6_version=k6_version,
            server_id=self._history.server_id,
            created_at=now,
            repeat_of=(repeat_of or run_id) if test.repeat > 1 else None,
            repeat=repeat if test.repeat > 1 else None,
        )
        if isinstance(planned, Outcome):
            return await self._driver.finish(run, script, planned, Record())
        return self._driver.launch(run.model_copy(update={"plan": planned}), self._run_plan(run, script, planned), self._tasks)

    async def wait(self, run_id: str, wait_s: float, emit: EmitRun | None = None) -> Run:
        """Return the run as soon as it is final, or as it stands after `wait_s`; `emit` gets it about once a second meanwhile.

        The id of the first of several repeats means all of them: the answer is the one that went worst, with `series`.

        Raises:
            UnknownRun: If there is no such run.
        """
        with anyio.move_on_after(wait_s):
            while (run := await self._whole(run_id)).status not in FINAL:
                if emit:
                    emit(run)
                with anyio.move_on_after(_TICK_S):
                    await self._until_done(run_id)
        return await self._whole(run_id)

    async def stop(self, run_id: str) -> Run:
        """Stop a run gracefully, also one of another server process, and return it with the figures measured so far.

        Raises:
            UnknownRun: If there is no such run.
        """
        if not self._ask_to_stop(run_id):
            run = await self.get(run_id)
            elsewhere = await self._repeats.unfinished(run_id) if run.repeat == 1 and run.status in FINAL else run_id
            if elsewhere and (await self.get(elsewhere)).status not in FINAL:
                self._runner.request_stop(elsewhere)
        return await self.wait(run_id, _STOP_TIMEOUT_S)

    def _ask_to_stop(self, run_id: str) -> bool:
        """Let a run that this process owns end, and no repeat follow; False when there is no such run."""
        ongoing = self._driver.ongoing(self._repeats.stop(run_id) or run_id)
        if ongoing:
            self._driver.ask_to_stop(ongoing, "caller")
        return ongoing is not None

    async def get(self, run_id: str) -> Run:
        """Return a run, live figures included while it runs here.

        Raises:
            UnknownRun: If there is no such run.
        """
        if ongoing := self._driver.ongoing(run_id):
            return self._driver.snapshot(ongoing)
        await self._recovered.wait()
        if (run := self._driver.told(run_id) or await self._history.get(run_id)) is None:
            raise UnknownRun(run_id)
        return run

    async def log(self, run_id: str) -> str:
        """Return k6's log of a run, capped and without secrets; raises UnknownRun."""
        await self.get(run_id)
        return self._runner.log(run_id)

    async def script(self, run_id: str) -> str:
        """Return the script of a run without secrets; raises UnknownRun."""
        await self.get(run_id)
        return self._runner.script(run_id)

    async def timeline(self, run_id: str) -> Timeline | None:
        """Return a run over time, while it runs as far as k6 has recorded it, None if nothing was recorded; raises UnknownRun."""
        return await self._driver.timeline(await self.get(run_id))

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """Return one page of runs, newest first; raises InvalidArguments for a foreign cursor."""
        await self._recovered.wait()
        return await self._history.page(query)

    async def run_ids(self, prefix: str, limit: int = 20) -> tuple[str, ...]:
        """Return ids of runs that begin with `prefix`, newest first."""
        return await self._history.run_ids(prefix, limit)

    async def rebuild(self) -> RebuildReport:
        """Restore the history from the runs' folders."""
        return await self._history.rebuild()

    async def prune(self, limits: Retention | None = None, *, dry_run: bool = False) -> PruneReport:
        """Remove the runs beyond `limits` (default: the settings), or only tell which; raises HistoryUnavailable."""
        await self._recovered.wait()
        return await self._history.cleanup.prune(limits or self._settings.retention, dry_run=dry_run)

    async def tidy(self) -> None:
        """Remove old runs briefly if that is due, for callers that leave before it would happen by itself. Never raises."""
        await self._history.cleanup.tidy(self._settings.retention, _TIDY_AT_END_S)

    async def health(self) -> Health:
        """Return whether tests can run here and what is running."""
        components = (
            await self._runner.health(),
            *await self._history.health(),
            await self._retention_health(),
            self.insights.advice_health(),
        )
        caps = self._settings.limits
        return Health(
            ok=not any(component.state == "broken" for component in components),
            components=components,
            limits=LimitsReport(
                max_concurrent_runs=caps.max_concurrent_runs,
                max_vus=caps.max_vus,
                max_duration_s=caps.max_duration_s,
                max_rps=caps.max_rps,
                max_script_bytes=caps.max_script_bytes,
                timeout_s=self._settings.timeout_s,
            ),
            running=self._driver.ids("running"),
            queued=self._driver.ids("queued"),
        )

    def _run_plan(self, run: Run, script: Script, plan: Plan) -> RunPlan:
        phases_s = plan.setup_timeout_s + plan.teardown_timeout_s if plan.phases else 0.0
        longest_s = plan.longest_s + phases_s + _AFTER_LOAD_S + plan.max_vus / 1000
        return RunPlan(
            run_id=run.run_id,
            script=script,
            plan=plan,
            k6_version=run.k6_version,
            deadline_s=min(self._settings.timeout_s, longest_s),
        )

    async def _whole(self, run_id: str) -> Run:
        run = await self.get(run_id)
        return await self._repeats.told(run) if run.repeat == 1 else run

    async def _until_done(self, run_id: str) -> None:
        if over := self._repeats.going_on(run_id):
            await over.wait()
        elif ongoing := self._driver.ongoing(run_id):
            await ongoing.done.wait()
        else:  # another process owns it: it is final when the history says so, or when its owner is dead
            await anyio.sleep(_ELSEWHERE_POLL_S)
            await self._driver.recover_lost()

    async def _retention_health(self) -> Component:
        limits = self._settings.retention
        try:
            return retention_health(limits, await self._history.cleanup.space(_MEASURE_S))
        except HistoryUnavailable as error:
            return retention_health(limits, None, error.hint)

    async def _tidy_when_idle(self) -> None:
        await anyio.sleep(_TIDY_AFTER_S)
        while True:
            ended = self._driver.ended
            await self._driver.idle()
            await self._history.cleanup.tidy(self._settings.retention)
            await ended.wait()

    async def _recover(self) -> None:
        await self._driver.recover_lost()
        self._recovered.set()
