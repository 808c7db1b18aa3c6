"""A queue on a scripted k6, with a real history and workspace below it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
from anyio.abc import TaskGroup
from pydantic import SecretStr

from k6_mcp.history.history import History
from k6_mcp.models.plan import RunPlan
from k6_mcp.models.run import FINAL, Asked, Run
from k6_mcp.models.run_id import new_run_id
from k6_mcp.models.script import Script
from k6_mcp.service.live_run import LiveRun
from k6_mcp.service.queue import RunQueue
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace
from tests.frontends.mcp_server.scripted_k6 import PLAN, ScriptedK6

SCRIPT = Script(origin="text", text="// a", sha256="0" * 64, files={"script.js": "// a"}, entry="script.js")
# As long as the load that the scripted k6 reports
_PLAN = PLAN.changed(duration_s=2.0)


@dataclass
class Bench:
    """A queue, and what a test needs to use it."""

    k6: ScriptedK6
    queue: RunQueue
    history: History
    workspace: Workspace
    tasks: TaskGroup
    runs: list[str] = field(default_factory=list[str])

    async def launch(self, repeat_of: str | None = None, repeat: int = 1) -> Run:
        """Launch a run; with `repeat_of`, as a repeat of that one ("" for the first)."""
        now = datetime.now(UTC)
        run_id = new_run_id(now)
        run = Run(
            run_id=run_id,
            status="running",
            name="checkout",
            asked=Asked(origin="text"),
            script_sha256=SCRIPT.sha256,
            k6_version="1.1.0",
            server_id=self.history.server_id,
            created_at=now,
            plan=_PLAN,
            repeat_of=None if repeat_of is None else repeat_of or run_id,
            repeat=None if repeat_of is None else repeat,
        )
        await self.k6.plan(run_id, SCRIPT)
        self.runs.append(run_id)
        return self.queue.launch(
            run, RunPlan(run_id, SCRIPT, _PLAN, SecretStr("{}"), "1.1.0", 60.0), self.tasks
        )

    def live_run(self, run_id: str) -> LiveRun:
        """Return a run that is queued or running."""
        live_run = self.queue.live_run(run_id)
        assert live_run is not None
        return live_run

    async def ended(self, run_id: str) -> Run:
        """Return the run once it has ended."""
        if live_run := self.queue.live_run(run_id):
            await live_run.done.wait()
        run = self.queue.finished(run_id)
        assert run is not None
        assert run.status in FINAL
        return run


@asynccontextmanager
async def open_queue(
    settings: Settings, *, at_once: int = 1, make: Callable[[], ScriptedK6] = ScriptedK6
) -> AsyncGenerator[Bench]:
    """Open a queue that runs `at_once` tests at a time; leaving cancels what is left in it."""
    k6, workspace = make(), Workspace(settings.results_dir)
    k6.workspace = workspace
    async with History(workspace, settings.database) as history, anyio.create_task_group() as tasks:
        yield Bench(k6, RunQueue(k6, workspace, history, at_once), history, workspace, tasks)
        tasks.cancel_scope.cancel()
