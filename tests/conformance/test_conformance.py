"""The official conformance suite over HTTP, for both revisions of the protocol.

The shipped server is held to every scenario that needs no fixtures; the same server with the suite's fixtures
to all of them.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from tests.node.node import PACKAGES, ROOT, node, run

SUITE = PACKAGES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
SHIPPED = ("-m", "k6_mcp", "serve", "--http")
WITH_FIXTURES = ("-m", "tests.conformance.fixture_server")
NEED_NO_FIXTURES = {
    "2025-11-25": {
        "server-initialize",
        "ping",
        "completion-complete",
        "tools-list",
        "server-sse-multiple-streams",
        "resources-list",
        "prompts-list",
        "dns-rebinding-protection",
        "server-session-lifecycle",
    },
    "2026-07-28": {
        "completion-complete",
        "tools-list",
        "server-sse-multiple-streams",
        "resources-list",
        "sep-2164-resource-not-found",
        "prompts-list",
        "dns-rebinding-protection",
        "caching",
        "input-required-result-unsupported-methods",
        "http-header-validation",
        "tasks-status-notifications",
    },
}
# Not required by the revision: the suite's own reference server cannot pass it either. It wants a dropped
# event stream
# to be resumed; here a run is found again by its run id, whatever became of the stream.
EXPECTED_FAILURES = {"2025-11-25": {"server-sse-polling"}, "2026-07-28": set[str]()}
REVISIONS = sorted(NEED_NO_FIXTURES)
_LINE = re.compile(r"^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed", re.MULTILINE)
_START_S, _STOP_S, _POLL_S = 20, 15, 0.05


@asynccontextmanager
async def serving(entry: tuple[str, ...], results_dir: Path) -> AsyncGenerator[str]:
    """Run a server on a free port of the loopback interface and yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    log = results_dir.with_suffix(".log")
    with log.open("wb") as output:
        server = await anyio.open_process(
            [sys.executable, *entry, str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={"K6_RESULTS_DIR": str(results_dir), "PATH": "/usr/bin:/bin"},
        )
    try:
        assert await listening(port), log.read_text(encoding="utf-8")
        yield f"http://127.0.0.1:{port}/mcp"
        server.terminate()
        with anyio.fail_after(_STOP_S):
            assert await server.wait() == 143, log.read_text(encoding="utf-8")
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()


async def listening(port: int) -> bool:
    """Poll until something accepts connections on `port`; False when nothing does for too long."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
        except OSError:
            await anyio.sleep(_POLL_S)
        else:
            return True
    return False


async def failures(url: str, revision: str, results: Path) -> dict[str, int]:
    """Run everything there is for a revision and return the failed checks of every scenario."""
    done = await run(
        [node() or "node", str(SUITE), "server", "--url", url, "--requirements", revision, "-o", str(results)]
    )
    found = {name: int(failed) for name, _, failed in _LINE.findall(done.stdout)}
    assert found, done
    return found


@pytest.mark.parametrize("revision", REVISIONS)
async def test_the_shipped_server_conforms_in_everything_that_needs_no_fixtures(
    revision: str, tmp_path: Path
) -> None:
    async with serving(SHIPPED, tmp_path / "results") as url:
        found = await failures(url, revision, tmp_path / "suite")

    assert {name: found[name] for name in NEED_NO_FIXTURES[revision] if found[name]} == {}


@pytest.mark.parametrize("revision", REVISIONS)
async def test_the_server_conforms_in_everything_when_it_has_the_suites_fixtures(
    revision: str, tmp_path: Path
) -> None:
    async with serving(WITH_FIXTURES, tmp_path / "results") as url:
        found = await failures(url, revision, tmp_path / "suite")

    assert {name for name, failed in found.items() if failed} == EXPECTED_FAILURES[revision]
    assert len(found) > 30
