import json

import pytest

from k6_mcp.frontends.mcp_server.oversized_lines import Line, LineReader, Oversized

PING = b'{"jsonrpc":"2.0","id":2,"method":"ping"}'


def _lines(data: bytes, longest: int = 5_000, chunk: int = 700) -> list[Line]:
    reader = LineReader(longest)
    found = [line for at in range(0, len(data), chunk) for line in reader.feed(data[at : at + chunk])]
    return [*found, *reader.close()]


def _long(before: str = "", after: str = "") -> bytes:
    return f'{{{before}"params":{{"a":"{"x" * 9_000}"}}{after}}}'.encode()


@pytest.mark.parametrize(
    ("line", "request_id"),
    [
        (_long('"jsonrpc":"2.0","id":7,"method":"x",'), 7),
        (_long('"jsonrpc": "2.0", "method": "x", "id": "seven", '), "seven"),
        (_long('"method":"x",', ',"jsonrpc":"2.0","id":7'), 7),
        (_long('"jsonrpc":"2.0","method":"x",', ',"id":"\\u0061"'), "a"),
        (_long('"jsonrpc":"2.0","method":"x",'), None),
        (_long('"jsonrpc":"2.0","id":{"id":7},"method":"x",'), None),
        (b'{"params":{"a":"' + b"x" * 9_000 + b'","id":7}}', None),
        (b'[{"jsonrpc":"2.0","id":7,"method":"' + b"x" * 9_000 + b'"}]', None),
        (b"x" * 9_000, None),
    ],
)
def test_a_line_too_long_is_refused_under_the_id_that_its_ends_name_and_the_next_one_is_read(
    line: bytes, request_id: int | str | None
) -> None:
    refused, ping = _lines(line + b"\n" + PING + b"\n")

    assert isinstance(refused, Oversized) and ping == PING.decode()
    error = refused.error()
    assert (error.id, error.error.code) == (request_id, -32600)
    assert "longer than 5000 bytes" in error.error.message


def test_a_line_too_long_is_refused_while_it_is_read() -> None:
    reader = LineReader(5_000)

    found = [
        line for _ in range(100) for line in reader.feed(_long('"jsonrpc":"2.0","id":7,"method":"x",')[:-2])
    ]

    assert [isinstance(line, Oversized) and line.request_id for line in found] == [7]


def test_a_line_as_long_as_allowed_is_read() -> None:
    line = b"x" * 5_000

    assert _lines(line + b"\n") == [line.decode()]
    assert _lines(line) == [line.decode()]


@pytest.mark.parametrize("value", ["[],", "1,", '"",'])
def test_a_message_of_more_values_than_any_request_needs_is_refused_unparsed(value: str) -> None:
    line = f'{{"jsonrpc":"2.0","id":7,"method":"x","params":{{"a":[{value * 800_000}0]}}}}'.encode()

    (refused,) = _lines(line, longest=7_000_000, chunk=65_536)

    assert isinstance(refused, Oversized) and refused.request_id == 7
    assert "more than 500000 values" in refused.reason


def test_a_long_script_full_of_commas_and_quotes_is_no_message_of_many_values() -> None:
    script = ',[{"\\' * 400_000
    line = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "x", "params": {"script": script}}).encode()

    assert _lines(line, longest=7_000_000, chunk=65_536) == [line.decode()]
