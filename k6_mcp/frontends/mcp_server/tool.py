"""A tool that checks its own arguments: strictly, every violation at once, errors that begin with their
code.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import BaseModel, Field

from k6_mcp.errors import InternalError, K6McpError
from k6_mcp.frontends.mcp_server.arguments import unwrapped
from k6_mcp.frontends.mcp_server.results import refused
from k6_mcp.frontends.mcp_server.schemas import Schema, input_schema

logger = logging.getLogger(__name__)
ToolContext: TypeAlias = Context[Any, Any]
# The second requests something from the client before the first can follow
ToolResult: TypeAlias = CallToolResult | InputRequiredResult
Handler = Callable[[Mapping[str, object], ToolContext], Awaitable[ToolResult]]
R = TypeVar("R", bound=ToolResult)

ASKS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
LOADS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
STOPS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


class K6Tool(Tool):
    """A tool whose handler takes the arguments as the client sent them, JSON texts parsed."""

    answer_schema: Schema = Field(exclude=True)
    listed: bool = Field(default=True, exclude=True)

    @cached_property
    def output_schema(self) -> Schema:
        return self.answer_schema

    async def run(
        self, arguments: dict[str, Any], context: ToolContext, convert_result: bool = False
    ) -> ToolResult:
        """Call the handler; whatever goes wrong in it is a result that the model can read."""
        return await guarded(self.name, self.fn(unwrapped(arguments, self.parameters), context))


def k6_tool(
    handler: Handler,
    arguments: type[BaseModel],
    answer_schema: Schema,
    *,
    name: str,
    title: str,
    description: str,
    annotations: ToolAnnotations,
    listed: bool = True,
) -> K6Tool:
    """Return the tool `name` that takes `arguments` and answers with `answer_schema`."""
    return K6Tool(
        fn=handler,
        name=name,
        title=title,
        description=description,
        parameters=input_schema(arguments, last=("wait_s",) if "wait_s" in arguments.model_fields else ()),
        answer_schema=answer_schema,
        # The SDK would validate arguments with this; here it has no use
        fn_metadata=FuncMetadata(arg_model=ArgModelBase),
        is_async=True,
        context_kwarg=None,
        annotations=annotations,
        listed=listed,
    )


async def guarded(name: str, call: Awaitable[R]) -> R | CallToolResult:
    """Return what `call` returns, or its error as text that begins with the error's code; a crash is told in
    one line.
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
