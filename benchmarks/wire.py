"""A server over stdio and raw lines: it can be sent anything, and every answer is seen."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

SERVER = (sys.executable, "-m", "k6_mcp", "serve")
LEGACY, MODERN = "2025-11-25", "2026-07-28"
Answer = dict[str, Any]
_LONGEST_ANSWER_BYTES = 64_000_000
_META = "io.modelcontextprotocol"


class Wire:
    """One server process; answers are matched by id, every other message goes to `heard`."""

    def __init__(
        self, process: asyncio.subprocess.Process, version: str, heard: Callable[[Answer, bytes], None]
    ) -> None:
        self.process = process
        self.version = version
        self._heard = heard
        self._waiting: dict[str, asyncio.Future[tuple[Answer, int]]] = {}
        self._next_id = 0
        self._reading = asyncio.create_task(self._read())

    async def send(self, line: bytes) -> None:
        """Write one line unchanged."""
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")
        await self.process.stdin.drain()

    async def request(self, method: str, params: Mapping[str, object] | None = None) -> Answer:
        """Send a well-formed request of this era and return its answer."""
        self._next_id += 1
        request_id = f"w{self._next_id}"
        answered = self.expect(request_id)
        await self.send(json.dumps(self.message(request_id, method, params)).encode())
        return (await answered)[0]

    def message(self, request_id: object, method: str, params: Mapping[str, object] | None = None) -> Answer:
        """Return a request in the form of this era.

        In the stateless era every message includes the client's information.
        """
        fields = dict(params or {})
        if self.version == MODERN:
            own = cast("Mapping[str, object]", fields.get("_meta") or {})
            fields["_meta"] = {**_modern_meta(), **own}
        return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": fields}

    def expect(self, request_id: object) -> "asyncio.Future[tuple[Answer, int]]":
        """Return a future for the answer to the request of this id, and its size in bytes."""
        answered: asyncio.Future[tuple[Answer, int]] = asyncio.get_running_loop().create_future()
        self._waiting[json.dumps(request_id)] = answered
        return answered

    def forget(self, request_id: object) -> None:
        """Stop waiting for the answer to this id."""
        self._waiting.pop(json.dumps(request_id), None)

    async def worst_ping_s(self, done: "asyncio.Future[Any]", method: str = "ping") -> float:
        """Return the longest time of a small request, sent again and again until `done`."""
        worst = 0.0
        while True:
            started = time.perf_counter()
            await self.request(method, {})
            worst = max(worst, time.perf_counter() - started)
            if done.done():
                return worst
            await asyncio.sleep(0.001)

    async def _read(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(ValueError, asyncio.IncompleteReadError):
            while line := await self.process.stdout.readline():
                self._take(line)
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(ConnectionError("the server has ended"))

    def _take(self, line: bytes) -> None:
        try:
            message = cast("Answer", json.loads(line))
        except ValueError:
            self._heard({"unreadable": line[:200].decode(errors="replace")}, line)
            return
        waiting = self._waiting.pop(json.dumps(message.get("id")), None) if "method" not in message else None
        self._heard(message, line)
        if waiting and not waiting.done():
            waiting.set_result((message, len(line)))


def _modern_meta() -> Mapping[str, object]:
    return {
        f"{_META}/protocolVersion": MODERN,
        f"{_META}/clientInfo": {"name": "wire", "version": "1"},
        f"{_META}/clientCapabilities": {},
    }


@asynccontextmanager
async def wired(
    environment: Mapping[str, str],
    version: str = LEGACY,
    *,
    stderr: Path | None = None,
    command: Sequence[str] = SERVER,
    heard: Callable[[Answer, bytes], None] = lambda _message, _line: None,
) -> AsyncGenerator[Wire]:
    """Start a server and initialize it as a client of `version` does.

    Its standard error goes to the file `stderr`.
    """
    with contextlib.ExitStack() as files:
        log = files.enter_context(stderr.open("ab")) if stderr else asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=dict(environment),
            limit=_LONGEST_ANSWER_BYTES,
        )
        wire = Wire(process, version, heard)
        try:
            if version == LEGACY:
                client = {
                    "protocolVersion": LEGACY,
                    "capabilities": {},
                    "clientInfo": {"name": "wire", "version": "1"},
                }
                await wire.request("initialize", client)
                await wire.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
            await wire.request("tools/list", {})
            yield wire
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ConnectionError):
        if process.stdin:
            process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), 15)
    except TimeoutError:
        process.kill()
        await process.wait()
