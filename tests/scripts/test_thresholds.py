"""Objectives as k6 thresholds."""

import pytest

from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.scripts.thresholds import Thresholds, aggregation, asked_thresholds, url_thresholds


def _of_url(**criteria: object) -> Thresholds:
    return url_thresholds(parse_load_test({"url": "http://a", **criteria}))


def test_a_url_is_judged_by_the_objectives_of_the_presets() -> None:
    assert _of_url() == {"http_req_duration": ["avg<=2000", "p(95)<=5000"], "http_req_failed": ["rate<=0.01"]}


@pytest.mark.parametrize(
    ("criteria", "metric", "expressions"),
    [
        ({"slo": {"p95_ms": 300}}, "http_req_duration", ["avg<=2000", "p(95)<=300"]),
        ({"slo": {"p95_ms": 9000, "avg_ms": 9000}}, "http_req_duration", ["avg<=9000", "p(95)<=9000"]),
        (
            {"thresholds": {"http_req_duration": "p( 95 ) < 300"}},
            "http_req_duration",
            ["avg<=2000", "p( 95 ) < 300"],
        ),
        (
            {"thresholds": {"http_req_duration": "max<1"}},
            "http_req_duration",
            ["avg<=2000", "p(95)<=5000", "max<1"],
        ),
        (
            {"thresholds": {"http_req_duration{a:b}": "avg<1"}},
            "http_req_duration",
            ["avg<=2000", "p(95)<=5000"],
        ),
        ({"slo": {"availability": 0.999}}, "http_req_failed", ["rate<=0.001"]),
        ({"slo": {"availability": 1, "error_rate": 0.5}}, "http_req_failed", ["rate<=0.5", "rate<=0"]),
    ],
)
def test_an_objective_of_the_preset_gives_way_to_the_caller_on_the_same_aggregation(
    criteria: dict[str, object], metric: str, expressions: list[str]
) -> None:
    assert _of_url(**criteria)[metric] == expressions


def test_the_same_expression_is_asked_once() -> None:
    test = parse_load_test(
        {
            "script": "x",
            "thresholds": {"http_req_duration": ["p(95)<=300", " p(95)<=300"]},
            "slo": {"p95_ms": 300},
        }
    )

    assert asked_thresholds(test) == {"http_req_duration": ["p(95)<=300"]}


@pytest.mark.parametrize(
    ("availability", "expression"),
    [
        (0.999, "rate<=0.001"),
        (0.99999, "rate<=0.00001"),
        (1, "rate<=0"),
        (0, "rate<=1"),
        (0.9, "rate<=0.1"),
        (1e-7, "rate<=0.9999999"),
    ],
)
def test_availability_becomes_an_error_rate_without_binary_noise(
    availability: float, expression: str
) -> None:
    test = parse_load_test({"script": "x", "slo": {"availability": availability}})

    assert asked_thresholds(test) == {"http_req_failed": [expression]}


@pytest.mark.parametrize(
    ("expression", "compared"),
    [("p(95)<5", "p(95)"), (" p( 99.9 ) >= 1", "p(99.9)"), ("rate<0.1", "rate"), ("<5", "<5")],
)
def test_an_expression_tells_what_it_compares(expression: str, compared: str) -> None:
    assert aggregation(expression) == compared
