"""Read the version of a k6 from the binary itself."""

import contextlib
import errno
import json
import re
from pathlib import Path
from typing import NamedTuple

import anyio

from k6_mcp.errors import K6NotFound, K6TooOld
from k6_mcp.runners.child_process import Child
from k6_mcp.runners.find_k6 import install_hint, start_for_output, start_version
from k6_mcp.runners.memory import MORE_MEMORY, ran_out, too_little
from k6_mcp.runners.process import drain, owned

OLDEST = (1, 0, 0)
# `k6 version` takes 20 ms, so a binary that needs longer is not k6.
_VERSION_TIMEOUT_S = 10.0
_LONGEST_ANSWER_BYTES = 65_536
_MORE_FILES = "raise `ulimit -n` of the server, or run fewer tests at once"
# Both pipes end with the process, unless it has started another one.
_COMPLAINT_S = 0.2


class K6Binary(NamedTuple):
    """A k6 that has printed its version."""

    path: Path
    version: str

    @property
    def release(self) -> tuple[int, ...]:
        return _release(self.version)


class _Enough(Exception):
    """Ends the reading, because a binary that is not k6 may print forever."""


async def probe(path: Path, process: Child | None = None) -> K6Binary:
    """Return the binary at `path` with its version; `process` is one of `start_version`, which is ended here.

    Raises:
        K6NotFound: If it cannot be started or does not answer like k6.
        K6TooOld: If it is older than 1.0.
    """
    try:
        with anyio.fail_after(_VERSION_TIMEOUT_S):
            answer, complaint = await _answer(process or start_version(path))
            if not answer:
                answer, complaint = await _answer(start_for_output(path, "version"))
    except (OSError, TimeoutError) as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise K6NotFound(f"{path} cannot be started: {error.strerror}", hint=_MORE_FILES) from error
        raise K6NotFound(
            f"{path} cannot be started: {str(error) or 'no answer in time'}", hint=install_hint()
        ) from error
    version = _parse_version(answer)
    if version is None and ran_out(complaint):
        raise K6NotFound(f"{path} cannot be started: the server has {too_little()}", hint=MORE_MEMORY)
    if version is None:
        raise K6NotFound(f"{path} does not answer `version` as k6 does", hint="set K6_BIN to a k6 binary")
    if _release(version) < OLDEST:
        raise K6TooOld(f"{path} is k6 {version}; the oldest supported version is 1.0.0", hint=install_hint())
    return K6Binary(path, version)


async def _answer(child: Child) -> tuple[str, bytes]:
    """Return the beginning of a command's stdout and of its stderr."""
    output, complaint, complained = bytearray(), bytearray(), anyio.Event()

    async def listen() -> None:
        await _read(child.stderr, complaint)
        complained.set()

    async with owned(child), anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await _read(child.stdout, output)
        with anyio.move_on_after(_COMPLAINT_S):
            await complained.wait()
        tasks.cancel_scope.cancel()
    return output.decode(errors="replace"), bytes(complaint)


async def _read(pipe: int, into: bytearray) -> None:
    def take(chunk: bytes) -> None:
        into.extend(chunk[: _LONGEST_ANSWER_BYTES - len(into)])
        if len(into) >= _LONGEST_ANSWER_BYTES:
            raise _Enough

    with contextlib.suppress(_Enough):
        await drain(pipe, take)


def _parse_version(text: str) -> str | None:
    try:
        text = str(json.loads(text)["version"])
    except (ValueError, KeyError, TypeError):
        pass
    match = re.search(r"v?(\d+\.\d+\.\d+[^\s,(]*)", text)
    return match.group(1) if match else None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
