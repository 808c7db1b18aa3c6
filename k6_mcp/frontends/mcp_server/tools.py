"""The tools of the server: one for each use case.

Each tool checks its own arguments strictly and reports all violations at once. Errors begin with their code.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import Field

from k6_mcp.answers.budget import CONTENT_BYTES, size_of
from k6_mcp.errors import InternalError, K6McpError
from k6_mcp.frontends.mcp_server.progress import reporting
from k6_mcp.frontends.mcp_server.results import answered, refused, with_report
from k6_mcp.frontends.mcp_server.sampling import client_model
from k6_mcp.frontends.mcp_server.schemas import Schema, input_schema, output_schema
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.use_cases.catalog import use_cases
from k6_mcp.frontends.use_cases.declaration import MCP, Caller, Effect, Shape, UseCase
from k6_mcp.threads import in_thread_if

logger = logging.getLogger(__name__)
ToolContext: TypeAlias = Context[Any, Any]
# The second one requests input from the client before the tool can answer.
ToolResult: TypeAlias = CallToolResult | InputRequiredResult
Handler = Callable[[Mapping[str, object], ToolContext], Awaitable[ToolResult]]
R = TypeVar("R", bound=ToolResult)


class K6Tool(Tool):
    """A tool whose handler gets the arguments as the client sent them, with JSON texts parsed."""

    answer_schema: Schema = Field(exclude=True)
    listed: bool = Field(default=True, exclude=True)

    @cached_property
    def output_schema(self) -> Schema:
        return self.answer_schema

    async def run(
        self, arguments: dict[str, Any], context: ToolContext, convert_result: bool = False
    ) -> ToolResult:
        """Call the handler; every error in it becomes a result that the model can read."""
        return await guarded(self.name, self.fn(unwrapped(arguments, self.parameters), context))


def all_tools(opened: OpenedService) -> list[Tool]:
    """Return every tool, unlisted ones last."""
    return [_tool(case, opened) for case in use_cases()]


def _tool(case: UseCase[Any, Any], opened: OpenedService) -> K6Tool:
    arguments = case.arguments
    return K6Tool(
        fn=_handler(case, opened),
        name=case.name,
        title=case.title,
        description=case.description,
        parameters=input_schema(arguments, last=("wait_s",) if "wait_s" in arguments.model_fields else ()),
        answer_schema=_answer_schema(case.shape),
        # The SDK would validate with this model; our own tools do not use it.
        fn_metadata=FuncMetadata(arg_model=ArgModelBase),
        is_async=True,
        context_kwarg=None,
        annotations=_annotations(case.effect),
        listed=case.listed,
    )


def _handler(case: UseCase[Any, Any], opened: OpenedService) -> Handler:
    async def handle(arguments: Mapping[str, object], context: ToolContext) -> ToolResult:
        model = client_model(context)
        service = await opened.service()
        async with reporting(context) as emit:
            caller = Caller(service, MCP, emit, model, lambda result: _share(case.answer(result)))
            parsed = await in_thread_if(case.takes_load_test, case.parse, arguments, caller)
            result = await case.call(caller, parsed)
        if model and model.asking:
            return model.asking
        return with_report(answered(case.answer(result)), result)

    return handle


def _share(answer: Any) -> float:
    return size_of(answer) / CONTENT_BYTES


def _answer_schema(shape: Shape) -> Schema:
    schema = output_schema(shape.model, depth=shape.depth)
    if not shape.more:
        return schema
    return {**schema, "properties": {**schema["properties"], **shape.more}, "required": [*shape.required]}


def _annotations(effect: Effect) -> ToolAnnotations:
    return ToolAnnotations(
        read_only_hint=effect.read_only,
        destructive_hint=effect.destructive,
        idempotent_hint=effect.idempotent,
        open_world_hint=effect.open_world,
    )


def unwrapped(arguments: Mapping[str, object], schema: Schema) -> dict[str, object]:
    """Return `arguments` with objects and arrays parsed that some clients send as JSON text."""
    properties = schema.get("properties", {})
    return {name: _parsed(value, properties.get(name, {}).get("type")) for name, value in arguments.items()}


def _parsed(value: object, expected: object) -> object:
    opening = {"object": "{", "array": "["}.get(str(expected))
    if opening is None or not isinstance(value, str) or not value.lstrip().startswith(opening):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


async def guarded(name: str, call: Awaitable[R]) -> R | CallToolResult:
    """Return the result of `call`, or its error as text that begins with the error's code.

    A crash becomes one line; the log has the details.
    """
    try:
        return await call
    except K6McpError as error:
        logger.info("tool %s: %r", name, str(error))
        return refused(str(error))
    except Exception:
        logger.exception("tool %s crashed", name)
        return refused(
            str(InternalError(f"{name} failed", hint="try again; the server's log on stderr has the details"))
        )
