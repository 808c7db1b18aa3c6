"""The server over HTTP: on the loopback interface, for several clients, ended by a signal."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from mcp import Client

from tests.frontends.mcp_server.connect import answer

pytestmark = pytest.mark.slow

_START_S = 20.0
_END_S = 15.0
_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "listener", "version": "1"},
    },
}
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_SERVE = (
    "import sys; from k6_mcp.frontends.cli.main import main; sys.exit(main(['serve', '--http', sys.argv[1]]))"
)


@contextmanager
def serving(results_dir: Path, prelude: str = "") -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """Start `k6-mcp serve --http` on a free port; `prelude` is Python that runs first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    environment = {"K6_RESULTS_DIR": str(results_dir), "PATH": os.environ.get("PATH", "")}
    command = [sys.executable, "-c", f"{prelude}\n{_SERVE}", str(port)]
    with (
        results_dir.with_name("stderr").open("wb") as log,
        subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=log) as process,
    ):
        try:
            deadline = time.monotonic() + _START_S
            while not _listens(port):
                assert process.poll() is None
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.05)
            yield process, port
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_clients_of_both_eras_are_served_at_once_and_sigint_ends_it(tmp_path: Path) -> None:
    modes: tuple[Literal["auto", "legacy"], ...] = ("auto", "legacy")
    with serving(tmp_path / "results") as (process, port):
        url = f"http://127.0.0.1:{port}/mcp"
        async with Client(url, mode=modes[0]) as modern, Client(url, mode=modes[1]) as legacy:
            tools = [[tool.name for tool in (await client.list_tools()).tools] for client in (modern, legacy)]
            pages = [answer(await client.call_tool("get_history", {})) for client in (modern, legacy)]
            process.send_signal(signal.SIGINT)
            assert process.wait(_END_S) == 130
    assert tools[0] == tools[1]
    assert [page["runs"] for page in pages] == [[], []]


def test_a_client_that_only_listens_sees_the_end_and_nobody_a_traceback(tmp_path: Path) -> None:
    with serving(tmp_path / "results") as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_END_S)
        connection.request("POST", "/mcp", json.dumps(_INITIALIZE), _HEADERS)
        begun = connection.getresponse()
        begun.read()
        connection.request(
            "GET", "/mcp", headers={**_HEADERS, "Mcp-Session-Id": begun.headers["Mcp-Session-Id"]}
        )
        stream = connection.getresponse()
        process.send_signal(signal.SIGTERM)
        assert process.wait(_END_S) == 143
        assert stream.status == 200
        # Raises IncompleteRead where the answer is broken off
        stream.read()
        connection.close()
    assert "Traceback" not in (tmp_path / "stderr").read_text(encoding="utf-8")


def test_a_port_in_use_is_refused_with_a_next_step(tmp_path: Path) -> None:
    environment = {"K6_RESULTS_DIR": str(tmp_path), "PATH": os.environ.get("PATH", "")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-c", _SERVE, port]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_START_S, check=False
        )
    assert f"port {port} cannot be used" in done.stderr
    assert "choose another port" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode != 0


def test_more_half_open_connections_than_descriptors_keep_nobody_out_and_do_not_fill_the_log(
    tmp_path: Path,
) -> None:
    few = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))"
    with serving(tmp_path / "results", few) as (process, port), contextlib.ExitStack() as open_ones:
        for number in range(300):
            half_open = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_END_S))
            half_open.sendall(b"POST /mcp HTTP/1.1\r\nHost: " if number % 2 else b"")
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_END_S)
            connection.request("POST", "/mcp", json.dumps(_INITIALIZE), _HEADERS)
            response = connection.getresponse()
            assert (response.status, b"serverInfo" in response.read()) == (200, True)
            connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(_END_S) == 143
    assert len((tmp_path / "stderr").read_bytes()) < 2_000
