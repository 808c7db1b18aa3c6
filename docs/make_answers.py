"""Writes answers.md: every tool called by a real MCP client, against examples/target.py; `python
docs/make_answers.py`.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, TextContent

CHECKOUT = Path(__file__).resolve().parents[1]
BASE = "http://127.0.0.1:8000"
BROKEN = f"import http from 'k6/http';\nexport default function () {{\n  http.get('{BASE}/'\n}}\n"
FAILING = f"import http from 'k6/http';\nexport default function () {{ http.get('{BASE}/status/500'); }}"
REPEATED = {"url": f"{BASE}/", "rate_per_s": 40, "duration": "3s", "repeat": 3, "name": "home page at 40/s"}
HEAD = f"""# Answers of real calls

Written by [make_answers.py](make_answers.py), which calls every tool with a real MCP client against
[examples/target.py](../examples/target.py) on {BASE}. Figures differ from run to run;
names and shapes do not.
Each answer stands in `structuredContent`, and the same as text.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what it shows and what is sent; an argument `$NAME` is the id of the run that `keep`
    named.
    """

    title: str
    tool: str
    arguments: Mapping[str, object]
    keep: str = ""


CALLS = (
    Call(
        "a test that completes",
        "execute_k6_test",
        {"url": f"{BASE}/", "preset": "low", "duration": "5s", "name": "home page"},
        keep="home",
    ),
    Call(
        "a crossed threshold",
        "execute_k6_test",
        {
            "url": f"{BASE}/slow",
            "vus": 2,
            "duration": "3s",
            "slo": {"p95_ms": 100, "error_rate": 0.01},
            "name": "slow page",
        },
        keep="slow",
    ),
    Call(
        "a target that does not answer",
        "execute_k6_test",
        {"url": "http://127.0.0.1:9/", "rate_per_s": 10, "duration": "2s"},
    ),
    Call("a target that only fails", "execute_k6_test", {"script": FAILING, "vus": 1, "iterations": 5}),
    Call("a script that does not load", "execute_k6_test", {"script": BROKEN, "vus": 1, "iterations": 1}),
    Call(
        "a script file with a secret, and tags",
        "execute_k6_test",
        {"script_file": "examples/post_json.js", "env": {"TOKEN": "t0p-s3cret"}, "tags": {"build": "42"}},
    ),
    Call(
        "a test that outlasts `wait_s`",
        "execute_k6_test",
        {"url": f"{BASE}/", "rate_per_s": 20, "duration": "1m", "wait_s": 3},
        keep="long",
    ),
    Call("waiting on", "get_run", {"run_id": "$long", "wait_s": 2}),
    Call("stopping", "stop_run", {"run_id": "$long"}),
    Call("every metric", "get_run", {"run_id": "$home", "detail": "full"}),
    Call("the script that ran", "get_run", {"run_id": "$home", "detail": "script"}),
    Call("what broke", "analyze_run", {"run_id": "$slow"}),
    Call("what would run", "plan_k6_test", {"url": f"{BASE}/", "preset": "medium", "slo": {"p95_ms": 300}}),
    Call("where a script is broken", "plan_k6_test", {"script": BROKEN, "vus": 1, "iterations": 1}),
    Call(
        "what is not allowed",
        "plan_k6_test",
        {"script_file": "examples/get.js", "vus": 5000, "duration": "2h"},
    ),
    Call("past runs", "get_history", {"limit": 2}),
    Call("past runs, filtered", "get_history", {"status": "failed", "failure_kind": "thresholds_exceeded"}),
    Call("three repeats", "execute_k6_test", REPEATED, keep="repeated"),
    Call("of the test with repeats", "set_baseline", {"run_id": "$repeated"}),
    Call("the same test later, once", "execute_k6_test", {**REPEATED, "repeat": 1}),
    Call("the latest run of a test and its baseline", "compare_runs", {"baseline": "home page at 40/s"}),
    Call("refused, other tests", "compare_runs", {"baseline": "$home", "candidate": "$slow"}),
    Call("the tests of the last days", "get_statistics", {"days": 7}),
    Call("a chart", "get_report", {"run_id": "$home", "format": "png"}),
    Call("the server", "check_health", {}),
    Call(
        "refused, not allowed here",
        "execute_k6_test",
        {"script_file": "examples/get.js", "vus": 5000, "duration": "2h"},
    ),
    Call("refused, wrong arguments", "execute_k6_test", {"url": "example.com", "users": 2, "duration": "3"}),
    Call(
        "refused, the script has its own scenarios",
        "execute_k6_test",
        {"script_file": "examples/slo.js", "vus": 2, "duration": "3s"},
    ),
    Call(
        "for clients of older servers",
        "execute_k6_test_with_options",
        {"script_file": "examples/get.js", "duration": "2s", "vus": 2},
    ),
)


@contextmanager
def example_target() -> Generator[None]:
    """Run examples/target.py meanwhile."""
    target = subprocess.Popen(
        [sys.executable, CHECKOUT / "examples" / "target.py"], stderr=subprocess.PIPE, text=True
    )
    try:
        if target.stderr is None or not target.stderr.readline().startswith("target on"):
            raise SystemExit("examples/target.py does not start; is port 8000 in use?")
        yield
    finally:
        target.terminate()
        target.wait()


async def sections(results_dir: str) -> list[str]:
    """Return one section for each call."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "K6_BIN": os.environ.get("K6_BIN", ""),
        "K6_RESULTS_DIR": results_dir,
    }
    server = StdioServerParameters(
        command=sys.executable, args=[str(CHECKOUT / "k6_server.py")], env=environment, cwd=str(CHECKOUT)
    )
    ids: dict[str, str] = {}
    written: list[str] = []
    async with Client(server) as client:
        for call in CALLS:
            arguments = {name: ids.get(str(value)[1:], value) for name, value in call.arguments.items()}
            result = await client.call_tool(call.tool, arguments)
            if call.keep:
                ids[call.keep] = str(cast("Mapping[str, object]", result.structured_content)["run_id"])
            written.append(elsewhere(section(call, arguments, result), results_dir))
    return written


def elsewhere(text: str, results_dir: str) -> str:
    """Return `text` without this machine's folders."""
    folders = {
        results_dir: "/path/to/results",
        f"{CHECKOUT}/": "",
        f"{sys.prefix}/bin": "/path/to/k6-mcp/.venv/bin",
    }
    for folder, shown in folders.items():
        text = text.replace(folder, shown)
    return text


def section(call: Call, arguments: Mapping[str, object], result: CallToolResult) -> str:
    """Return a call with its answer as Markdown."""
    if result.structured_content is not None and not result.is_error:
        answer = f"```json\n{_json(result.structured_content)}\n```"
    else:
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        answer = f"`isError` is true:\n\n```text\n{text}\n```"
    return (
        f"## {call.tool}: {call.title}\n\n```json\n{json.dumps(dict(arguments))}\n```\n\n{answer}\n".replace(
            f"{CHECKOUT}/", ""
        )
    )


def _json(value: object, indent: int = 0) -> str:
    """Return JSON in which what fits into one line stands in one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= 120 or not isinstance(value, dict | list):
        return line
    blanks = " " * (indent + 2)
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value).items()
        items = [f"{json.dumps(name)}: {_json(item, indent + 2)}" for name, item in fields]
    else:
        items = [_json(item, indent + 2) for item in cast("list[object]", value)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{blanks}" + f",\n{blanks}".join(items) + f"\n{' ' * indent}{closing}"


def main() -> None:
    """Call, and write what came back."""
    with tempfile.TemporaryDirectory(prefix="k6-mcp-answers-") as results_dir, example_target():
        written = asyncio.run(sections(results_dir))
    path = CHECKOUT / "docs" / "answers.md"
    path.write_text("\n".join([HEAD, *written]), encoding="utf-8")
    sys.stderr.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
