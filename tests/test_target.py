"""The tests' own HTTP server does what its docstring promises."""

import http.client
import json
import socket
import ssl
from pathlib import Path

import pytest

from lab.certificate import self_signed_context
from lab.target import Target, closed_port, open_target


def _get(target: Target, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=5)
    try:
        connection.request(method, path, body, {"X-Test": "yes"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_counts_what_arrived_and_what_it_answered(target: Target) -> None:
    for path in ("/ok", "/ok", "/status/503", "/delay/5", "/nowhere"):
        _get(target, path)
    assert target.requests == {"/ok": 2, "/status/503": 1, "/delay/5": 1, "/nowhere": 1}
    assert target.answers == {200: 3, 503: 1, 404: 1}
    assert target.total == 5


def test_echo_returns_method_headers_and_body(target: Target) -> None:
    status, body = _get(target, "/echo?q=1", "POST", b"hello")
    echo = json.loads(body)
    assert (status, echo["method"], echo["path"], echo["body"]) == (200, "POST", "/echo?q=1", "hello")
    assert echo["headers"]["x-test"] == "yes"
    assert target.seen[0].body == b"hello"


def test_flaky_fails_the_requested_share(target: Target) -> None:
    statuses = [_get(target, "/flaky/0.2")[0] for _ in range(10)]
    assert statuses.count(500) == 2


@pytest.mark.parametrize("path", ["/reset", "/eof", "/malformed"])
def test_hangs_up_instead_of_answering(target: Target, path: str) -> None:
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        _get(target, path)
    assert target.answers.total() == 0


def test_redirects_end_unless_they_loop(target: Target) -> None:
    assert [_get(target, f"/redirect/{left}")[0] for left in ("2", "1", "0", "loop")] == [302, 302, 200, 302]


def test_huge_answers_are_as_long_as_requested(target: Target) -> None:
    assert len(_get(target, "/huge/123456")[1]) == 123456
    assert _get(target, "/huge/10", "HEAD") == (200, b"")


def test_many_requests_over_one_connection(target: Target) -> None:
    with socket.create_connection(("127.0.0.1", target.port), timeout=5) as client:
        client.sendall(b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < 3:
            received += client.recv(65536)
    assert (target.connections, target.total) == (1, 3)


def test_the_certificate_is_not_trusted(tmp_path: Path) -> None:
    with open_target(self_signed_context(tmp_path)) as target:
        connection = http.client.HTTPSConnection("127.0.0.1", target.port, timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.request("GET", "/ok")
        connection.close()
    assert target.url("/ok").startswith("https://127.0.0.1:")


def test_nothing_listens_on_a_closed_port() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", closed_port()), timeout=5)
