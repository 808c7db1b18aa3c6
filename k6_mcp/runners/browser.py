"""Chromium for k6/browser: its location, settings, temporary files and memory.

The settings are in k6's words.
"""

import contextlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from k6_mcp.models.browser import MEMORY_BYTES, NAMES, Browser
from k6_mcp.models.plan import Plan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.wording import count, number

_USUAL_PLACES = "/usr/local/bin:/usr/bin:/bin:/snap/bin:/opt/google/chrome:/opt/homebrew/bin"
_MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_MANY_VUS = 10
_MEMINFO = Path("/proc/meminfo")


def locate_browser(browser: Browser, search_path: str) -> Path | None:
    """Return the Chromium to use, or None if there is none.

    The operator's comes first, then the one on PATH, then the one in the usual places.
    """
    folders = ":".join(filter(None, (search_path, _USUAL_PLACES)))
    names = (browser.path,) if browser.path else (*NAMES, *_MAC_APPS)
    found = next((path for name in names if (path := shutil.which(name, path=folders))), None)
    return Path(found).absolute() if found else None


def browser_environment(browser: Browser, search_path: str, folder: RunFolder) -> Mapping[str, str]:
    """Return k6's environment for Chromium, and make the folder for its files.

    The folder is removed after the run. On Linux its name goes through k6's working directory, the run's
    folder. Chromium makes a socket in it, and the path of a socket can have at most 107 bytes.
    """
    home = folder.home
    home.mkdir(mode=0o700, exist_ok=True)
    temporary = home / "tmp"
    temporary.mkdir(mode=0o700, exist_ok=True)
    path = locate_browser(browser, search_path) or browser.path
    return {
        "TMPDIR": "/proc/self/cwd/home/tmp" if sys.platform == "linux" else str(temporary),
        **({"K6_BROWSER_EXECUTABLE_PATH": str(path)} if path else {}),
        **({"K6_BROWSER_ARGS": ",".join(browser.args)} if browser.args else {}),
        **({"K6_BROWSER_TIMEOUT": f"{round(browser.timeout_s * 1000)}ms"} if browser.timeout_s else {}),
    }


def browser_notes(plan: Plan) -> Iterator[str]:
    """Yield a warning, with a code, if a plan has enough browsers that they may limit the test."""
    vus, free = plan.browser_vus, available_bytes()
    needed = vus * MEMORY_BYTES
    if vus <= _MANY_VUS and (free is None or needed <= free / 2):
        return
    here = f", of {_gigabytes(free)} that this machine has available" if free is not None else ""
    yield (
        f"browser_memory: {count(vus, 'browser VU')} start {count(vus, 'Chromium process group')}, which take"
        f" about {_gigabytes(needed)} of memory (300 MB each){here}, and a good part of a core each while a"
        " page loads; a few browser VUs next to protocol VUs measure the same pages under the same load"
    )


def available_bytes() -> int | None:
    """Return the memory available to new processes, None where the system does not report it."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _gigabytes(size: float) -> str:
    return f"{number(size / 1e9, 2)} GB"
