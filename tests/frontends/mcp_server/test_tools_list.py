"""The list of tools that clients get: complete, strict, and small."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from mcp import Client

from k6_mcp import __version__
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.request import LoadTest
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import ERAS, Door, Mode, connected, over_every_door
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6

NAMES = [
    "execute_k6_test",
    "plan_k6_test",
    "get_run",
    "stop_run",
    "get_history",
    "analyze_run",
    "compare_runs",
    "set_baseline",
    "get_statistics",
    "get_report",
    "check_health",
]
# About 8000 tokens: every client pays them in every conversation
MOST_BYTES = 32_000
_READS = {
    "get_run",
    "plan_k6_test",
    "get_history",
    "analyze_run",
    "compare_runs",
    "get_statistics",
    "check_health",
}


async def listed(client: Client) -> list[dict[str, Any]]:
    """Return the tools as they go over the wire."""
    return [
        tool.model_dump(mode="json", by_alias=True, exclude_none=True)
        for tool in (await client.list_tools()).tools
    ]


def every_schema(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema object in `node`."""
    if isinstance(node, list):
        for child in cast("list[Any]", node):
            yield from every_schema(child)
    if isinstance(node, dict):
        schema = cast("dict[str, Any]", node)
        yield schema
        yield from every_schema([*schema.get("properties", {}).values()])
        yield from every_schema([child for key, child in schema.items() if key != "properties"])


@pytest.mark.parametrize("mode", ERAS)
@over_every_door
async def test_both_eras_list_the_same_tools_in_the_same_order(
    settings: Settings, mode: Mode, door: Door
) -> None:
    async with connected(settings, ScriptedK6(), mode=mode, door=door) as client:
        first, second = await listed(client), await listed(client)
    assert [tool["name"] for tool in first] == NAMES
    assert first == second


async def test_the_whole_list_stays_below_its_ceiling(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        tools = await listed(client)
    assert len(json.dumps(tools, separators=(",", ":")).encode()) <= MOST_BYTES


async def test_every_tool_has_a_title_a_description_and_all_four_annotations(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        tools = await listed(client)
    for tool in tools:
        assert tool["title"]
        assert len(tool["description"]) > 40
        assert set(tool["annotations"]) == {
            "readOnlyHint",
            "destructiveHint",
            "idempotentHint",
            "openWorldHint",
        }
        assert tool["annotations"]["readOnlyHint"] is (tool["name"] in _READS)


async def test_schemas_are_plain_and_inputs_are_closed(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        tools = await listed(client)
    for tool in tools:
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["outputSchema"]["type"] == "object"
        for node in every_schema([tool["inputSchema"], tool["outputSchema"]]):
            assert not {"$ref", "$defs", "title", "default"} & node.keys()
            assert not isinstance(node.get("type"), list)
            assert node.get("type") != "null"
            assert node.get("type") or "anyOf" in node or not node.get("description")


async def test_every_argument_of_a_load_test_and_of_the_history_is_described(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        tools = {tool["name"]: tool["inputSchema"]["properties"] for tool in await listed(client)}
    assert [*tools["execute_k6_test"]] == [*LoadTest.model_fields, "wait_s"]
    assert [*tools["plan_k6_test"]] == [*LoadTest.model_fields]
    assert [*tools["get_history"]] == [*HistoryQuery.model_fields]
    for name, schema in tools.items():
        assert all(argument["description"] for argument in schema.values()), name


@pytest.mark.parametrize("name", ["wait_s", "preset", "method", "expected_statuses"])
async def test_defaults_are_said_in_the_descriptions(settings: Settings, name: str) -> None:
    async with connected(settings, ScriptedK6()) as client:
        (execute, *_) = await listed(client)
    assert "default" in execute["inputSchema"]["properties"][name]["description"]


@pytest.mark.parametrize("mode", ERAS)
async def test_the_server_introduces_itself_with_version_and_instructions(
    settings: Settings, mode: Mode
) -> None:
    async with connected(settings, ScriptedK6(), mode=mode) as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("k6-mcp", __version__)
        assert client.instructions is not None
        assert "get_run" in client.instructions
        assert len(client.instructions) < 1000


async def test_lists_may_be_cached_for_an_hour_by_anyone(settings: Settings) -> None:
    async with connected(settings, ScriptedK6()) as client:
        tools = await client.list_tools()
    assert (tools.ttl_ms, tools.cache_scope) == (3_600_000, "public")
