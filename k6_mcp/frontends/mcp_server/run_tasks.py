"""Runs as tasks: a task outlives the connection and the server that started it.

This works because the task id is the run id.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from mcp.server.context import HandlerResult
from mcp.types import CallToolRequestParams, CallToolResult
from pydantic import JsonValue

from k6_mcp.answers.live_line import live_line
from k6_mcp.answers.run import run_answer
from k6_mcp.errors import UnknownRun
from k6_mcp.frontends.mcp_server.results import answered
from k6_mcp.frontends.mcp_server.schemas import input_schema
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tasks import RequestContext, Task
from k6_mcp.frontends.mcp_server.tools import guarded, unwrapped
from k6_mcp.frontends.use_cases.declaration import MCP, Caller
from k6_mcp.frontends.use_cases.running import EXECUTE
from k6_mcp.models.run import FINAL, Run


class RunTasks:
    """Makes tasks of execute_k6_test; `wait_s` has no meaning for them."""

    def __init__(self, opened: OpenedService) -> None:
        self._opened = opened

    def takes(self, tool: str) -> bool:
        """Return whether `tool` is execute_k6_test."""
        return tool == EXECUTE.name

    def requires(self, tool: str) -> bool:
        """Return False: the tool answers any client."""
        return False

    async def start(self, params: CallToolRequestParams, ctx: RequestContext) -> Task | HandlerResult:
        """Start the test; refused arguments and scripts are answered at once."""
        started: list[Run] = []

        async def begin() -> CallToolResult:
            service = await self._opened.service()
            arguments = unwrapped(params.arguments or {}, input_schema(EXECUTE.arguments))
            started.append(await service.start(EXECUTE.parse(arguments, Caller(service, MCP)).test))
            return answered(run_answer(started[0]))

        result = await guarded(EXECUTE.name, begin())
        return (
            run_task(started[0], started[0].created_at)
            if started and started[0].status not in FINAL
            else result
        )

    async def get(self, task_id: str) -> Task | None:
        """Return the run of this id as a task."""
        service = await self._opened.service()
        try:
            first = await service.get(task_id)
            return run_task(await service.wait(task_id, 0), first.created_at)
        except UnknownRun:
            return None

    async def update(self, task_id: str, responses: Mapping[str, JsonValue]) -> bool:
        """Return whether the run exists; a run requests no input, so answers are ignored."""
        return await self.get(task_id) is not None

    async def cancel(self, task_id: str) -> bool:
        """Stop the run and keep its figures."""
        service = await self._opened.service()
        try:
            await service.stop(task_id)
        except UnknownRun:
            return False
        return True


def run_task(run: Run, begun_at: datetime) -> Task:
    """Return `run`, begun at `begun_at`, as a task; a repeat stands for its series.

    A failed test is a completed task whose result has the status failed. A stopped test is a cancelled task.
    """
    # The task of a series has the id of the first repeat.
    task_id = run.series.first if run.series else run.run_id
    if run.status not in FINAL:
        return Task(task_id, "working", begun_at, datetime.now(UTC), message=live_line(run))
    ended_at = run.ended_at or run.created_at
    if run.status == "cancelled":
        message = f"stopped; get_run has the figures until then (run_id {run.run_id})"
        return Task(task_id, "cancelled", begun_at, ended_at, message=message)
    return Task(
        task_id, "completed", begun_at, ended_at, message=run.status, result=answered(run_answer(run))
    )
