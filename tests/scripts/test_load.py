"""Load arguments as k6 scenarios."""

from fractions import Fraction

import pytest

from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.duration import parse_duration_s
from k6_mcp.scripts.load import arrival_rate, asked_load, url_load, whole_rate


@pytest.mark.parametrize(
    ("rate_per_s", "rate", "time_unit"),
    [
        (5, 5, "1s"),
        (500.0, 500, "1s"),
        (2.5, 5, "2s"),
        (0.1, 1, "10s"),
        (33.333, 33333, "1000s"),
        (0.001, 1, "1000s"),
    ],
)
def test_a_rate_becomes_whole_in_a_longer_unit(rate_per_s: float, rate: int, time_unit: str) -> None:
    assert whole_rate(rate_per_s) == (rate, time_unit)


@pytest.mark.parametrize(
    "rate_per_s", [0.3333333, 1e-4, 7e-5, 1.23456789, 999.99999, 1 / 7, 0.0015, 1e-9, 12345.678901]
)
def test_any_rate_is_met_within_a_thousandth(rate_per_s: float) -> None:
    rate, time_unit = whole_rate(rate_per_s)

    assert rate >= 1
    assert float(Fraction(rate) / Fraction(str(parse_duration_s(time_unit)))) == pytest.approx(
        rate_per_s, rel=1e-3
    )


@pytest.mark.parametrize(
    ("rate_per_s", "vus", "allocated", "pool"),
    [
        (5, None, 3, 10),
        (50, None, 25, 100),
        (500, None, 250, 1000),
        (5000, None, 1000, 1000),
        (0.1, None, 1, 1),
        (100, 7, 7, 7),
    ],
)
def test_the_pool_covers_answers_of_two_seconds(
    rate_per_s: float, vus: int | None, allocated: int, pool: int
) -> None:
    scenario = arrival_rate(rate_per_s, " 30s ", vus)

    assert (scenario["preAllocatedVUs"], scenario["maxVUs"], scenario["duration"]) == (allocated, pool, "30s")


def test_without_load_arguments_a_script_keeps_its_load() -> None:
    assert asked_load(parse_load_test({"script": "x"})) is None


def test_a_number_of_vus_that_was_not_asked_for_is_left_to_the_script() -> None:
    assert asked_load(parse_load_test({"script": "x", "duration": "5s"})) == {
        "executor": "constant-vus",
        "duration": "5s",
    }
    assert asked_load(parse_load_test({"script": "x", "iterations": 5})) == {
        "executor": "shared-iterations",
        "iterations": 5,
    }


def test_a_duration_alone_changes_only_the_length_of_a_preset() -> None:
    scenario = url_load(parse_load_test({"url": "http://a", "preset": "medium", "duration": "10s"}))

    assert (scenario["executor"], scenario["rate"], scenario["duration"]) == (
        "constant-arrival-rate",
        50,
        "10s",
    )


def test_a_rate_has_the_duration_that_was_given() -> None:
    scenario = asked_load(parse_load_test({"url": "http://a", "rate_per_s": 5, "duration": "7s"}))

    assert scenario is not None and scenario["duration"] == "7s"
