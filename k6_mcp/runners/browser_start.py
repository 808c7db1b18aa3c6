"""Start Chromium as k6 starts it, because k6 hides most of the output of a browser that fails to start."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import anyio

from k6_mcp.models.browser import ARGS_SETTING, PATH_SETTING, Browser
from k6_mcp.models.outcome import BrowserStart
from k6_mcp.runners.browser import locate_browser
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.memory import Allowance
from k6_mcp.runners.process import drain, owned
from k6_mcp.workspace.files import remove_folder

_READY = b"DevTools listening on "
TIMEOUT_S = 10.0
_MOST_BYTES = 100_000
_FLAGS = (
    *(
        "--headless",
        "--remote-debugging-port=0",
        "--no-startup-window",
        "--no-first-run",
        "--disable-extensions",
    ),
    *(
        "--disable-background-networking",
        "--disable-breakpad",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--mute-audio",
    ),
)
_LOG_HEAD = re.compile(r"^\[[^\]]*\]\s*")
_NOISE = re.compile(r"dbus|DBus|scaling_cur_freq|unexpected operator|Gtk-|libva|vaInitialize", re.IGNORECASE)
_TELLING = re.compile(
    r":FATAL:|shared librar|no-sandbox|sandbox|not found|denied|cannot|unknown|bad ", re.IGNORECASE
)
_PATHS = re.compile(r"(?<![\w.:/])/[^\s:'\"]+/")
_LONGEST = 200
NO_FILE = f"{PATH_SETTING} is not an executable file"
CORRECT_PATH = f"correct or unset {PATH_SETTING} in the server's environment"
_INSTALL = (
    f"install Chromium or Chrome on the server's machine, or set {PATH_SETTING} in the server's environment"
)


class Started(NamedTuple):
    """Whether Chromium started, and its output if not."""

    ok: bool
    said: str = ""


async def try_start(path: Path, launcher: Launcher) -> Started:
    """Start the browser at `path` as k6 does, wait until it is ready, and end it.

    Remove everything that it has written.
    """
    folder = Path(tempfile.mkdtemp(prefix="k6-mcp-browser-"))
    try:
        command = [
            str(path),
            *_FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            *(f"--{arg}" for arg in launcher.browser.args),
        ]
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
        return await _watch(launcher, command, env, folder)
    except OSError as error:
        return Started(False, error.strerror or "it cannot be started")
    finally:
        remove_folder(folder)


async def _watch(launcher: Launcher, command: Sequence[str], env: Mapping[str, str], folder: Path) -> Started:
    output = bytearray()

    class Ready(Exception):
        """Chromium takes commands."""

    def take(chunk: bytes) -> None:
        if len(output) < _MOST_BYTES:
            output.extend(chunk)
        if _READY in output:
            raise Ready

    async with owned(launcher.start(command, env, folder, Allowance()), launcher.watchdog) as child:
        with anyio.move_on_after(TIMEOUT_S) as patience:
            try:
                await drain(child.stderr, take)
            except Ready:
                return Started(True)
    if patience.cancelled_caught:
        return Started(False, f"it was not ready after {TIMEOUT_S:g} s")
    return Started(False, telling(output.decode(errors="replace")))


def telling(text: str) -> str:
    """Return the line of a browser's output that best explains its end, without local folders."""
    lines = [*_lines(text)]
    chosen = next(
        (line for line in lines if _TELLING.search(line)), lines[-1] if lines else "it ended without a word"
    )
    return _PATHS.sub("", _LOG_HEAD.sub("", chosen))[:_LONGEST]


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip() and not _NOISE.search(line))


async def start_again(launcher: Launcher) -> BrowserStart:
    """Start the browser that k6 could not start, and return its output or that there is none."""
    path = locate_browser(launcher.browser, launcher.search_path)
    if path is None:
        wrong = launcher.browser.path is not None
        return BrowserStart(
            NO_FILE if wrong else "no Chromium or Chrome was found", CORRECT_PATH if wrong else _INSTALL
        )
    started = await try_start(path, launcher)
    return BrowserStart(started.said, "" if started.ok else start_hint(started.said, launcher.browser))


def start_hint(said: str, browser: Browser) -> str:
    """Return the next step for a browser that printed this instead of starting."""
    if "sandbox" in said.lower() and browser.sandboxed:
        who = (
            "run the server as an ordinary user, or "
            if os.geteuid() == 0
            else "allow unprivileged user namespaces, or "
        )
        return (
            f"{who}set {ARGS_SETTING}=no-sandbox in the server's environment if you trust the pages under"
            " test"
        )
    if "shared librar" in said:
        return (
            "install the library that is named there, or the browser as a package of the system, which brings"
            " all of them"
        )
    return f"correct {ARGS_SETTING}, or name another browser with {PATH_SETTING}, in the server's environment"
