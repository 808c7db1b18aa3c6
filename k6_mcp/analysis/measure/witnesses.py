"""Do the figures of a run agree with each other and with what no script can make?

A script cannot make a metric of bytes, and k6 itself counts the iterations that it prints as progress. Each
request adds one sample to several metrics at once, so their counts are equal. What a script adds to one of
k6's own metrics breaks one of these.
"""

from collections.abc import Iterator

from k6_mcp.analysis.measure.breakdown import Breakdown, Rows, count_of, values_of
from k6_mcp.models.outcome import Outcome

# The head of an HTTP/2 frame has 9 bytes, and the shortest HTTP/1 status line more: no message is shorter.
_LEAST_BYTES = 9
# Of the answer that opens a WebSocket, with the headers that it must have. k6 gives a session that got no
# answer no status,
# so that one which a script gives it stays.
_OPENED, _LEAST_BYTES_OPENED = 101, 129
_WITH_REQUEST = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
_COUNTERS = (
    "http_reqs",
    "iterations",
    "dropped_iterations",
    "data_received",
    "data_sent",
    "ws_sessions",
    "ws_msgs_sent",
)


def contradictions(rows: Rows, breakdown: Breakdown, outcome: Outcome) -> Iterator[str]:
    """Yield what cannot be in the figures of a run that came to its end."""
    for name in _COUNTERS:
        if (value := values_of(rows, name).get("count", 0.0)) < 0 or value != int(value):
            yield f"{name} counted {value:g}"
    requests = count_of(rows, "http_reqs")
    yield from _bytes(rows, requests - (breakdown.unanswered or 0), breakdown)
    yield from _samples(rows, requests)
    yield from _iterations(count_of(rows, "iterations"), outcome)


def _bytes(rows: Rows, answered: int, breakdown: Breakdown) -> Iterator[str]:
    for name, what in (("data_received", "received"), ("data_sent", "sent")):
        if name in rows and (bytes_ := count_of(rows, name)) < answered * _LEAST_BYTES:
            yield f"{answered} requests were answered with only {bytes_} bytes {what}"
    opened = sum(session.count for session in breakdown.websockets if session.status == _OPENED)
    others = answered + sum(
        session.count for session in breakdown.websockets if session.status not in (0, _OPENED)
    )
    received = count_of(rows, "data_received")
    if breakdown.websockets and received < opened * _LEAST_BYTES_OPENED + others * _LEAST_BYTES:
        yield (
            f"{opened + others} WebSocket sessions and requests were answered with only {received} bytes"
            " received"
        )


def _samples(rows: Rows, requests: int) -> Iterator[str]:
    for part in _WITH_REQUEST:
        samples = values_of(rows, f"http_req_{part}").get("count")
        if samples is not None and round(samples) != requests:
            yield f"http_req_{part} has {samples:g} samples of {requests} requests"
    judged = values_of(rows, "http_req_failed")
    if (samples := judged.get("passes", 0.0) + judged.get("fails", 0.0)) > requests:
        yield f"http_req_failed has {samples:g} samples of {requests} requests"
    durations, iterations = values_of(rows, "iteration_duration").get("count"), count_of(rows, "iterations")
    if durations is not None and round(durations) != iterations:
        yield f"iteration_duration has {durations:g} samples of {iterations} iterations"


def _iterations(counted: int, outcome: Outcome) -> Iterator[str]:
    """k6 counts an iteration that it interrupts right at its end among either."""
    done = outcome.completed
    if done is not None and not done <= counted <= done + outcome.interrupted:
        yield f"{counted} iterations were counted, and k6 ran {done} to their end"
