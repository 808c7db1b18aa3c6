"""The browser that k6/browser starts: the operator's settings for it, and how it is found."""

from typing import NamedTuple

NAMES = (
    *("headless_shell", "headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "google-chrome-beta", "google-chrome-unstable", "chrome"),
)
"""The executables that k6 looks for, in its order."""

PATH_SETTING, ARGS_SETTING, TIMEOUT_SETTING = (
    "K6_MCP_BROWSER_PATH",
    "K6_MCP_BROWSER_ARGS",
    "K6_MCP_BROWSER_TIMEOUT",
)
BROWSER_NOT_STARTED = "error building browser"
"""The beginning of k6's message that it could not start a browser."""
BROWSER_MISSING = "browser not found in registry"
"""What an iteration throws if it goes on before k6 ends it.

k6 does not always report then that there was no browser.
"""
BROWSER_STARTING = "before all 'IterStart' events were processed"
"""k6's warning when a test ends while its browsers still start, for which k6 has no limit of its own."""
MEMORY_BYTES = 300_000_000
"""The approximate memory of one Chromium; k6 starts one for each VU of a browser scenario."""


class Browser(NamedTuple):
    """How k6 starts Chromium: only the operator chooses this, never a caller.

    `args` are command-line flags without their dashes. `timeout_s` is how long k6 waits for the browser
    (None: k6's own 30 s).
    """

    path: str | None = None
    args: tuple[str, ...] = ()
    timeout_s: float | None = None

    @property
    def sandboxed(self) -> bool:
        """Whether Chromium's sandbox stays on; Chromium refuses to run as root with it."""
        return "no-sandbox" not in self.args


AS_K6_DOES = Browser()
