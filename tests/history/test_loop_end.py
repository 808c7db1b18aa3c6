"""However an event loop ends, no connection and no thread of one survives it.

No thread finds its loop closed either. aiosqlite logs each step of a thread first, so a log handler can delay
the thread before the step.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.database import Database
from k6_mcp.history.history import History
from tests.history.samples import a_run, open_history
from tests.history.test_trouble import locked

pytestmark = pytest.mark.slow

_LATE_S = 0.2
_GONE_WITHIN_S = 10.0


class _Late(logging.Handler):
    """Delays a thread of aiosqlite before its first step whose log message has these words.

    It waits until the loop is closed, but for `_LATE_S` at most.
    """

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        self.reached, self.closed = threading.Event(), threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("executing") and self._step in message and not self.reached.is_set():
            self.reached.set()
            self.closed.wait(_LATE_S)


@contextmanager
def _late(step: str) -> Generator[_Late]:
    handler, logger = _Late(step), logging.getLogger("aiosqlite")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(handler)


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """Collect the exceptions that threads raised and nobody caught."""
    raised: list[BaseException | None] = []

    def take(arguments: threading.ExceptHookArgs) -> None:
        raised.append(arguments.exc_value)

    monkeypatch.setattr(threading, "excepthook", take)
    # No other program frees a lock during these tests
    monkeypatch.setattr("k6_mcp.history.database.BUSY_TIMEOUT_S", 0.01)
    return raised


def _run(main: Coroutine[None, None, None], late: _Late) -> list[threading.Thread]:
    """Run `main` in a loop of its own and return the threads that are left.

    The loop cancels everything that still runs when `main` has ended.
    """
    before = threading.enumerate()
    asyncio.run(main)
    late.closed.set()
    new = [thread for thread in threading.enumerate() if thread not in before]
    for thread in new:
        thread.join(_GONE_WITHIN_S / 10)
    return [thread for thread in new if thread.is_alive()]


def test_an_opening_that_fails_leaves_no_thread(tmp_path: Path, failures: list[BaseException | None]) -> None:
    async def main() -> None:
        with pytest.raises(HistoryUnavailable):
            await Database(tmp_path, 0).open()

    with _late("Connection.stop") as late:
        assert _run(main(), late) == []
    assert late.reached.is_set()
    assert failures == []


@pytest.mark.parametrize(
    "step", ["<function connect.<locals>", "PRAGMA journal_mode"], ids=["opening", "preparation"]
)
def test_a_cancelled_opening_or_preparation_leaves_no_thread(
    tmp_path: Path, failures: list[BaseException | None], step: str
) -> None:
    async def main() -> None:
        opening.append(asyncio.create_task(Database(tmp_path / "x.db", 0).open()))
        await asyncio.to_thread(late.reached.wait, _GONE_WITHIN_S)

    opening: list[asyncio.Task[None]] = []
    with _late(step) as late:
        assert _run(main(), late) == []
    assert opening[0].cancelled()
    assert failures == []


@pytest.mark.parametrize("waiting", [False, True], ids=["nothing to save", "a run to save"])
def test_a_history_that_is_cancelled_while_it_waits_to_close_is_closed(
    tmp_path: Path, failures: list[BaseException | None], waiting: bool
) -> None:
    async def leave(history: History) -> None:
        async with history:
            await history.save(a_run(0))
            if waiting:
                with locked(tmp_path / "results" / "history.db"):
                    await history.save(a_run(1))
            tasks.append(asyncio.create_task(history.run_ids("", 1)))
            await asyncio.to_thread(late.reached.wait, _GONE_WITHIN_S)
            left.set()

    async def main() -> None:
        tasks.append(asyncio.create_task(leave(open_history(tmp_path))))
        await left.wait()
        await asyncio.sleep(0)

    left, tasks = asyncio.Event(), list[asyncio.Task[object]]()
    with _late("WHERE run_id >= ?") as late:
        assert _run(main(), late) == []
    assert [task.cancelled() for task in tasks] == [True, True]
    assert [*(tmp_path / "results" / "servers").iterdir()] == []
    assert failures == []
