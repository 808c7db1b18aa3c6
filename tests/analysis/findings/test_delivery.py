from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from k6_mcp.models.findings import Finding
from k6_mcp.models.metrics import EndpointFigures, ErrorCount, Generator
from k6_mcp.models.run import Asked
from lab.sample_runs import latency, metrics, plan, threshold
from lab.sample_timelines import QUIET, Second, closed, open_, timeline
from tests.analysis.findings.found import found, rows


def _dropping(
    describe: Any = None,
    more: dict[str, Any] | None = None,
    vus: int = 10,
    pool: int | None = None,
    iteration_ms: float = 400.0,
    rule: str = "load_not_delivered",
    asked: Asked | None = None,
) -> Finding | None:
    """200 of 1000 iterations were dropped in the last third."""
    iteration = rows(iteration_duration={"avg": iteration_ms, "med": iteration_ms})
    measured = metrics(
        threshold(),
        requests=800,
        iterations=800,
        iterations_dropped=200,
        vus_allocated=vus,
        more={"rows": iteration, **(more or {})},
    )
    usual = timeline(30, describe or (lambda i: Second(p50_ms=400, dropped=20 if i >= 20 else 0)))
    return found(usual, open_(30, 50, vus=pool or vus), measured, asked).get(rule)


def test_vus_that_were_made_during_the_test_are_the_cause_while_the_pool_is_not_used_up() -> None:
    finding = _dropping(vus=10, pool=40)

    assert finding
    assert (
        "likely cause: k6 dropped an iteration for each VU it had to allocate during the test"
        in finding.message
    )
    assert "preallocate 15 VUs" in finding.recommendation
    assert _dropping(vus=10, pool=40, rule="generator_saturated") is None


def test_a_pool_that_is_too_small_is_the_cause_when_latency_stays_the_same() -> None:
    finding = _dropping()

    assert finding and finding.severity == "critical"
    assert (
        "200 of 1000 planned iterations (20 %) were not started; likely cause: the VU pool was exhausted"
        in finding.message
    )
    assert (finding.evidence[0].from_s, finding.evidence[0].to_s) == (20.0, 30.0)
    assert "a script whose scenario has maxVUs 30" in finding.recommendation


@pytest.mark.parametrize(
    "asked", [Asked(origin="text", rate_per_s=50.0), Asked(origin="preset", url="http://a")]
)
def test_more_vus_are_advised_as_arguments_only_where_the_load_came_from_arguments(asked: Asked) -> None:
    finding = _dropping(asked=asked)

    assert finding and "use execute_k6_test with vus 30 in addition to rate_per_s" in finding.recommendation


def test_a_target_that_became_slow_is_the_cause_when_latency_rose_before_vus_ran_out() -> None:
    def describe(i: int) -> Second:
        return Second(p50_ms=400, dropped=20) if i >= 20 else Second(p50_ms=40)

    finding = _dropping(describe, iteration_ms=170)

    assert finding and "the target became slow" in finding.message


def test_no_number_of_vus_is_told_where_not_one_iteration_finished() -> None:
    measured = metrics(
        threshold(),
        requests=0,
        iterations=0,
        iterations_interrupted=10,
        iterations_dropped=40,
        vus_allocated=10,
    )
    told = found(timeline(10, lambda i: replace(QUIET, dropped=4)), open_(10, 5, vus=10), measured)

    finding = told["load_not_delivered"]
    assert "likely cause: no iteration finished, so 10 VUs stayed busy" in finding.message
    assert "whether the target answers at all" in finding.recommendation
    assert finding.evidence[1].note == "the number needed is not known"
    assert "generator_saturated" not in told


def _short_from_the_start(latency_ms: Callable[[int], float], rate: float, pool: int) -> set[str]:
    """Return the cause that is blamed, and `generator_saturated` if it is reported.

    The first half of the load is delivered, and the pool is in use from the beginning.
    """
    average = sum(map(latency_ms, range(20))) / 20
    measured = metrics(
        threshold(),
        requests=1000,
        iterations=1000,
        iterations_dropped=800,
        vus_allocated=pool,
        more={"rows": rows(iteration_duration={"avg": average, "med": average})},
    )
    usual = timeline(20, lambda i: Second(p50_ms=latency_ms(i), dropped=40))
    told = found(usual, open_(20, rate, vus=pool), measured)
    blamed = next(
        word
        for word in ("slow throughout", "became slow", "pool was exhausted")
        if word in told["load_not_delivered"].message
    )
    return {blamed, *(["generator_saturated"] if "generator_saturated" in told else [])}


def test_a_target_that_became_slow_while_vus_were_short_all_along_is_to_blame() -> None:
    assert _short_from_the_start(lambda i: 300 + 150 * min(i, 2), 100, 50) == {"became slow"}


def test_a_target_that_is_far_too_slow_is_to_blame_when_the_pool_had_room_for_one_within_the_limit() -> None:
    assert _short_from_the_start(lambda _: 5000, 40, 100) == {"slow throughout"}


def test_a_pool_that_has_no_room_for_a_target_within_the_limit_is_to_blame() -> None:
    assert _short_from_the_start(lambda _: 1500, 40, 50) == {"pool was exhausted", "generator_saturated"}


def test_a_pool_that_was_used_up_is_a_limit_of_the_generator_and_a_slow_target_is_not() -> None:
    finding = _dropping(rule="generator_saturated")

    assert finding and "all 10 VUs were busy when 200 iterations should have started" in finding.message

    def slow(i: int) -> Second:
        return Second(p50_ms=400, dropped=20) if i >= 20 else Second(p50_ms=40)

    assert _dropping(slow, iteration_ms=170, rule="generator_saturated") is None


def test_a_generator_without_cpu_is_the_cause_before_anything_else() -> None:
    finding = _dropping(more={"generator": Generator(cpu_s=60, cores=2, cpu_share=0.97)})

    assert finding and "k6 itself ran out of CPU" in finding.message


def test_a_dropped_iteration_in_a_thousand_is_not_told() -> None:
    measured = metrics(threshold(), iterations=2000, iterations_dropped=2)

    assert "load_not_delivered" not in found(None, open_(), measured)


def test_a_closed_model_does_not_drop() -> None:
    assert "load_not_delivered" not in found(None, closed(), metrics(threshold(), iterations_dropped=50))


@pytest.mark.parametrize(("share", "told"), [(0.5, False), (0.9, True)])
def test_a_busy_generator_is_told_above_its_limit(share: float, told: bool) -> None:
    measured = metrics(
        threshold(), wall_s=30.0, more={"generator": Generator(cpu_s=10, cores=4, cpu_share=share)}
    )

    assert ("generator_saturated" in found(measured=measured)) == told


def test_a_generator_out_of_file_descriptors_is_saturated() -> None:
    errors = (ErrorCount(code=1213, meaning="x", count=30),)
    finding = found(measured=metrics(threshold(), more={"errors": errors}))["generator_saturated"]

    assert "30 connections could not be opened" in finding.message and "ulimit -n" in finding.recommendation


def _closed(med_ms: float, min_ms: float, iteration_ms: float, **more: Any) -> bool:
    measured = metrics(
        threshold(),
        requests=1000,
        iterations=1000,
        iterations_per_s=100.0,
        latency=latency(avg_ms=med_ms, med_ms=med_ms, min_ms=min_ms),
        more={"rows": rows(iteration_duration={"avg": iteration_ms, "med": iteration_ms}), **more},
    )
    return "throughput_low_for_vus" in found(None, closed(), measured)


def test_vus_that_wait_in_line_make_less_than_they_could() -> None:
    assert _closed(200, 10, 200)


def test_what_vus_could_make_without_waiting_has_two_digits() -> None:
    measured = metrics(
        threshold(),
        requests=1000,
        iterations=1000,
        iterations_per_s=1.0,
        latency=latency(avg_ms=200.0, med_ms=200.0, min_ms=10.7),
        more={"rows": rows(iteration_duration={"avg": 200.0, "med": 200.0})},
    )
    message = found(None, closed(), measured)["throughput_low_for_vus"].message

    assert "made 1 iterations/s; with answers in 11 ms" in message
    assert "they could make 19: requests wait in line" in message


def test_vus_that_think_are_not_waiting_in_line() -> None:
    assert not _closed(200, 10, 2000)


def test_a_slow_target_without_a_line_is_not_told() -> None:
    assert not _closed(200, 150, 200)


def test_endpoints_of_different_speed_are_no_line() -> None:
    names = tuple(
        EndpointFigures(name=name, requests=500, failed=0, avg_ms=avg)
        for name, avg in (("a", 10), ("b", 400))
    )

    assert not _closed(200, 10, 200, endpoints=names)


def test_without_a_plan_nothing_is_said_about_its_load() -> None:
    assert found(None, None, metrics(threshold(), iterations_dropped=50)) == {}
    assert found(None, plan()) == {}


@pytest.mark.parametrize(("cap", "is_cause"), [(42, True), (43, False), (None, False)])
def test_a_cap_is_the_cause_where_the_rate_of_requests_reached_it(cap: int | None, is_cause: bool) -> None:
    def describe(i: int) -> Second:
        return Second(p50_ms=400, dropped=20 if i >= 20 else 0)

    planned = open_(30, 50, vus=10).model_copy(update={"rps": cap})
    measured = metrics(threshold(), requests=800, iterations=800, iterations_dropped=200, vus_allocated=10)
    finding = found(timeline(30, describe), planned, measured)["load_not_delivered"]

    assert ("the cap on requests per second" in finding.message) is is_cause
