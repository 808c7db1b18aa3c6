"""Fuzzing over stdio: MCP in both eras, and the one-shot mode."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from benchmarks.fuzzing.judge import Tally, judge_answer, judge_log, judge_text
from benchmarks.fuzzing.messages import TINY, Maker
from benchmarks.wire import Answer, Wire, wired
from k6_mcp.errors import NotUnderstood
from k6_mcp.frontends.oneshot.request import parse

_TOGETHER = 20
_ANSWERED_WITHIN_S = 60.0
_GROWTH_KB = 60_000
_ONE_SHOT = (sys.executable, "-c", "import sys; from k6_mcp.entry import main; sys.exit(main())")
_LINES_EACH = 25
_TINY_EVERY = 1000


async def fuzz_mcp(
    tally: Tally, maker: Maker, count: int, environment: Mapping[str, str], version: str, log: Path
) -> None:
    """Send `count` messages to one server and judge every answer."""
    async with wired(environment, version, stderr=log) as wire:
        early_kb = 0
        while tally.sent < count and wire.process.returncode is None:
            await _together(wire, tally, maker, min(_TOGETHER, count - tally.sent))
            if not early_kb and tally.sent >= count // 3:
                early_kb = _memory_kb(wire.process.pid)
        late_kb = _memory_kb(wire.process.pid)
        tally.memory_mb = f"{early_kb / 1000:.0f} -> {late_kb / 1000:.0f}"
        if early_kb and late_kb - early_kb > _GROWTH_KB:
            tally.found("memory", tally.sent, f"{early_kb} kB after a third, {late_kb} kB at the end")
        if wire.process.returncode is not None:
            tally.found("exit", tally.sent, f"the server ended with {wire.process.returncode}")
    if wire.process.returncode not in (0, None):
        tally.found("exit", tally.sent, f"the server left with {wire.process.returncode}")
    judge_log(tally, log, maker.canary)


async def _together(wire: Wire, tally: Tally, maker: Maker, count: int) -> None:
    """Send some messages at once and wait for all required answers."""
    waiting: list[tuple[int, str, object, asyncio.Future[tuple[Answer, int]]]] = []
    for _ in range(count):
        tally.sent += 1
        message, line = _message(wire, tally.sent, maker)
        if message is not None:
            waiting.append((tally.sent, str(message["method"]), message["id"], wire.expect(message["id"])))
        try:
            await wire.send(line)
        except ConnectionError:
            break
    done = asyncio.gather(*(answer for *_, answer in waiting), return_exceptions=True)
    try:
        await asyncio.wait_for(asyncio.shield(done), _ANSWERED_WITHIN_S)
    except TimeoutError:
        done.cancel()
    for number, method, request_id, answer in waiting:
        if not answer.done() or answer.cancelled() or answer.exception():
            wire.forget(request_id)
            tally.found("no answer", number, method)
            continue
        tally.answered += 1
        message, size = answer.result()
        judge_answer(tally, number, method, message, size, maker.canary)
        _learn(maker, message)


def _message(wire: Wire, number: int, maker: Maker) -> tuple[Mapping[str, Any] | None, bytes]:
    """Return a line to send, and the request in it if it must be answered."""
    chance = maker.chance
    if number % _TINY_EVERY == _TINY_EVERY // 2:
        message = wire.message(
            number, "tools/call", {"name": "execute_k6_test", "arguments": {"script": TINY, "wait_s": 20}}
        )
        return message, maker.line(message)
    method, params = maker.call()
    kind = chance.random()
    message = wire.message(chance.choice((number, f"id {number}", f"\u202e{number}")), method, params)
    if kind < 0.08:
        return None, maker.broken(maker.line(message))
    if kind < 0.14:
        return None, maker.line(_notification(maker, number))
    if kind < 0.18:
        return None, maker.line(
            {**message, "id": chance.choice(cast("tuple[Any, ...]", (None, 1.5, [], {}, True, "\ud800", "")))}
        )
    if kind < 0.22:
        return None, maker.line(maker.mutated({**message, "method": method}))
    if kind < 0.26:
        line = maker.line(message)
        return message, line[:-1] + b',"params":{},"id":' + json.dumps(message["id"]).encode() + b"}"
    if kind < 0.4:
        return message, maker.line(message)
    fields = "arguments" if method == "tools/call" and chance.random() < 0.8 else None
    inside = {**params, fields: maker.mutated(params[fields])} if fields else maker.mutated(params)
    if not isinstance(inside, dict):
        return message, maker.line({**message, "params": inside})
    return message, maker.line({**message, "params": {**message["params"], **inside}})


def _notification(maker: Maker, number: int) -> dict[str, Any]:
    method, params = maker.chance.choice(
        (
            ("notifications/cancelled", {"requestId": f"gone {number}", "reason": "x"}),
            ("notifications/progress", {"progressToken": number, "progress": 0.5}),
            ("notifications/initialized", {}),
            ("notifications/roots/list_changed", {}),
            ("notifications/nothing", {"a": maker.hostile()}),
        )
    )
    sent = maker.mutated(params) if maker.chance.random() < 0.5 else params
    return {"jsonrpc": "2.0", "method": method, "params": sent}


def _learn(maker: Maker, answer: Answer) -> None:
    """Use the ids of real runs from now on."""
    result = cast("Answer", answer.get("result") or {})
    run_id = cast("Answer", result.get("structuredContent") or {}).get("run_id")
    if isinstance(run_id, str) and len(maker.run_ids) < 30:
        maker.run_ids.append(run_id)


def _memory_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


async def fuzz_oneshot(
    tally: Tally, maker: Maker, count: int, environment: Mapping[str, str], log: Path
) -> None:
    """Send `count` lines to processes in one-shot mode, several to each."""
    while tally.sent < count:
        understood = [_understood(maker) for _ in range(min(_LINES_EACH, count - tally.sent) - 1)]
        lines = [
            *understood,
            maker.broken(_understood(maker)) if maker.chance.random() < 0.7 else _understood(maker),
        ]
        await _one_process(tally, maker, lines, environment, log)
        tally.sent += len(lines)


def _understood(maker: Maker) -> bytes:
    """Return a line that is a request, whatever its params contain.

    A line that isn't a request ends the process, so it comes last.
    """
    while True:
        method, arguments = maker.tool_call()
        params = maker.mutated(arguments) if maker.chance.random() < 0.7 else arguments
        line = maker.line({"method": method, "params": params})
        with contextlib.suppress(NotUnderstood):
            parse(line)
            return line


async def _one_process(
    tally: Tally, maker: Maker, lines: Sequence[bytes], environment: Mapping[str, str], log: Path
) -> None:
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *_ONE_SHOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
    )
    try:
        answers, errors = await asyncio.wait_for(
            process.communicate(b"\n".join(lines) + b"\n"), _ANSWERED_WITHIN_S * 2
        )
    except TimeoutError:
        process.kill()
        await process.wait()
        tally.found(
            "no answer",
            tally.sent,
            f"a process with {len(lines)} lines still ran after {time.monotonic() - started:.0f} s",
        )
        return
    with log.open("ab") as file:
        file.write(errors)
    judge_text(tally, tally.sent, errors.decode(errors="replace"), maker.canary)
    if process.returncode not in (0, 1):
        tally.found("exit", tally.sent, f"code {process.returncode}: {errors[-200:]!r}")
    for number, answer in enumerate(answers.splitlines(), tally.sent + 1):
        tally.answered += 1
        _judge_one_shot(tally, number, answer, maker.canary)


def _judge_one_shot(tally: Tally, number: int, line: bytes, canary: str) -> None:
    judge_text(tally, number, line.decode(errors="replace"), canary)
    if len(line) > 2 * 10_240:
        tally.found("answer too long", number, f"{len(line)} bytes: {line[:120]!r}")
    try:
        answer = json.loads(line)
    except ValueError:
        tally.found("not JSON", number, line[:200])
        return
    if "internal:" in str(answer.get("error")) or answer.get("code") == "internal":
        tally.found("internal error", number, line[:300])
