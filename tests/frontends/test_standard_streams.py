"""A parent that never reads stderr keeps no front end from its work."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k6_mcp.frontends.standard_streams import patient_text

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
_RUBBISH = '{"jsonrpc": "2.0", "id": 2, "method": 7}\nrubbish\n'
_MORE = 1_000_000


def _pipe() -> tuple[int, int]:
    return os.pipe()


def _sockets() -> tuple[int, int]:
    # What Node gives its children
    reader, writer = socket.socketpair()
    return reader.detach(), writer.detach()


@contextmanager
def unread(ends: Callable[[], tuple[int, int]]) -> Generator[tuple[int, int]]:
    """Open what takes no byte more, as nobody reads it: its reading and its writing end."""
    reader, writer = ends()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x")
    except BlockingIOError:
        os.set_blocking(writer, True)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("ends", [_pipe, _sockets])
def test_what_nobody_reads_is_dropped_and_what_comes_once_somebody_reads_arrives(
    ends: Callable[[], tuple[int, int]],
) -> None:
    with unread(ends) as (reader, writer):
        stream = patient_text(writer)
        for number in range(1000):
            stream.write(f"line {number}\n")
        stream.write("y" * _MORE)
        os.set_blocking(reader, False)
        seen = b""
        while chunk := _read(reader):
            seen += chunk
        stream.write("read again\n")

        assert set(seen) == {ord("x")}
        assert os.read(reader, 100) == b"read again\n"


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65_536)
    except BlockingIOError:
        return b""


def test_one_text_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as log:
        patient_text(log.fileno()).write("é" * _MORE)

    assert file.stat().st_size <= 16_384
    assert file.read_text(encoding="utf-8", errors="replace").endswith(" (cut)\n")


def test_a_reader_that_left_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    patient_text(writer).write("hello\n")
    os.close(writer)


@pytest.mark.parametrize("ends", [_pipe, _sockets])
@pytest.mark.parametrize(
    ("command", "stdin", "code"),
    [
        (["k6_server.py"], json.dumps(INITIALIZE) + "\n" + _RUBBISH, 0),
        (["k6_server.py"], "rubbish\n", 1),
        (["k6_server.py"], '{"method": "get_run", "params": {"run_id": "r-1"}}\n' * 3, 1),
        (["-m", "k6_mcp", "show", "r-nope"], "", 2),
    ],
    ids=["MCP", "one-shot", "one-shot lines", "terminal"],
)
def test_every_front_end_ends_as_usual_though_nobody_reads_its_stderr(
    ends: Callable[[], tuple[int, int]], command: list[str], stdin: str, code: int, tmp_path: Path
) -> None:
    env = {**os.environ, "LOG_LEVEL": "DEBUG", "K6_RESULTS_DIR": str(tmp_path)}
    with unread(ends) as (_, writer):
        done = subprocess.run(
            [sys.executable, *command],
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=writer,
            env=env,
            cwd=ROOT,
            timeout=60,
        )

    assert done.returncode == code
    assert len(done.stdout.splitlines()) >= min(stdin.count("\n"), 1)
