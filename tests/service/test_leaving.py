"""A service whose leaving is cut off lets go of everything all the same."""

import asyncio
import threading

import pytest

from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.outcome import StopReason
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted
from tests.k6.processes import until


class _Deaf(ScriptedK6):
    """A k6 that ignores the request to end."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def stop(self, run_id: str, reason: StopReason) -> None:
        self.stopped.append(run_id)

    def close(self) -> None:
        self.closed = True


def _connections() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name}


async def test_a_service_that_asyncio_cancels_while_it_waits_for_its_runs_closes_its_history(
    settings: Settings,
) -> None:
    async def serve() -> None:
        async with open_scripted(settings, k6) as service:
            await service.start(parse_load_test({"url": "http://127.0.0.1:1/"}))
            await until(lambda: k6.started, "the start of the run")

    k6, before = _Deaf(), _connections()
    serving = asyncio.create_task(serve())
    await until(lambda: k6.stopped, "the service asks its run to end")
    opened = _connections() - before
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert k6.closed
    assert len(opened) == 1
    await until(lambda: not opened & _connections(), "the end of its connection")
    assert [*(settings.results_dir / "servers").iterdir()] == []
