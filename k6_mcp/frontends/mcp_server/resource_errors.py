"""Errors of resources: what a client gets if a resource can't be read."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from k6_mcp.errors import K6McpError, UnknownRun
from k6_mcp.frontends.mcp_server.service_opening import OpenedService

# Importing the service costs start-up time.
if TYPE_CHECKING:
    from k6_mcp.service.load_tests import LoadTests

_NEWEST = 5


@asynccontextmanager
async def reading(opened: OpenedService) -> AsyncGenerator["LoadTests"]:
    """Yield the service; errors inside the block become errors of a resource.

    The error about an unknown run names the newest runs.
    """
    service = await _opened(opened)
    try:
        yield service
    except UnknownRun as error:
        known = await service.run_ids("", _NEWEST)
        raise ResourceNotFoundError(f"{error}; newest runs: {', '.join(known) or 'none yet'}") from None
    except K6McpError as error:
        raise ResourceError(str(error)) from None


async def _opened(opened: OpenedService) -> "LoadTests":
    try:
        return await opened.service()
    except K6McpError as error:
        raise ResourceError(str(error)) from None
