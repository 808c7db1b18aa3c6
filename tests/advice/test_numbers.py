"""The numbers that a text may contain: the facts, rounded or in another unit, and no others."""

import pytest

from k6_mcp.advice.numbers import Fact, invented

FACTS = (Fact(1234.0, "time"), Fact(0.083, "share"), Fact(1500), Fact(1234), Fact(503), Fact(98765))


@pytest.mark.parametrize(
    "text",
    [
        "p95 was 1234 ms",
        "p95 was 1,234 ms, about 1.2 s (1.23 seconds)",
        "the 95th percentile is 1.2 s; p(95) and p99 too",
        "8.3 % failed, some 8 percent or 0.083 of all",
        "8,3 % of 1500 requests, 1\u202f500 in all, 1'500",
        "1.5k requests, roughly 1200 of them fine",
        "99k bytes, 98,765 to be exact",
        "HTTP 503 over HTTP/1.1 by k6; 5xx is bad",
        "1. look at the log\n2) the 2nd run, Q12",
        "two causes, one of them likely",
        "0.02 min",
        "\uff11\uff12\uff13\uff14 ms",
    ],
)
def test_facts_may_be_rounded_and_in_other_units(text: str) -> None:
    assert invented(text, FACTS) == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("p95 was 1300 ms", "1300 ms"),
        ("about 1 s", "1 s"),
        ("5 % failed", "5 %"),
        ("twice of 1234 is 2468", "2468"),
        ("it is 5x slower", "5"),
        ("v2 is to blame", "2"),
        ("ninety percent failed", "ninety percent"),
        ("five percent failed", "five percent"),
        ("p42 is fine", "42"),
        ("503 ms", "503 ms"),
        ("between 10-20 ms", "10"),
        ("½ of all", "1"),
        ("1e6 requests", "1e6"),
        ("raise it to 200 VUs", "200"),
        ("99.99", "99.99"),
        ("8.3 s", "8.3 s"),
        ("HTTP 500", "HTTP 500"),
        ("1235 requests", "1235"),
    ],
)
def test_invented_numbers_are_returned_as_written(text: str, number: str) -> None:
    assert number in invented(text, FACTS)


def test_zero_percent_is_a_fact_only_for_zero() -> None:
    assert invented("0 % failed", [Fact(0.0, "share")]) == ()
    assert invented("0 % failed", [Fact(0.0003, "share")]) == ("0 %",)
