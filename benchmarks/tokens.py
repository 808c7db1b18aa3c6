"""The server's cost in a client's context: the size of tools/list and of a usual answer."""

import json

from benchmarks.measure import Bench, Row, Table, connected

# Usual for English and JSON; tokenizers differ by about 20 %
_BYTES_PER_TOKEN = 4
_GOAL_ANSWER_BYTES = 4096


async def measure(bench: Bench) -> Table:
    """Measure the bytes on the wire and the part that a client shows its model."""
    arguments = {"url": bench.url, "preset": "low", "duration": "2s"}
    async with connected(bench) as client:
        listed = await client.list_tools()
        answer = (await client.call_tool("execute_k6_test", arguments)).structured_content
        failed = (
            await client.call_tool("execute_k6_test", {**arguments, "slo": {"avg_ms": 0.0001}})
        ).structured_content
    tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools]
    inputs = [
        {key: tool[key] for key in ("name", "description", "inputSchema") if key in tool} for tool in tools
    ]
    rows = [
        _row(f"tools/list, {len(tools)} tools, whole", tools),
        _row("tools/list without output schemas (what most clients show their model)", inputs),
        _row("answer of execute_k6_test, completed", answer, _GOAL_ANSWER_BYTES),
        _row("answer of execute_k6_test, thresholds exceeded", failed, _GOAL_ANSWER_BYTES),
    ]
    note = (
        f"Compact JSON; tokens estimated as bytes / {_BYTES_PER_TOKEN}. An answer is its structured content."
    )
    return Table("Size in tokens", rows, note, ("", "", "bytes", "tokens"))


def _row(what: str, content: object, goal_bytes: int | None = None) -> Row:
    size = len(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())
    goal = f"≤ {goal_bytes // _BYTES_PER_TOKEN} tokens" if goal_bytes else ""
    return Row(
        what,
        "",
        f"{size}",
        f"{size / _BYTES_PER_TOKEN:.0f}",
        goal,
        size <= goal_bytes if goal_bytes else None,
    )
