"""What reaches the server over HTTP, and how long it may keep others waiting."""

import asyncio
import json

import anyio
import pytest
from anyio.abc import SocketStream

from k6_mcp.frontends.mcp_server import http_connections
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import until
from tests.frontends.mcp_server.over_http import (
    ERA_2026,
    HEADERS,
    INITIALIZE,
    begun,
    open_http,
    plain_http,
    request,
)
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6

pytestmark = pytest.mark.slow

BODY = json.dumps(INITIALIZE).encode()
PING = request("ping", {}, 2)


async def said(port: int, head: str, body: bytes = BODY) -> bytes:
    """Send a request with these lines before its own and return the status line of the answer."""
    own = (
        "Content-Type: application/json\r\nAccept: */*\r\nConnection: close\r\nContent-Length:"
        f" {len(body)}\r\n\r\n"
    )
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(f"POST /mcp HTTP/1.1\r\n{head}\r\n{own}".encode("latin-1") + body)
        return (await stream.receive()).split(b"\r\n")[0]


async def ended(stream: SocketStream) -> bytes:
    """Return all that comes until the other side closes."""
    told = b""
    try:
        with anyio.fail_after(10):
            while True:
                told += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return told


async def test_only_our_own_names_and_port_are_served_however_they_are_bent(settings: Settings) -> None:
    async with open_http(settings, ScriptedK6()) as port:
        own = (
            f"127.0.0.1:{port}",
            f"localhost:{port}",
            f"LocalHost:{port}",
            f"[::1]:{port}",
            f"[0:0:0:0:0:0:0:1]:{port}",
        )
        foreign = (
            *(
                f"{name}:{port}{end}"
                for name in ("127.0.0.1", "localhost", "[::1]")
                for end in (".evil.com", "@evil.com", "/", "0")
            ),
            *(
                "127.0.0.1",
                "localhost",
                "localhost:",
                "localhost:evil",
                "evil.com",
                f"evil.com:{port}",
                f"localhost:{port + 1}",
            ),
            *(
                f"localhost.:{port}",
                f"evil@localhost:{port}",
                f"localhost:0{port}",
                f"localhost :{port}",
                f"localhost: {port}",
            ),
            *(
                f"127.1:{port}",
                f"2130706433:{port}",
                f"0x7f000001:{port}",
                f"[::ffff:127.0.0.1]:{port}",
                f"[::1%25lo]:{port}",
            ),
            *(
                f"::1:{port}",
                f"127.0.0.1:{port}:{port}",
                f"localhost:{port},evil.com",
                f"localhost:+{port}",
                "[::1]",
                "",
            ),
        )
        for host in own:
            assert b" 200 " in await said(port, f"Host: {host}"), host
            assert b" 200 " in await said(port, f"Host: {own[0]}\r\nOrigin: http://{host}"), host
        for host in foreign:
            assert (await said(port, f"Host: {host}")).split()[1] in (b"421", b"400"), host
            assert b" 403 " in await said(port, f"Host: {own[0]}\r\nOrigin: http://{host}"), host
        for bent in (
            *(
                f"Origin: {scheme}{own[0]}"
                for scheme in ("", "https://", "ws://", "file://", "http:", "http://http://", "//")
            ),
            *(
                "Origin: null",
                "Origin: ",
                f"Origin: http://{own[0]}\r\nOrigin: http://{own[0]}",
                f"Origin: http://{own[0]} x",
            ),
            *("Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: Same-Site"),
        ):
            assert b" 403 " in await said(port, f"Host: {own[0]}\r\n{bent}"), bent
        assert (await said(port, f"Host: {own[0]}\r\nHost: {own[0]}")).split()[1] in (b"421", b"400")
        assert b" 421 " in await said(port, f"Host: evil.com\r\nMCP-Protocol-Version: {ERA_2026}")


@pytest.mark.parametrize("beginning", [b"", b"POST /mcp HTTP/1.1\r\nHost: 127"])
async def test_a_request_that_does_not_come_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(http_connections, "REQUEST_S", 0.3)
    async with (
        open_http(settings, ScriptedK6()) as port,
        await anyio.connect_tcp("127.0.0.1", port) as stream,
    ):
        if beginning:
            await stream.send(beginning)
        assert (await ended(stream)).startswith(b"HTTP/1.1 408")


async def test_a_body_that_comes_byte_by_byte_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connections, "REQUEST_S", 0.3)
    async with (
        open_http(settings, ScriptedK6()) as port,
        await anyio.connect_tcp("127.0.0.1", port) as stream,
    ):
        await stream.send(
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 9999\r\n\r\n".encode()
        )
        with (
            anyio.fail_after(10),
            pytest.raises((anyio.BrokenResourceError, anyio.EndOfStream, ConnectionError)),
        ):
            while True:
                await stream.send(b" ")
                with anyio.move_on_after(0.02):
                    await stream.receive()


async def test_an_answer_may_take_longer_than_a_request(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connections, "REQUEST_S", 1.0)
    async with open_http(settings, ScriptedK6()) as port, plain_http(port) as http:
        client = await begun(http)
        arguments = {"script": "export default function () {}", "vus": 1, "duration": "10s", "wait_s": 2}
        response = await client.post(
            request("tools/call", {"name": "execute_k6_test", "arguments": arguments})
        )
    assert '"status":"running"' in response.text


async def test_those_who_only_listen_make_room_for_those_who_ask(settings: Settings) -> None:
    async with open_http(settings, ScriptedK6(), most_connections=6) as port, plain_http(port) as http:
        listening = [await begun(http) for _ in range(8)]
        streams = [await _listen(port, client.headers) for client in listening]
        answered = [(await client.post(PING)).status_code for client in listening]
        gone = await ended(streams[0])
        for stream in streams:
            await stream.aclose()
    assert answered == [200] * 8
    assert b"text/event-stream" in gone


async def test_a_connection_more_than_can_be_answered_is_refused_at_once(settings: Settings) -> None:
    k6 = ScriptedK6()
    arguments = {"script": "export default function () {}", "vus": 1, "duration": "10s", "wait_s": 60}
    refused = b""
    first, second = (
        request("tools/call", {"name": "execute_k6_test", "arguments": arguments}, number)
        for number in (8, 9)
    )
    async with open_http(settings, k6, most_connections=2) as port, plain_http(port) as http:
        client = await begun(http)
        async with anyio.create_task_group() as calls:
            calls.start_soon(client.post, first)
            await until(lambda: len(k6.started) == 1, "the first test runs")
            calls.start_soon(client.post, second)
            await until(lambda: len(k6.started) == 2, "the second test runs")
            async with await anyio.connect_tcp("127.0.0.1", port) as third:
                refused = await ended(third)
            k6.finish()
    assert refused.startswith(b"HTTP/1.1 503")


async def test_echoes_of_what_was_sent_are_short(settings: Settings) -> None:
    long = "Z" * 12_000
    meta = {
        "io.modelcontextprotocol/protocolVersion": ERA_2026,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "plain", "version": "1"},
    }
    bodies: list[object] = [
        {"jsonrpc": "2.0", "id": long, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1, "method": long},
        {"jsonrpc": long, "id": 1, "method": "ping"},
        [long],
        long,
        request(long, {"_meta": meta}),
        request("prompts/get", {"name": long}),
        request("prompts/get", {"name": "read_result", "arguments": {"run_id": long}}),
        request("resources/read", {"uri": f"k6://runs/{long}/log"}),
        request("resources/read", {"uri": long}),
        request("tools/call", {"name": long, "arguments": {}}),
        request("tools/call", {"name": "get_run", "arguments": {long: long}}),
        request(
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": long}, "argument": {"name": long, "value": long}},
        ),
        request("logging/setLevel", {"level": long}),
        request("ping", {"_meta": {"progressToken": long}}),
    ]
    async with open_http(settings, ScriptedK6()) as port, plain_http(port) as http:
        client = await begun(http)
        for body in bodies:
            modern = {
                **HEADERS,
                "MCP-Protocol-Version": ERA_2026,
                "Mcp-Method": str(getattr(body, "get", str)("method"))[:9000],
            }
            for headers in (client.headers, modern, {**HEADERS, "MCP-Protocol-Version": long}):
                response = await http.post("/mcp", json=body, headers=headers)
                assert len(response.content) < 2_500, (str(body)[:80], response.text[:300])
                assert "Z" * 101 not in response.text, str(body)[:80]


async def _listen(port: int, headers: dict[str, str]) -> SocketStream:
    stream = await anyio.connect_tcp("127.0.0.1", port)
    lines = [f"{name}: {value}" for name, value in {**headers, "Host": f"127.0.0.1:{port}"}.items()]
    await stream.send("\r\n".join(["GET /mcp HTTP/1.1", *lines, "", ""]).encode())
    await asyncio.sleep(0)
    return stream


async def test_a_body_is_as_long_as_the_largest_script_asks_for_and_one_more_is_refused(
    settings: Settings,
) -> None:
    longest = settings.limits.longest_line_bytes
    async with open_http(settings, ScriptedK6()) as port:
        whole = json.dumps({**INITIALIZE, "more": ""}).encode()
        whole = whole[:-2] + b"x" * (longest - len(whole)) + whole[-2:]

        assert b" 200 " in await said(port, f"Host: 127.0.0.1:{port}", whole)
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            head = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {longest + 1}\r\n\r\n"
            await stream.send(head.encode() + b"{")
            assert b" 413 " in (await stream.receive()).split(b"\r\n")[0]


async def test_a_body_of_more_values_than_can_be_read_at_once_is_refused_under_its_id(
    settings: Settings,
) -> None:
    many = json.dumps(
        request("tools/call", {"name": "plan_k6_test", "arguments": {"body": [0] * 600_000}}, 7)
    ).encode()
    async with open_http(settings, ScriptedK6()) as port, plain_http(port) as http:
        plain = await begun(http)
        answer = await http.post("/mcp", content=many, headers=plain.headers)

    assert answer.status_code == 400
    assert answer.json()["id"] == 7
    assert "more than 500000 values" in answer.json()["error"]["message"]
