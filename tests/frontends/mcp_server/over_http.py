"""Our server on a real socket in this process, and the requests of tests in plain HTTP."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from k6_mcp.frontends.mcp_server.http import HttpServer, http_app
from k6_mcp.frontends.mcp_server.http_sessions import IDLE_S, MOST_SESSIONS
from k6_mcp.frontends.mcp_server.server import build_server
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.polling import until
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
ERA_2025 = "2025-11-25"
ERA_2026 = "2026-07-28"
SESSION = "Mcp-Session-Id"


def request(method: str, params: Mapping[str, object], number: int | str = 1) -> dict[str, object]:
    """Return a JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params)}


INITIALIZE = request(
    "initialize",
    {"protocolVersion": ERA_2025, "capabilities": {}, "clientInfo": {"name": "plain", "version": "1"}},
)


@asynccontextmanager
async def open_http(
    settings: Settings,
    k6: ScriptedK6,
    *,
    named_port: int | None = None,
    idle_s: float = IDLE_S,
    most_sessions: int = MOST_SESSIONS,
    most_connections: int = 100,
) -> AsyncGenerator[int]:
    """Serve on a free port, which is yielded; behind a proxy, clients name `named_port`."""
    server = build_server(lambda: open_scripted(settings, k6))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        app = http_app(server, named_port or port, idle_s=idle_s, most_sessions=most_sessions)
        http = HttpServer(app, most_connections)
        serving = asyncio.create_task(http.serve([listener]))
        try:
            await until(lambda: http.started, "the server listens")
            yield port
        finally:
            k6.finish()
            http.should_exit = True
            await serving


class Plain:
    """A client of 2025 that speaks plain HTTP in one session."""

    def __init__(self, http: httpx2.AsyncClient, session: str) -> None:
        self.http = http
        self.headers = {**HEADERS, SESSION: session, "MCP-Protocol-Version": ERA_2025}

    async def post(self, message: Mapping[str, object]) -> httpx2.Response:
        """Send one message and return the whole answer."""
        return await self.http.post("/mcp", json=dict(message), headers=self.headers)

    async def resumed(self, event_id: str) -> httpx2.Response:
        """Ask for what came after an event, until its end."""
        return await self.http.get("/mcp", headers={**self.headers, "Last-Event-ID": event_id})


@asynccontextmanager
async def plain_http(port: int) -> AsyncGenerator[httpx2.AsyncClient]:
    """Open a plain client."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
        yield http


async def begun(http: httpx2.AsyncClient) -> Plain:
    """Begin a session."""
    response = await http.post("/mcp", json=INITIALIZE, headers=HEADERS)
    client = Plain(http, response.headers[SESSION])
    await client.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    return client


def messages(text: str) -> list[dict[str, Any]]:
    """Return the messages of a stream of events."""
    lines = text.replace("\r\n", "\n").splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
