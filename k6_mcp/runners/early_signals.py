"""Handle the signals that end this process before it has an event loop, which takes time to import."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def end_at_once(clean: Callable[[], None]) -> None:
    """Let SIGTERM, SIGINT and SIGHUP clean up and end this process until `stop_signals` takes over."""

    def end(number: int, _: FrameType | None) -> None:
        clean()
        sys.stderr.write(
            "k6-mcp: interrupted: this process was stopped before the test had begun; nothing was run\n"
        )
        sys.stderr.flush()
        os._exit(128 + number)

    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
