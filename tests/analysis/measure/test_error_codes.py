import pytest

from k6_mcp.analysis.measure.error_codes import is_unanswered, meaning


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (1099, "request error"),
        (1050, "timeout"),
        (1101, "no such host"),
        (1212, "refused"),
        (1213, "file descriptors"),
        (1220, "reset"),
        (1310, "unknown authority"),
        (1404, "HTTP 404"),
        (1599, "HTTP 599"),
        (1299, "TCP error"),
        (1612, "GOAWAY"),
        (1631, "stream"),
        (1651, "connection"),
        (1701, "decompressed"),
        (1999, "HTTP 999"),
        (1799, "response content"),
    ],
)
def test_every_code_has_a_meaning(code: int, text: str) -> None:
    assert text in meaning(code)


@pytest.mark.parametrize(
    ("code", "unanswered"),
    [
        (1000, True),
        (1050, True),
        (1399, True),
        (1400, False),
        (1599, False),
        (1600, True),
        (1701, False),
        (1999, False),
    ],
)
def test_codes_tell_whether_an_answer_came(code: int, unanswered: bool) -> None:
    assert is_unanswered(code) is unanswered
