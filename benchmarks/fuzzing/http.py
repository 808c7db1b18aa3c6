"""Fuzzing over HTTP: mutated calls in and out of sessions, odd headers, torn bodies, unused methods."""

import asyncio
import contextlib
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from benchmarks.fuzzing.judge import Tally, judge_answer, judge_log, judge_text
from benchmarks.fuzzing.messages import Maker, Params
from benchmarks.wire import LEGACY, MODERN

_SERVER = (sys.executable, "-m", "k6_mcp", "serve", "--http", "0")
_ANSWERED_WITHIN_S = 60.0
_SERVING = re.compile(rb"http://127\.0\.0\.1:(\d+)/mcp")
_LINE_ENDS = re.compile(r"[\r\n\0]")
_READ_BYTES = 4_000_000
_TOGETHER = 4
_META = "io.modelcontextprotocol"


async def fuzz_http(
    tally: Tally, maker: Maker, count: int, environment: Mapping[str, str], log: Path
) -> None:
    """Send `count` requests to one server, a few at a time, and judge every answer."""
    with _serving(environment, log) as (process, port):
        session = await asyncio.to_thread(_session, port)
        while tally.sent < count and process.poll() is None:
            probes = [
                _probe(maker, tally.sent + number, session)
                for number in range(1, min(_TOGETHER, count - tally.sent) + 1)
            ]
            tally.sent += len(probes)
            await asyncio.gather(*(asyncio.to_thread(_send, tally, maker, port, probe) for probe in probes))
        if process.poll() is not None:
            tally.found("exit", tally.sent, f"the server ended with {process.returncode}")
    judge_log(tally, log, maker.canary)


class _Probe:
    def __init__(
        self, number: int, method: str, path: str, headers: dict[str, str], body: bytes, call: str
    ) -> None:
        self.number, self.method, self.path, self.headers, self.body, self.call = (
            number,
            method,
            path,
            headers,
            body,
            call,
        )


def _probe(maker: Maker, number: int, session: str) -> _Probe:
    """Return a request; most are well-formed calls, in a session or of the stateless era."""
    chance = maker.chance
    method, params = maker.call()
    tool = str(params.get("name"))
    sent: Any = maker.mutated(params) if chance.random() < 0.6 else params
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if chance.random() < 0.5:
        headers |= {"Mcp-Session-Id": session, "MCP-Protocol-Version": LEGACY}
    else:
        headers |= {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
        if method == "tools/call":
            headers["Mcp-Name"] = tool
        meta = {
            f"{_META}/protocolVersion": MODERN,
            f"{_META}/clientInfo": {"name": "f", "version": "1"},
            f"{_META}/clientCapabilities": {},
        }
        sent = {**cast("Params", sent), "_meta": meta} if isinstance(sent, dict) else sent
    body = maker.line({"jsonrpc": "2.0", "id": number, "method": method, "params": sent})
    verb, path = "POST", "/mcp"
    kind = chance.random()
    if kind < 0.1:
        body = maker.broken(body)
    elif kind < 0.2:
        header = chance.choice(
            (
                "Mcp-Session-Id",
                "MCP-Protocol-Version",
                "Accept",
                "Content-Type",
                "Origin",
                "Host",
                "Mcp-Method",
                "Last-Event-ID",
            )
        )
        headers[header] = chance.choice(
            (
                "",
                "x",
                "*/*",
                "text/plain",
                "http://evil.example",
                "1999-01-01",
                "a" * 9000,
                "127.0.0.1:1@evil",
                session,
            )
        )
    elif kind < 0.25:
        verb, path = chance.choice(
            (
                ("PUT", "/mcp"),
                ("PATCH", "/mcp"),
                ("POST", "/"),
                ("GET", "/x"),
                ("OPTIONS", "/mcp"),
                ("HEAD", "/mcp"),
            )
        )
    elif kind < 0.28:
        headers["Content-Length"] = chance.choice(("-1", "x", "99999999999", "0"))
    sendable = {
        name: _LINE_ENDS.sub(" ", value.encode("latin-1", "replace").decode("latin-1"))
        for name, value in headers.items()
    }
    return _Probe(number, verb, path, sendable, body, method)


def _send(tally: Tally, maker: Maker, port: int, probe: _Probe) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWERED_WITHIN_S)
    try:
        torn = probe.headers.get("Content-Length") == "99999999999"
        connection.request(probe.method, probe.path, body=probe.body, headers=probe.headers)
        if torn:
            return
        response = connection.getresponse()
        answer = response.read(_READ_BYTES)
    except (ConnectionError, http.client.HTTPException):
        # Refused before it was a complete request
        return
    except TimeoutError:
        tally.found("no answer", probe.number, f"{probe.method} {probe.path} {probe.call}")
        return
    finally:
        connection.close()
    tally.answered += 1
    text = answer.decode(errors="replace")
    judge_text(tally, probe.number, text, maker.canary)
    if response.status >= 500:
        tally.found(
            "internal error",
            probe.number,
            f"{response.status} to {probe.method} {probe.path} {probe.call}: {text[:100]}",
        )
    for line in text.splitlines():
        with contextlib.suppress(ValueError, AttributeError):
            message = json.loads(line.removeprefix("data: "))
            if message.get("id") == probe.number:
                judge_answer(tally, probe.number, probe.call, message, len(line.encode()), maker.canary)


def _session(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWERED_WITHIN_S)
    client = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "f", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    connection.request("POST", "/mcp", json.dumps(message), headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.getheader("Mcp-Session-Id") or ""


@contextmanager
def _serving(environment: Mapping[str, str], log: Path) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    with log.open("wb") as file:
        process = subprocess.Popen(_SERVER, stdin=subprocess.DEVNULL, stderr=file, env=dict(environment))
    try:
        deadline = time.monotonic() + _ANSWERED_WITHIN_S
        while not (address := _SERVING.search(log.read_bytes())):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"the server does not start: {log.read_text()[-500:]}")
            time.sleep(0.05)
        yield process, int(address[1])
    finally:
        process.terminate()
        process.wait(15)
