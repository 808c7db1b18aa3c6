"""The service behind the tools is opened during the handshake and always closed.

A service that cannot be opened is reported.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from mcp import Client

from k6_mcp.errors import InternalError, K6McpError, K6TooOld
from k6_mcp.frontends.mcp_server.server import build_server
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import SCRIPT, answer, refusal, until
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted


async def test_a_client_can_list_tools_while_the_service_is_still_opening(settings: Settings) -> None:
    opening, go_on = anyio.Event(), anyio.Event()

    @asynccontextmanager
    async def slowly() -> AsyncGenerator[LoadTests]:
        opening.set()
        await go_on.wait()
        async with open_scripted(settings, ScriptedK6()) as service:
            yield service

    healths: list[bool] = []
    async with Client(build_server(slowly)) as client, anyio.create_task_group() as tasks:

        async def ask() -> None:
            healths.append(answer(await client.call_tool("check_health", {}))["ok"])

        tasks.start_soon(ask)
        await opening.wait()
        assert (await client.list_tools()).tools
        assert healths == []
        go_on.set()
    assert healths == [True]


async def test_a_service_that_cannot_be_opened_is_the_answer_to_every_call() -> None:
    @asynccontextmanager
    async def refusing() -> AsyncGenerator[LoadTests]:
        raise K6TooOld("k6 0.40 is too old", hint="install 1.0 or newer")
        yield

    async with Client(build_server(refusing)) as client:
        for _ in range(2):
            text = refusal(await client.call_tool("check_health", {}))
            assert text == "k6_too_old: k6 0.40 is too old (next step: install 1.0 or newer)"


async def test_a_crash_while_opening_is_told_without_internals(caplog: pytest.LogCaptureFixture) -> None:
    @asynccontextmanager
    async def crashing() -> AsyncGenerator[LoadTests]:
        raise OSError("/secret/path")
        yield

    async with Client(build_server(crashing)) as client:
        text = refusal(await client.call_tool("check_health", {}))
    assert text.startswith("internal: ")
    assert "/secret/path" not in text
    assert "/secret/path" in caplog.text


async def test_leaving_the_server_stops_its_runs(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with Client(build_server(lambda: open_scripted(settings, k6))) as client:
        run = answer(await client.call_tool("execute_k6_test", {**SCRIPT, "wait_s": 0}))
        await until(lambda: bool(k6.started), "the run began")
    assert k6.stopped == [run["run_id"]]
    async with open_scripted(settings, ScriptedK6()) as service:
        assert (await service.get(run["run_id"])).status == "cancelled"


async def test_a_server_serves_again_after_it_was_left(settings: Settings) -> None:
    server = build_server(lambda: open_scripted(settings, ScriptedK6()))
    for _ in range(2):
        async with Client(server) as client:
            assert answer(await client.call_tool("check_health", {}))["ok"] is True


async def test_nothing_is_opened_for_a_client_that_only_looks(settings: Settings) -> None:
    opened = OpenedService(lambda: open_scripted(settings, ScriptedK6()))
    async with opened.lifespan(None):
        pass
    assert not settings.results_dir.exists()


async def test_closing_what_was_never_opened_is_nothing(settings: Settings) -> None:
    with anyio.fail_after(5):
        await OpenedService(lambda: open_scripted(settings, ScriptedK6())).close()
    assert not settings.results_dir.exists()


async def test_after_closing_there_is_an_error_and_no_service(settings: Settings) -> None:
    opened = OpenedService(lambda: open_scripted(settings, ScriptedK6()))
    async with opened.lifespan(None):
        await opened.service()
        await opened.close()
        with pytest.raises(K6McpError, match="shutting down") as error:
            await opened.service()
    assert isinstance(error.value, InternalError)


async def test_cancelling_the_server_still_closes_the_service_in_order(settings: Settings) -> None:
    k6 = ScriptedK6()
    opened = OpenedService(lambda: open_scripted(settings, k6))
    with anyio.CancelScope() as scope:
        async with opened.lifespan(None):
            service = await opened.service()
            await service.start(parse_load_test(SCRIPT))
            await until(lambda: bool(k6.started), "the run began")
            scope.cancel()
            await anyio.sleep_forever()
    assert k6.stopped == k6.started
