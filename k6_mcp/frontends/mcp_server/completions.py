"""Completions of run ids and presets while a person types."""

from typing import get_args

from mcp.server import MCPServer
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.models.request import Preset

_MOST = 20


def add_completions(server: MCPServer[OpenedService], opened: OpenedService) -> None:
    """Register the completion of arguments named `run_id` and `preset`, wherever they occur."""

    @server.completion()
    async def complete(  # pyright: ignore[reportUnusedFunction]
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        match argument.name:
            case "run_id":
                service = await opened.service()
                values = await service.run_ids(argument.value, _MOST + 1)
            case "preset":
                values = tuple(name for name in get_args(Preset) if name.startswith(argument.value))
            case _:
                return None
        return Completion(values=list(values[:_MOST]), has_more=len(values) > _MOST)
