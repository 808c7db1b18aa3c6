import json

import pytest

from k6_mcp.frontends.mcp_server.unreadable_lines import read_line

HALF = (
    r'{"jsonrpc":"2.0","id":7,"method":"tools/call",'
    r'"params":{"name":"get_run","arguments":{"run_id":"\ud83d"}}}'
)


def test_half_a_surrogate_pair_is_answered_under_the_requests_id() -> None:
    error = read_line(HALF).error
    assert error is not None
    assert (error.id, error.error.code) == (7, -32700)
    assert "halves of surrogate pairs" in error.error.message


def test_params_that_are_no_object_are_answered() -> None:
    error = read_line('{"jsonrpc":"2.0","id":"a","method":"tools/call","params":[]}').error
    assert error is not None
    assert (error.id, error.error.code) == ("a", -32600)


@pytest.mark.parametrize(
    "line",
    [
        '{"jsonrpc":"2.0","id":1,"method":"ping"}',
        '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        '{"jsonrpc":"2.0","id":1,"result":{}}',
        "rubbish",
        "null",
        "[1]",
        r'{"jsonrpc":"2.0","method":"notifications/x","params":{"a":"\ud83d"}}',
        r'{"jsonrpc":"2.0","id":"\ud83d","method":"ping"}',
        json.dumps({"jsonrpc": "2.0", "id": True, "method": "ping"}),
        "[" * 100_000,
    ],
)
def test_messages_and_what_nobody_waits_for_are_not_answered(line: str) -> None:
    assert read_line(line).error is None
