"""Our server on lines of JSON, as over stdin and stdout, in this process."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from k6_mcp.frontends.mcp_server.oversized_lines import Line, LineReader
from k6_mcp.frontends.mcp_server.server import K6Server
from k6_mcp.settings import LIMITS

_WAITING = 16
_LONGEST_ANSWER_BYTES = 10_000_000


@asynccontextmanager
async def over_lines(server: K6Server) -> AsyncGenerator[TransportStreams]:
    """Connect to `server` through lines.

    Messages become lines, which the server cuts and reads like those on stdin. Its answers come back through
    a pipe.
    """
    read_end, write_end = os.pipe()
    to_server, requests = anyio.create_memory_object_stream[SessionMessage](_WAITING)
    to_client, messages = anyio.create_memory_object_stream[SessionMessage | Exception](_WAITING)
    send_lines, lines = anyio.create_memory_object_stream[Line](_WAITING)
    streams = (to_server, requests, to_client, messages, send_lines, lines)
    with ExitStack() as stack:
        stdout = stack.enter_context(os.fdopen(write_end, "w", encoding="utf-8"))
        for stream in streams:
            stack.enter_context(stream)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.run_lines, lines, anyio.wrap_file(stdout))
            tasks.start_soon(_write_lines, requests, send_lines)
            tasks.start_soon(_read_answers, read_end, to_client)
            try:
                yield messages, to_server
            finally:
                tasks.cancel_scope.cancel()


async def _write_lines(requests: ObjectReceiveStream[SessionMessage], lines: ObjectSendStream[Line]) -> None:
    reader = LineReader(LIMITS.longest_line_bytes)
    async with lines:
        async for request in requests:
            text = request.message.model_dump_json(by_alias=True, exclude_unset=True)
            for line in reader.feed(f"{text}\n".encode()):
                await lines.send(line)


async def _read_answers(read_end: int, messages: ObjectSendStream[SessionMessage | Exception]) -> None:
    answers = asyncio.StreamReader(_LONGEST_ANSWER_BYTES)
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(answers), os.fdopen(read_end, "rb")
    )
    try:
        async for line in answers:
            # The last ones may have no reader any more
            with contextlib.suppress(anyio.BrokenResourceError):
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                await messages.send(SessionMessage(message))
    finally:
        pipe.close()
