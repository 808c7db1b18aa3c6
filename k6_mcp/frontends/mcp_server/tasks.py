"""The Tasks extension (SEP-2663): a long call is answered with a task, which the client polls.

A `TaskSource` decides which calls become tasks and what a task is. This module handles the wire format.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeAlias, cast

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp.types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, ErrorData, RequestParams
from mcp_types.jsonrpc import HEADER_MISMATCH
from pydantic import Field, JsonValue
from starlette.requests import Request

IDENTIFIER = "io.modelcontextprotocol/tasks"
VERSIONS = frozenset({"2026-07-28"})
RequestContext: TypeAlias = ServerRequestContext[Any, Any]
TaskStatus = Literal["working", "input_required", "completed", "cancelled", "failed"]
Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """The state of a task.

    `result` belongs to completed, `error` to failed, and `input_requests` to input_required.
    """

    task_id: str
    status: TaskStatus
    created_at: datetime
    updated_at: datetime
    message: str | None = None
    ttl_ms: int | None = None
    poll_ms: int = 1000
    result: CallToolResult | None = None
    error: ErrorData | None = None
    input_requests: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


class TaskSource(Protocol):
    """Tools whose calls can become tasks, and the tasks they became."""

    def takes(self, tool: str) -> bool:
        """Return whether calls of `tool` become tasks for clients that support tasks."""
        ...

    def requires(self, tool: str) -> bool:
        """Return whether only clients that support tasks can call `tool`."""
        ...

    async def start(self, params: CallToolRequestParams, ctx: RequestContext) -> Task | HandlerResult:
        """Start the call and return a task that `get` knows from now on.

        If there is nothing to wait for, return the result itself.
        """
        ...

    async def get(self, task_id: str) -> Task | None:
        """Return the task, None if it does not belong to this source."""
        ...

    async def update(self, task_id: str, responses: Mapping[str, JsonValue]) -> bool:
        """Take answers to a task's input requests; return False if the task is unknown."""
        ...

    async def cancel(self, task_id: str) -> bool:
        """Request the end of a task; return False if it is unknown."""
        ...


class TaskParams(RequestParams):
    """Parameters of tasks/get and tasks/cancel."""

    task_id: str = Field(alias="taskId")


class UpdateParams(TaskParams):
    """Parameters of tasks/update."""

    input_responses: dict[str, JsonValue] = Field(alias="inputResponses")


class Tasks(Extension):
    """Offers tasks to clients that declare the extension with their request.

    Other clients get the tool's own answer.
    """

    identifier = IDENTIFIER

    def __init__(self, sources: Sequence[TaskSource]) -> None:
        self._sources = sources

    def methods(self) -> Sequence[MethodBinding]:
        """Return tasks/get, tasks/update and tasks/cancel."""
        return (
            MethodBinding("tasks/get", TaskParams, self._get, VERSIONS),
            MethodBinding("tasks/update", UpdateParams, self._update, VERSIONS),
            MethodBinding("tasks/cancel", TaskParams, self._cancel, VERSIONS),
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: RequestContext, call_next: CallNext
    ) -> HandlerResult:
        """Answer with a task if a source takes the tool and the client supports tasks."""
        for source in self._sources:
            if source.requires(params.name):
                require_client_extension(ctx, IDENTIFIER)
            if source.takes(params.name) and _knows_tasks(ctx):
                started = await source.start(params, ctx)
                return {**_fields(started), "resultType": "task"} if isinstance(started, Task) else started
        return await call_next(ctx)

    async def _get(self, ctx: RequestContext, params: TaskParams) -> HandlerResult:
        _check(ctx, params)
        for source in self._sources:
            if task := await source.get(params.task_id):
                return {**_fields(task), **_payload(task), "resultType": "complete"}
        raise _unknown(params.task_id)

    async def _update(self, ctx: RequestContext, params: UpdateParams) -> HandlerResult:
        _check(ctx, params)
        for source in self._sources:
            if await source.update(params.task_id, params.input_responses):
                return {"resultType": "complete"}
        raise _unknown(params.task_id)

    async def _cancel(self, ctx: RequestContext, params: TaskParams) -> HandlerResult:
        _check(ctx, params)
        for source in self._sources:
            if await source.cancel(params.task_id):
                return {"resultType": "complete"}
        raise _unknown(params.task_id)


def _knows_tasks(ctx: RequestContext) -> bool:
    if ctx.protocol_version not in VERSIONS:
        return False
    capabilities = ctx.session.client_capabilities
    return IDENTIFIER in ((capabilities.extensions if capabilities else None) or {})


def _check(ctx: RequestContext, params: TaskParams) -> None:
    require_client_extension(ctx, IDENTIFIER)
    request = cast("object", ctx.request)
    if not isinstance(request, Request) or (header := request.headers.get(MCP_NAME_HEADER)) is None:
        return
    if decode_header_value(header) != params.task_id:
        raise MCPError(HEADER_MISMATCH, "the Mcp-Name header differs from taskId; send the taskId in both")


def _unknown(task_id: str) -> MCPError:
    return MCPError(
        INVALID_PARAMS, f"no task has the id {task_id[:80]!r}; get_history lists the runs and their ids"
    )


def _fields(task: Task) -> Wire:
    wire: Wire = {
        "taskId": task.task_id,
        "status": task.status,
        "createdAt": _timestamp(task.created_at),
        "lastUpdatedAt": _timestamp(task.updated_at),
        "ttlMs": task.ttl_ms,
        "pollIntervalMs": task.poll_ms,
    }
    return wire | ({"statusMessage": task.message} if task.message else {})


def _payload(task: Task) -> Wire:
    match task.status:
        case "completed" if task.result:
            return {"result": task.result.model_dump(mode="json", by_alias=True, exclude_none=True)}
        case "failed" if task.error:
            return {"error": task.error.model_dump(mode="json", by_alias=True, exclude_none=True)}
        case "input_required":
            return {"inputRequests": dict(task.input_requests)}
        case _:
            return {}


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
