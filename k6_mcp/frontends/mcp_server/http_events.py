"""The events of one HTTP session, kept so that a client can resume after its connection broke.

The newest events of each request, including its answer, are kept until some minutes after the answer. All
sessions together keep a limited number of bytes.
"""

import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple

import anyio
from mcp.server.streamable_http import EventCallback, EventId, EventStore, StreamId
from mcp.types import JSONRPCError, JSONRPCMessage, JSONRPCResponse

KEPT_S = 600.0
_KEPT_BYTES = 32_000_000
# Events that are kept of one request; older progress is useless.
_NEWEST = 50
_LONGEST_ID = 40


class Event(NamedTuple):
    """One message and its number; the message None begins a stream."""

    number: int
    message: JSONRPCMessage | None


class Stream:
    """The events of one request."""

    def __init__(self, number: int, name: StreamId) -> None:
        self.number = number
        self.name = name
        self.events: deque[Event] = deque(maxlen=_NEWEST)
        self.next = 0
        self.ended = False
        self.news = anyio.Event()

    def add(self, message: JSONRPCMessage | None) -> int:
        """Take the next event and return its number."""
        event = Event(self.next, message)
        self.next += 1
        self.events.append(event)
        self.ended = isinstance(message, JSONRPCResponse | JSONRPCError)
        self.tell()
        return event.number

    def tell(self) -> None:
        """Wake all followers."""
        self.news.set()
        self.news = anyio.Event()


class _Ended(NamedTuple):
    at: float
    bytes: int
    log: "EventLog"
    stream: Stream


class Shelf:
    """The ended streams of all sessions, oldest first; old and excess ones leave their logs."""

    def __init__(self, kept_s: float = KEPT_S, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept_s = kept_s
        self._kept_bytes = kept_bytes
        self._ended: deque[_Ended] = deque()
        self._bytes = 0

    def put(self, log: "EventLog", stream: Stream) -> None:
        """Keep a stream that has ended."""
        size = sum(len(event.message.model_dump_json()) for event in stream.events if event.message)
        self._ended.append(_Ended(time.monotonic(), size, log, stream))
        self._bytes += size
        self.tidy()

    def tidy(self) -> None:
        """Drop the streams that are too old, or exceed the limit of bytes."""
        while self._ended and (
            self._bytes > self._kept_bytes or time.monotonic() - self._ended[0].at > self._kept_s
        ):
            oldest = self._ended.popleft()
            self._bytes -= oldest.bytes
            oldest.log.drop(oldest.stream)


class EventLog(EventStore):
    """The streams of one session, by the number at the start of their event ids.

    `settled` is called when a request has its answer.
    """

    def __init__(self, shelf: Shelf, settled: Callable[[StreamId], None]) -> None:
        self._shelf = shelf
        self._settled = settled
        self._streams: dict[int, Stream] = {}
        self._current: dict[StreamId, Stream] = {}
        self._made = 0
        self._closed = False

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        """Keep a message; None begins a stream, even if its request reuses an id."""
        stream = self._current.get(stream_id)
        if stream is None or message is None:
            stream = self._current[stream_id] = self._streams[self._made] = Stream(self._made, stream_id)
            self._made += 1
        number = stream.add(message)
        if stream.ended:
            del self._current[stream_id]
            self._shelf.put(self, stream)
            self._settled(stream_id)
        return f"{stream.number}-{number}"

    def find(self, event_id: EventId) -> tuple[Stream, int] | None:
        """Return the stream of an event and the event's number.

        Return None if the event was never sent or is no longer kept.
        """
        self._shelf.tidy()
        first, _, second = event_id.partition("-")
        if len(event_id) > _LONGEST_ID or not (
            event_id.isascii() and first.isdecimal() and second.isdecimal()
        ):
            return None
        stream = self._streams.get(int(first))
        return (stream, int(second)) if stream and int(second) < stream.next else None

    async def after(self, stream: Stream, number: int) -> AsyncGenerator[tuple[EventId, JSONRPCMessage]]:
        """Yield the events after `number`, including future ones.

        It ends with the answer or with the session.
        """
        while True:
            news = stream.news
            for event in [*stream.events]:
                if event.number > number and event.message:
                    number = event.number
                    yield f"{stream.number}-{number}", event.message
            if stream.ended or self._closed:
                return
            if news is stream.news:
                await news.wait()

    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> StreamId | None:
        """Do nothing: the session's transport uses `after` instead.

        That misses no event between the kept and the future ones.
        """
        return None

    def drop(self, stream: Stream) -> None:
        """Forget a stream."""
        self._streams.pop(stream.number, None)

    def close(self) -> None:
        """End all followers."""
        self._closed = True
        for stream in [*self._streams.values()]:
            stream.tell()
