"""Whether a run's figures agree with each other and with what no script can forge.

A script cannot create a metric of bytes, and k6 itself counts the iterations that it prints as progress. Each
request adds one sample to several metrics at once, so their counts are equal. Whatever a script adds to one
of k6's own metrics breaks one of these rules.
"""

from collections.abc import Iterator

from k6_mcp.analysis.measure.breakdown import Breakdown, Rows, count_of, values_of
from k6_mcp.models.outcome import Outcome

# No message is shorter: an HTTP/2 frame header has 9 bytes, and the shortest HTTP/1 status line has more
_LEAST_BYTES = 9
# Size of the answer that opens a WebSocket, with its required headers. A session without an answer gets no
# status from k6, so a status that a script gives it stays; only the bytes show that there was no answer.
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
    """Yield what is impossible in the figures of a run that ran to its end."""
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
    """Yield a contradiction in the count of iterations.

    If k6 interrupts an iteration right at its end, it counts it as either completed or interrupted.
    """
    done = outcome.completed
    if done is not None and not done <= counted <= done + outcome.interrupted:
        yield f"{counted} iterations were counted, but k6 completed {done}"
