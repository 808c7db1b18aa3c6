"""Turn the signals that end this process into an event."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop:
    """A request to end this process, and the exit code for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.exit_code = 0

    @property
    def asked(self) -> bool:
        """Whether it is time to end."""
        return self._event.is_set()

    def ask(self, exit_code: int = 0) -> None:
        """Ask for the end; the first exit code counts."""
        self.exit_code = self.exit_code or exit_code
        self._event.set()

    async def wait(self) -> None:
        """Return when the end has been requested."""
        await self._event.wait()


@contextmanager
def stop_signals() -> Generator[Stop]:
    """Turn SIGTERM, SIGINT and SIGHUP into a `Stop` with the exit code 128 + signal while the block runs."""
    loop, stop = asyncio.get_running_loop(), Stop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.ask, 128 + number)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
