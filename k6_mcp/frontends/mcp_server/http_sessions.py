"""Sessions of MCP 2025 clients: they can be resumed, and end after a time without use.

A session is in use as long as a call is being answered, even if its client's connection is broken.
"""

import math
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthorizationContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_REQUEST, JSONRPCError, JSONRPCRequest, RequestId
from pydantic_core import from_json
from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from k6_mcp.frontends.mcp_server.http_events import EventLog, Shelf, Stream
from k6_mcp.frontends.mcp_server.oversized_lines import refused_values
from k6_mcp.frontends.mcp_server.unreadable_lines import NO_REQUEST, too_long
from k6_mcp.models.wording import cut
from k6_mcp.threads import LARGE, in_thread_if

IDLE_S = 1800.0
MOST_SESSIONS = 1000
_LONGEST_ERROR = 300
_LOST = (
    "Last-Event-ID is not known, or its answer is no longer kept (10 minutes); send the request again. "
    "A load test that was started goes on: get_history lists it"
)


class ResumableTransport(StreamableHTTPServerTransport):
    """One session; an answer whose connection broke is kept for a client that resumes it."""

    def __init__(self, session_id: str, shelf: Shelf, idle_s: float) -> None:
        self._log = EventLog(shelf, self._settle)
        self._unanswered: set[str] = set()
        self._idle_s = idle_s
        # Hosts are already checked before a request reaches a session.
        unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        super().__init__(session_id, event_store=self._log, security_settings=unchecked, idle_timeout=idle_s)

    @property
    def in_use(self) -> bool:
        """Whether a request is being served or a call is unanswered."""
        return bool(self._requests_in_flight or self._unanswered)

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the idle time begins only when no request is being answered."""
        try:
            await super().handle_request(scope, receive, send)
        finally:
            self._rest()

    async def terminate(self) -> None:
        """End the session, and the streams of clients that resumed its answers."""
        await super().terminate()
        self._log.close()

    def _create_session_message(
        self, message: JSONRPCRequest, request: Request, request_id: RequestId, protocol_version: str
    ) -> SessionMessage:
        self._unanswered.add(str(request_id))
        return super()._create_session_message(message, request, request_id, protocol_version)

    def _create_error_response(
        self,
        error_message: str,
        status_code: HTTPStatus,
        error_code: int = INVALID_REQUEST,
        headers: dict[str, str] | None = None,
    ) -> Response:
        # The transport's error repeats the message and adds a link for each type that it tried.
        if error_message.startswith("Validation error"):
            error_message = NO_REQUEST
        return super()._create_error_response(
            cut(error_message, _LONGEST_ERROR), status_code, error_code, headers
        )

    def _settle(self, request_id: str) -> None:
        self._unanswered.discard(request_id)
        self._rest()

    def _rest(self) -> None:
        if self.idle_scope is not None and not self.idle_scope.cancel_called:
            self.idle_scope.deadline = math.inf if self.in_use else anyio.current_time() + self._idle_s

    async def _replay_events(self, last_event_id: str, request: Request, send: Send) -> None:
        position = self._log.find(last_event_id)
        if position is None:
            response = self._create_error_response(_LOST, HTTPStatus.BAD_REQUEST)
            await response(request.scope, request.receive, send)
            return
        stream, number = position
        # The client came back, so its previous connection has no reader.
        self.close_sse_stream(stream.name)
        headers = {"Cache-Control": "no-cache, no-transform", "Mcp-Session-Id": str(self.mcp_session_id)}
        answer = EventSourceResponse(self._resumed(stream, number), headers=headers)
        await answer(request.scope, request.receive, send)

    async def _resumed(self, stream: Stream, number: int) -> AsyncGenerator[dict[str, Any]]:
        async for event_id, message in self._log.after(stream, number):
            yield {
                "event": "message",
                "id": event_id,
                "data": message.model_dump_json(by_alias=True, exclude_unset=True),
            }


def _unanswerable(body: bytes) -> JSONRPCError | None:
    if refused := refused_values(body):
        return refused.error()
    try:
        message = from_json(body)
    except ValueError:
        # The transport reports this error.
        return None
    sent = cast("dict[str, object]", message) if isinstance(message, dict) else {}
    return too_long(sent.get("id"), sent.get("params"))


class Sessions(StreamableHTTPSessionManager):
    """All sessions; at the limit, a new one replaces the session that has been idle for longest.

    A body of more than `longest` bytes is answered with 413 before it is read as a whole.
    """

    def __init__(
        self, server: Server[Any], longest: int, *, idle_s: float = IDLE_S, most: int = MOST_SESSIONS
    ) -> None:
        super().__init__(
            server, session_idle_timeout=idle_s, max_sessions=most, max_request_body_size=longest
        )
        self._idle_s = idle_s
        self._most = most
        self._shelf = Shelf()

    async def _handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await super()._handle_request(scope, receive, send)
            return
        body = await receive()
        if body["type"] != "http.request" or body.get("more_body"):
            # The client left before it had sent the whole body.
            return
        sent = body.get("body", b"")
        if error := await in_thread_if(len(sent) > LARGE, _unanswerable, sent):
            text = error.model_dump_json(by_alias=True, exclude_unset=True)
            await Response(text, HTTPStatus.BAD_REQUEST, media_type="application/json")(scope, receive, send)
            return
        messages = [body]

        async def again() -> Message:
            return messages.pop() if messages else await receive()

        await super()._handle_request(scope, again, send)

    async def _handle_stateful_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        session_id = Request(scope).headers.get("mcp-session-id")
        if session_id is not None and (used := self._server_instances.pop(session_id, None)):
            # This dictionary is in the order of last use.
            self._server_instances[session_id] = used
        await super()._handle_stateful_request(scope, receive, send)

    def _admit_session(self, requestor: AuthorizationContext | None) -> StreamableHTTPServerTransport | None:
        if len(self._server_instances) >= self._most and not self._end_unused():
            return None
        session_id = uuid4().hex
        transport = ResumableTransport(session_id, self._shelf, self._idle_s)
        if requestor is not None:
            self._session_owners[session_id] = requestor
        self._server_instances[session_id] = transport
        return transport

    def _end_unused(self) -> bool:
        for session_id, transport in self._server_instances.items():
            if not cast("ResumableTransport", transport).in_use and transport.idle_scope is not None:
                del self._server_instances[session_id]
                transport.idle_scope.cancel()
                return True
        return False
