"""The browser that k6/browser starts: the operator's settings for it, and how it is found."""

from typing import NamedTuple

NAMES = (
    *("headless_shell", "headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "google-chrome-beta", "google-chrome-unstable", "chrome"),
)
"""What k6 looks for, in its order."""

PATH_SETTING, ARGS_SETTING, TIMEOUT_SETTING = (
    "K6_MCP_BROWSER_PATH",
    "K6_MCP_BROWSER_ARGS",
    "K6_MCP_BROWSER_TIMEOUT",
)
BROWSER_NOT_STARTED = "error building browser"
"""How k6 begins to say that it could not start one."""
BROWSER_MISSING = "browser not found in registry"
"""What an iteration throws that goes on before k6 ends it: k6 does not always say then that there was no
browser.
"""
BROWSER_STARTING = "before all 'IterStart' events were processed"
"""What k6 warns of when a test ends while its browsers still start: it has no limit of its own for that."""
MEMORY_BYTES = 300_000_000
"""About what one Chromium takes; k6 starts one for each VU of a browser scenario."""


class Browser(NamedTuple):
    """How k6 is to start Chromium: the operator's choice alone, nothing of it comes from a caller.

    `args` are command-line flags without their dashes, `timeout_s` is how long k6 waits for the browser
    (None: k6's own 30 s).
    """

    path: str | None = None
    args: tuple[str, ...] = ()
    timeout_s: float | None = None

    @property
    def sandboxed(self) -> bool:
        """Whether Chromium's sandbox stays on, which it refuses to run with as root."""
        return "no-sandbox" not in self.args


AS_K6_DOES = Browser()
