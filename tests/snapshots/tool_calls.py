"""One call of every tool, by a real MCP client on a server whose runs are samples."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import TextContent

from tests.frontends.mcp_server.connect import connected
from tests.snapshots.sampled import SampledK6, sampled_settings

_TEST = {
    "url": "http://127.0.0.1:8000/",
    "preset": "low",
    "slo": {"p95_ms": 500, "error_rate": 0.05},
    "name": "home page",
}
# In this order. `RUN` is the id of the first run, `AGAIN` that of the same test run once more, `SCRIPT` the
# path of a script.
_CALLS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("plan_k6_test", _TEST),
    ("get_run", {"run_id": "RUN", "detail": "full"}),
    ("get_history", {"limit": 10}),
    ("analyze_run", {"run_id": "RUN"}),
    ("set_baseline", {"run_id": "RUN"}),
    ("compare_runs", {"baseline": "home page", "candidate": "AGAIN"}),
    ("get_statistics", {}),
    ("get_report", {"run_id": "RUN", "format": "junit"}),
    ("check_health", {}),
    ("stop_run", {"run_id": "RUN"}),
    ("execute_k6_test_with_options", {"script_file": "SCRIPT", "duration": "2500ms", "vus": 2}),
)
_REFUSED = {"url": "example.com", "users": 2, "vus": 5000, "duration": "2h"}


def as_json(value: object) -> str:
    """Return indented JSON, which a reader can compare line by line."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


async def tool_answers(folder: Path) -> dict[str, str]:
    """Return the tool list, and an answer for every tool and for a refusal."""
    script = folder / "script.js"
    script.parent.mkdir(parents=True)
    script.write_text("export default function () {}\n", encoding="utf-8")
    async with connected(sampled_settings(folder), SampledK6()) as client:
        tools = await client.list_tools()
        listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools.tools]
        first, answer = await _called(client, "execute_k6_test", _TEST)
        again, _ = await _called(client, "execute_k6_test", _TEST)
        known = {"RUN": first, "AGAIN": again, "SCRIPT": str(script)}
        made = {"tools_list.json": as_json(listed), "answers/execute_k6_test.json": answer}
        for tool, arguments in _CALLS:
            filled = {name: known.get(str(value), value) for name, value in arguments.items()}
            _, made[f"answers/{tool}.json"] = await _called(client, tool, filled)
        refused = await client.call_tool("execute_k6_test", _REFUSED)
        assert refused.is_error
        made["answers/refusal.txt"] = "\n".join(
            content.text for content in refused.content if isinstance(content, TextContent)
        )
        return made


async def _called(client: Client, tool: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Call a tool; return the id of the run, if its answer has one, and the answer as JSON."""
    result = await client.call_tool(tool, dict(arguments))
    assert not result.is_error, result.content
    content: Mapping[str, Any] = result.structured_content or {}
    return str(content.get("run_id", "")), as_json(content)
