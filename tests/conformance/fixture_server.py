"""The real server over HTTP with the fixtures that the conformance suite wants to see.

python -m tests.conformance.fixture_server PORT
"""

import sys
import warnings
from typing import Any

from mcp import MCPDeprecationWarning
from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver.tools import Tool
from mcp.types import (
    CallToolResult,
    EmptyResult,
    SetLevelRequestParams,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

from k6_mcp.app import open_app
from k6_mcp.frontends.mcp_server.http import serve
from k6_mcp.frontends.mcp_server.server import served
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.settings import Settings
from tests.conformance.fixture_content import add_content, result
from tests.conformance.fixture_inputs import add_inputs
from tests.conformance.fixture_tasks import FixtureTasks, add_tasks

SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


async def json_schema_2020_12_tool() -> CallToolResult:
    """Tool with JSON Schema 2020-12 features."""
    return result("valid")


async def test_custom_headers(region: str) -> CallToolResult:
    """Tool whose argument is mirrored in an HTTP header."""
    return result(region)


async def accept(
    _: ServerRequestContext[Any, Any],
    params: SetLevelRequestParams | SubscribeRequestParams | UnsubscribeRequestParams,
) -> EmptyResult:
    """Accept what only the 2025 wire still has."""
    return EmptyResult()


def add_2025_methods(server: MCPServer[OpenedService]) -> None:
    """Serve logging/setLevel and resources/subscribe, which the SDK leaves to its low-level server."""
    lowlevel = server._lowlevel_server  # pyright: ignore[reportPrivateUsage] (the SDK has no public way)
    lowlevel.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    lowlevel.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    lowlevel.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)


def add_schemas(server: MCPServer[OpenedService]) -> None:
    """Register tools whose input schema is written by hand."""
    for function, schema in (
        (json_schema_2020_12_tool, SCHEMA_2020_12),
        (
            test_custom_headers,
            {
                "type": "object",
                "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
                "required": ["region"],
            },
        ),
    ):
        server.add_tool(function)
        tool: Tool | None = server._tool_manager.get_tool(function.__name__)  # pyright: ignore[reportPrivateUsage] (as above)
        assert tool is not None
        tool.parameters = schema


def main(port: int) -> int:
    """Serve until a signal comes; return the exit code."""
    # The suite checks what the 2025 wire still has
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    settings = Settings.from_environment()
    opened = OpenedService(lambda: open_app(settings))
    server = served(opened, [FixtureTasks()])
    for add in (add_content, add_inputs, add_tasks, add_schemas, add_2025_methods):
        add(server)
    return serve(server, opened, port)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
