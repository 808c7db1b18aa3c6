"""Tools whose calls become tasks, for the conformance suite's view of the Tasks extension."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.context import HandlerResult
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    CallToolResult,
    ElicitRequest,
    ElicitResult,
    TextContent,
)
from pydantic import JsonValue

from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tasks import RequestContext, Task
from tests.conformance.fixture_content import result
from tests.conformance.fixture_inputs import asking, form

TASK_ONLY = frozenset({"failing_job", "test_tool_with_task"})
_TTL_MS = 300_000
_POLL_MS = 100
_CONFIRM = {"confirm": form("Really delete it?", confirm="boolean")}
_TWO = {"first": form("First?", value="string"), "second": form("Second?", value="string")}


async def greet(name: str) -> CallToolResult:
    """Greet; never a task."""
    return result(f"Hello, {name}!")


async def slow_compute(seconds: float, label: str = "") -> CallToolResult:
    """Take that many seconds."""
    await asyncio.sleep(seconds)
    return result(f"computed {label} in {seconds:g} s")


async def failing_job() -> CallToolResult:
    """Fail as a tool does, after a second."""
    await asyncio.sleep(1)
    return CallToolResult(content=[TextContent(type="text", text="the job failed")], is_error=True)


async def protocol_error_job() -> CallToolResult:
    """Fail as a protocol does."""
    raise MCPError(INTERNAL_ERROR, "the job broke down")


async def confirm_delete(filename: str) -> CallToolResult:
    """Delete nothing; as a task, after a confirmation."""
    raise ToolError(f"{filename} needs a confirmation, which only a task can ask for")


async def multi_input() -> CallToolResult:
    """Ask two questions at once, as a task."""
    raise ToolError("two questions at once can only be asked by a task")


async def test_tool_with_task() -> CallToolResult:
    """Ask for a name, then become a task."""
    raise ToolError("this tool is only a task")


class FixtureTasks:
    """Runs the tools above as tasks."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._answered: dict[str, asyncio.Event] = {}

    def takes(self, tool: str) -> bool:
        """Return whether `tool` becomes a task."""
        return tool in _JOBS

    def requires(self, tool: str) -> bool:
        """Return whether `tool` can only be a task."""
        return tool in TASK_ONLY

    async def start(self, params: CallToolRequestParams, ctx: RequestContext) -> Task | HandlerResult:
        """Begin a job, or first request the input that it needs."""
        arguments = dict(params.arguments or {})
        if params.name == "test_tool_with_task":
            filled = (params.input_responses or {}).get("user_name")
            if not isinstance(filled, ElicitResult):
                return asking(user_name=form("What is your name?", name="string"))
            arguments["name"] = (filled.content or {}).get("name", "nobody")
        now = datetime.now(UTC)
        task = Task(secrets.token_hex(16), "working", now, now, ttl_ms=_TTL_MS, poll_ms=_POLL_MS)
        self._tasks[task.task_id] = task
        self._workers[task.task_id] = asyncio.create_task(self._work(task.task_id, params.name, arguments))
        return task

    async def get(self, task_id: str) -> Task | None:
        """Return a task."""
        return self._tasks.get(task_id)

    async def update(self, task_id: str, responses: Mapping[str, JsonValue]) -> bool:
        """Take answers; the job goes on when none is missing."""
        if (task := self._tasks.get(task_id)) is None:
            return False
        if task.status == "input_required":
            missing = {key: request for key, request in task.input_requests.items() if key not in responses}
            self._set(task_id, status="input_required" if missing else "working", input_requests=missing)
            if not missing:
                self._answered[task_id].set()
        return True

    async def cancel(self, task_id: str) -> bool:
        """End a job early; a finished one stays as it is."""
        if (task := self._tasks.get(task_id)) is None:
            return False
        if task.status in ("working", "input_required"):
            self._workers[task_id].cancel()
            self._set(task_id, status="cancelled", input_requests={})
        return True

    async def _work(self, task_id: str, tool: str, arguments: dict[str, Any]) -> None:
        requests, job = _JOBS[tool]
        if requests:
            self._answered[task_id] = asyncio.Event()
            wire: dict[str, JsonValue] = {
                key: request.model_dump(mode="json", by_alias=True, exclude_none=True)
                for key, request in requests.items()
            }
            self._set(task_id, status="input_required", input_requests=wire)
            await self._answered[task_id].wait()
        try:
            self._set(task_id, status="completed", result=await job(**arguments))
        except MCPError as error:
            self._set(task_id, status="failed", error=error.error)

    def _set(self, task_id: str, **changes: Any) -> None:
        self._tasks[task_id] = replace(self._tasks[task_id], updated_at=datetime.now(UTC), **changes)


async def _deleted(filename: str) -> CallToolResult:
    return result(f"{filename} would be deleted")


async def _both() -> CallToolResult:
    return result("both answered")


_NOTHING: dict[str, ElicitRequest] = {}
_JOBS: dict[str, tuple[dict[str, ElicitRequest], Any]] = {
    "slow_compute": (_NOTHING, slow_compute),
    "failing_job": (_NOTHING, failing_job),
    "protocol_error_job": (_NOTHING, protocol_error_job),
    "confirm_delete": (_CONFIRM, _deleted),
    "multi_input": (_TWO, _both),
    "test_tool_with_task": (_NOTHING, greet),
}


def add_tasks(server: MCPServer[OpenedService]) -> None:
    """Register the tools; `FixtureTasks` makes tasks of them."""
    for tool in (
        greet,
        slow_compute,
        failing_job,
        protocol_error_job,
        confirm_delete,
        multi_input,
        test_tool_with_task,
    ):
        server.add_tool(tool)
