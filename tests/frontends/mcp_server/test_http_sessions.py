"""Sessions over HTTP.

An answer outlives the connection of its request, and unused sessions end.
"""

import functools

import anyio
import httpx2
import pytest
from mcp import Client

from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import SCRIPT, answer, until
from tests.frontends.mcp_server.over_http import (
    ERA_2026,
    HEADERS,
    Plain,
    begun,
    messages,
    open_http,
    plain_http,
    request,
)
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6

pytestmark = pytest.mark.slow

EXECUTE = request("tools/call", {"name": "execute_k6_test", "arguments": {**SCRIPT, "wait_s": 60}}, 7)
PING = request("ping", {}, 2)


async def broken_off(client: Plain, k6: ScriptedK6) -> str:
    """Ask for a test, lose the connection while it runs, and return the last event id that arrived."""
    async with client.http.stream("POST", "/mcp", json=EXECUTE, headers=client.headers) as response:
        async for line in response.aiter_lines():
            if line.startswith("id:"):
                await until(lambda: bool(k6.started), "k6 was started")
                return line.removeprefix("id:").strip()
    raise AssertionError("the stream had no event id")


def result(response: httpx2.Response) -> dict[str, object]:
    """Return the answer that a resumed stream carried."""
    assert response.status_code == 200
    (told,) = [message for message in messages(response.text) if message.get("id") == 7]
    return told["result"]["structuredContent"]


async def test_who_lost_the_connection_gets_the_result_of_a_test_that_ended_meanwhile_and_again(
    settings: Settings,
) -> None:
    k6 = ScriptedK6()
    async with open_http(settings, k6) as port, plain_http(port) as http:
        client = await begun(http)
        event_id = await broken_off(client, k6)
        k6.finish(k6.started[0])
        first = result(await client.resumed(event_id))
        again = result(await client.resumed(event_id))
    assert first["status"] == "completed"
    assert again == first


async def test_who_resumes_while_the_test_runs_gets_its_result_when_it_ends(settings: Settings) -> None:
    k6 = ScriptedK6()
    answers: list[httpx2.Response] = []
    async with open_http(settings, k6) as port, plain_http(port) as http:
        client = await begun(http)
        event_id = await broken_off(client, k6)

        async def resume() -> None:
            answers.append(await client.resumed(event_id))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(resume)
            await client.post(PING)
            k6.finish(k6.started[0])
    assert result(answers[0])["status"] == "completed"


async def test_a_real_client_whose_connection_breaks_gets_its_result(settings: Settings) -> None:
    k6 = ScriptedK6()
    results: list[dict[str, object]] = []
    cuts: list[anyio.abc.SocketStream] = []
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as proxy,
        anyio.create_task_group() as tasks,
    ):
        port = int(proxy.extra(anyio.abc.SocketAttribute.local_port))
        async with open_http(settings, k6, named_port=port) as behind:
            tasks.start_soon(proxy.serve, functools.partial(_passed_on, behind, cuts))

            async def ask(client: Client) -> None:
                results.append(answer(await client.call_tool("execute_k6_test", {**SCRIPT, "wait_s": 60})))

            async with Client(f"http://127.0.0.1:{port}/mcp", mode="legacy") as client:
                async with anyio.create_task_group() as calls:
                    calls.start_soon(ask, client)
                    await until(lambda: bool(k6.started), "k6 was started")
                    for stream in cuts:
                        await stream.aclose()
                    k6.finish(k6.started[0])
        tasks.cancel_scope.cancel()
    assert results[0]["status"] == "completed"


async def _passed_on(port: int, cuts: list[anyio.abc.SocketStream], near: anyio.abc.SocketStream) -> None:
    async def copy(source: anyio.abc.SocketStream, to: anyio.abc.SocketStream) -> None:
        try:
            while True:
                await to.send(await source.receive())
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            tasks.cancel_scope.cancel()

    async with near, await anyio.connect_tcp("127.0.0.1", port) as far, anyio.create_task_group() as tasks:
        cuts.append(near)
        tasks.start_soon(copy, near, far)
        tasks.start_soon(copy, far, near)


async def test_an_event_that_was_never_sent_is_refused_with_what_to_do(settings: Settings) -> None:
    async with open_http(settings, ScriptedK6()) as port, plain_http(port) as http:
        client = await begun(http)
        for event_id in ("x", "0", "0-99999", "99-0", "-1", "0--1", "٣-٣", "1" * 5000):
            headers = {
                name.encode(): value.encode()
                for name, value in {**client.headers, "Last-Event-ID": event_id}.items()
            }
            response = await http.get("/mcp", headers=headers)
            assert response.status_code == 400
            assert "get_history" in response.json()["error"]["message"]
            assert len(response.content) < 500
        assert (await client.post(PING)).status_code == 200


async def test_resuming_without_a_session_or_in_the_era_without_sessions_is_refused(
    settings: Settings,
) -> None:
    async with open_http(settings, ScriptedK6()) as port, plain_http(port) as http:
        statuses = [
            (await http.get("/mcp", headers={**HEADERS, "Last-Event-ID": "0-0", **more})).status_code
            for more in ({}, {"Mcp-Session-Id": "unknown"}, {"MCP-Protocol-Version": ERA_2026})
        ]
    assert statuses == [400, 404, 405]


async def test_an_unused_session_ends_and_one_that_waits_for_a_test_does_not(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with open_http(settings, k6, idle_s=1.0) as port, plain_http(port) as http:
        unused, waiting = await begun(http), await begun(http)
        event_id = await broken_off(waiting, k6)
        ended = False
        with anyio.fail_after(10):
            while not ended:
                # Each question is a use
                await anyio.sleep(1.3)
                ended = (await unused.post(PING)).status_code == 404
        k6.finish(k6.started[0])
        assert result(await waiting.resumed(event_id))["status"] == "completed"


async def test_one_session_more_than_there_may_be_takes_the_place_of_the_one_unused_for_longest(
    settings: Settings,
) -> None:
    async with open_http(settings, ScriptedK6(), most_sessions=2) as port, plain_http(port) as http:
        first, second = await begun(http), await begun(http)
        await first.post(PING)
        third = await begun(http)
        statuses = [(await client.post(PING)).status_code for client in (first, second, third)]
    assert statuses == [200, 404, 200]
