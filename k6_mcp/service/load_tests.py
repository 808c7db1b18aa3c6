"""The path of a load test through the service: checked, written, planned, run, judged and kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from k6_mcp.errors import UnknownRun
from k6_mcp.history.history import History
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Planned, RunPlan
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.run_id import new_run_id
from k6_mcp.models.script import NOT_SHOWN, Script
from k6_mcp.models.timeline import Timeline
from k6_mcp.permissions import caps
from k6_mcp.redaction import redact_text, with_forms
from k6_mcp.runners.base import Runner
from k6_mcp.scripts.load import check_applied
from k6_mcp.scripts.render import asked, origin, render
from k6_mcp.scripts.thresholds import with_asked
from k6_mcp.service.preparations import Preparations
from k6_mcp.service.queue import RunQueue
from k6_mcp.service.recovery import Recovery
from k6_mcp.service.series import Repeats
from k6_mcp.settings import Settings
from k6_mcp.threads import LARGE, in_thread_if
from k6_mcp.workspace.workspace import Workspace

if TYPE_CHECKING:
    from k6_mcp.models.history import HistoryPage, HistoryQuery
    from k6_mcp.models.service_answers import PlanReport
    from k6_mcp.service.kept_runs import KeptRuns
    from k6_mcp.service.maintenance import Maintenance

EmitRun = Callable[[Run], None]

_TICK_S = 1.0
_OTHER_SERVER_POLL_S = 0.5
# A script's teardown and handleSummary can take long.
_STOP_TIMEOUT_S = 90.0
_LEAVE_TIMEOUT_S = 6.0
_KEEP_AGAIN_S = 2.0
# This is the time for handleSummary, flushing and a margin, beyond k6's own longest duration.
_AFTER_LOAD_S = 30.0
# A server answers its first calls before this, and a short command has ended by then.
_TIDY_AFTER_S = 3.0


class LoadTests:
    """Every use case around a running test, one method each.

    `kept_runs` answers questions about ended runs, `maintenance` does the rest.

    Owns the running tests, so leaving it stops them all gracefully. Imports late what a single test does not
    need, because a process for one test waits for each import.
    """

    def __init__(
        self,
        runner: Runner,
        workspace: Workspace,
        history: History,
        settings: Settings,
        early_run_id: Callable[[Script], str | None] = lambda _: None,
    ) -> None:
        self._runner = runner
        self._workspace = workspace
        self._history = history
        self._settings = settings
        self._early_run_id = early_run_id
        self._queue = RunQueue(
            runner, workspace, history, settings.limits.max_concurrent_runs, settings.findings
        )
        self._repeats = Repeats(self._queue, history)
        self._recovery = Recovery(self._queue)
        self._preparations = Preparations()
        self._stack = AsyncExitStack()
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._history)
        await self._stack.enter_async_context(self._tasks)
        self._tasks.start_soon(self._recovery.run)
        self._tasks.start_soon(self._tidy_when_idle)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with anyio.CancelScope(shield=True):
                self._repeats.stop_all()
                await self._preparations.end_all()
                await self._queue.stop_all(_LEAVE_TIMEOUT_S)
                with anyio.move_on_after(_KEEP_AGAIN_S):
                    await self._queue.keep_again()
        finally:
            # asyncio cancels regardless of the shield, so this must run in any case.
            self._tasks.cancel_scope.cancel()
            try:
                # The tasks end first, then the history, which shields its own end.
                await self._stack.aclose()
            finally:
                self._runner.close()
                self._workspace.close()

    @property
    def kept_runs(self) -> KeptRuns:
        """The answers to questions about kept runs."""
        return self._kept_runs

    @property
    def maintenance(self) -> Maintenance:
        """The health, cleanup and repair of the service."""
        return self._maintenance

    @cached_property
    def _kept_runs(self) -> KeptRuns:
        from k6_mcp.service.kept_runs import KeptRuns

        return KeptRuns(self, self._history, self._settings)

    @cached_property
    def _maintenance(self) -> Maintenance:
        from k6_mcp.service.maintenance import Maintenance

        return Maintenance(self._runner, self._queue, self._history, self._settings, self._recovery)

    def excess(self, test: LoadTest) -> tuple[str, ...]:
        """Return every limit of this server that the request itself violates; `start` raises them."""
        return caps.violations(test, self._settings.limits)

    async def plan(self, test: LoadTest) -> PlanReport:
        """Return what `test` would run and every limit it violates; starts no traffic and keeps nothing."""
        from k6_mcp.analysis.verdict.refusal import after_plan, read_refusal
        from k6_mcp.models.service_answers import PlanReport

        if excess := await in_thread_if(caps.may_be_large(test), self.excess, test):
            return PlanReport(origin=origin(test), violations=excess, next=after_plan(None, excess))
        script, run_id = await self._rendered(test), new_run_id(datetime.now(UTC))
        with self._preparations.one():
            try:
                planned = await self._runner.plan(run_id, script)
            finally:
                self._workspace.discard(run_id)
        plan = with_asked(test, planned.plan) if isinstance(planned, Planned) else None
        if plan:
            check_applied(test, plan)
        large = len(script.text) > LARGE
        refusal = (
            await in_thread_if(large, read_refusal, planned, script) if isinstance(planned, Outcome) else None
        )
        violations = await in_thread_if(
            caps.may_be_large(test), caps.violations, test, self._settings.limits, plan
        )
        return PlanReport(
            origin=script.origin,
            script=await in_thread_if(large, _shown, script, planned),
            script_sha256=script.sha256,
            k6_version=planned.k6_version,
            plan=plan,
            refusal=refusal,
            violations=violations,
            next=after_plan(refusal, violations),
        )

    async def _rendered(self, test: LoadTest) -> Script:
        return await in_thread_if(caps.may_be_large(test), render, test, self._settings.limits.script_dirs)

    async def execute(self, test: LoadTest, *, wait_s: float, emit: EmitRun | None = None) -> Run:
        """Start `test` and wait up to `wait_s` for its end.

        A caller that is cancelled while it waits stops the run. Raises as `start`.
        """
        run = await self.start(test)
        try:
            return await self.wait(run.run_id, wait_s, emit)
        except anyio.get_cancelled_exc_class():
            self._request_stop(run.run_id)
            raise

    async def start(self, test: LoadTest) -> Run:
        """Start `test` (or queue it) and return at once; a script that k6 refuses is a failed run.

        Of a test to be repeated it is the first run; `wait` for it waits for all.

        Raises:
            LimitExceeded: If the request or the script's own plan asks for more than allowed here.
            InvalidArguments: If the script cannot be read, or load arguments meet a script's own scenarios.
            K6NotFound: If there is no k6.
            K6TooOld: If k6 is older than supported.
            Interrupted: If the service is left before the test has begun.
        """
        await in_thread_if(caps.may_be_large(test), caps.check, test, self._settings.limits)
        script = await self._rendered(test)
        first = await self._start_one(test, script)
        if test.repeat > 1 and first.status not in FINAL:

            async def start_next(repeat_of: str, repeat: int) -> Run:
                return await self._start_one(test, script, repeat_of, repeat)

            self._repeats.drive(first, test.repeat, start_next, self._tasks)
        return first

    async def _start_one(
        self, test: LoadTest, script: Script, repeat_of: str | None = None, repeat: int = 1
    ) -> Run:
        now = datetime.now(UTC)
        run_id = self._early_run_id(script) or new_run_id(now)
        with self._preparations.one():
            # The history gets ready while k6 makes its plan.
            self._tasks.start_soon(self._history.get_ready)
            planned = await self._planned(run_id, test, script)
            run = Run(
                run_id=run_id,
                status="running",
                name=test.name,
                asked=await in_thread_if(caps.may_be_large(test), asked, test),
                tags=test.tags,
                script_sha256=script.sha256,
                k6_version=planned.k6_version,
                server_id=self._history.server_id,
                created_at=now,
                repeat_of=(repeat_of or run_id) if test.repeat > 1 else None,
                repeat=repeat if test.repeat > 1 else None,
                # Only the runner needs the tags.
                plan=planned.plan.changed(system_tags=None) if isinstance(planned, Planned) else None,
            )
            if isinstance(planned, Outcome):
                return await self._queue.refused(run, script, planned)
            return self._queue.launch(run, self._run_plan(run, script, planned), self._tasks)

    async def _planned(self, run_id: str, test: LoadTest, script: Script) -> Planned | Outcome:
        """Return k6's plan of a permitted script, or how k6 refused it; raises as `start`."""
        try:
            planned = await self._runner.plan(run_id, script)
            if isinstance(planned, Planned):
                limits, large = self._settings.limits, caps.may_be_large(test)
                await in_thread_if(large, caps.check, test, limits, planned.plan)
                check_applied(test, planned.plan)
                plan = with_asked(test, planned.plan)
                plan = plan.changed(rps=min(limits.max_rps, plan.rps or limits.max_rps))
                planned = planned._replace(plan=plan)
            return planned
        except BaseException:
            self._workspace.discard(run_id)
            raise

    async def wait(self, run_id: str, wait_s: float, emit: EmitRun | None = None) -> Run:
        """Return the run as soon as it is final, or its state after `wait_s`.

        `emit` gets the state about once a second.

        The id of the first of several repeats stands for all: the answer is the one that went worst, with
        `series`.

        Raises:
            UnknownRun: If there is no such run.
        """
        run = await self._overview(run_id)
        with anyio.move_on_after(wait_s) as patience:
            while run.status not in FINAL:
                if emit:
                    emit(run)
                with anyio.move_on_after(_TICK_S):
                    await self._until_done(run_id)
                run = await self._overview(run_id)
        return await self._overview(run_id) if patience.cancelled_caught else run

    async def stop(self, run_id: str) -> Run:
        """Stop a run gracefully and return it with the figures measured so far.

        The run can also belong to another server process.

        Raises:
            UnknownRun: If there is no such run.
        """
        if not self._request_stop(run_id):
            run = await self.get(run_id)
            elsewhere = (
                await self._repeats.unfinished(run_id) if run.repeat == 1 and run.status in FINAL else run_id
            )
            if elsewhere and (await self.get(elsewhere)).status not in FINAL:
                self._workspace.request_stop(elsewhere)
        return await self.wait(run_id, _STOP_TIMEOUT_S)

    def _request_stop(self, run_id: str) -> bool:
        """End a run that this process owns, without further repeats; return False if there is none."""
        live_run = self._queue.live_run(self._repeats.stop(run_id) or run_id)
        if live_run:
            self._queue.request_stop(live_run, "caller")
        return live_run is not None

    async def get(self, run_id: str) -> Run:
        """Return a run, with live figures while it runs here.

        Raises:
            UnknownRun: If there is no such run.
        """
        if live_run := self._queue.live_run(run_id):
            return self._queue.snapshot(live_run)
        await self._recovery.done()
        if (run := self._queue.finished(run_id) or await self._history.get(run_id)) is None:
            raise UnknownRun(run_id)
        return await self._queue.up_to_date(run)

    async def log(self, run: Run | str) -> str:
        """Return k6's log of a run, capped and without secrets; raises UnknownRun."""
        return self._workspace.log((await self._read(run)).run_id)

    async def script(self, run: Run | str) -> str:
        """Return the script of a run without secrets; raises UnknownRun."""
        return self._workspace.script((await self._read(run)).run_id)

    async def timeline(self, run: Run | str) -> Timeline | None:
        """Return a run over time, or None if nothing was recorded.

        While the run is running, the timeline ends where k6's record ends. Raises UnknownRun.
        """
        return await self._queue.timeline(await self._read(run))

    async def _read(self, run: Run | str) -> Run:
        """Return the run for an id; a caller that has just read the run passes the run itself."""
        return await self.get(run) if isinstance(run, str) else run

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """Return one page of runs, newest first; raises InvalidArguments for a foreign cursor."""
        await self._recovery.done()
        return await self._history.page(query)

    async def run_ids(self, prefix: str, limit: int = 20) -> tuple[str, ...]:
        """Return ids of runs that begin with `prefix`, newest first."""
        return await self._history.run_ids(prefix, limit)

    def _run_plan(self, run: Run, script: Script, planned: Planned) -> RunPlan:
        plan = planned.plan
        phases_s = plan.setup_timeout_s + plan.teardown_timeout_s if plan.phases else 0.0
        longest_s = plan.longest_s + phases_s + _AFTER_LOAD_S + plan.max_vus / 1000
        return RunPlan(
            run_id=run.run_id,
            script=script,
            plan=plan,
            options=planned.options,
            k6_version=run.k6_version,
            deadline_s=min(self._settings.timeout_s, longest_s),
        )

    async def _overview(self, run_id: str) -> Run:
        run = await self.get(run_id)
        return await self._repeats.overview(run) if run.repeat == 1 else run

    async def _until_done(self, run_id: str) -> None:
        if over := self._repeats.end_of(run_id):
            await over.wait()
        elif live_run := self._queue.live_run(run_id):
            await live_run.done.wait()
        else:
            # Another process owns the run. It is final when the history has it as final, or when its owner is
            # dead.
            await anyio.sleep(_OTHER_SERVER_POLL_S)
            await self._queue.recover_lost()

    async def _tidy_when_idle(self) -> None:
        await anyio.sleep(_TIDY_AFTER_S)
        await self.maintenance.tidy_when_idle()


def _shown(script: Script, planned: Planned | Outcome) -> str:
    """Return the script's text without its secrets.

    The text of a file is returned only if k6 could parse it, because a path can name any file.
    """
    if script.source_path and isinstance(planned, Outcome) and not planned.parsed:
        return f"// {NOT_SHOWN}\n"
    return redact_text(script.text, with_forms(script.secrets))
