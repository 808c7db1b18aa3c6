"""What makes figures unfit to call a run completed, and what does not."""

from collections.abc import Mapping
from typing import Any

import pytest

from k6_mcp.analysis.measure.breakdown import Breakdown
from k6_mcp.analysis.measure.failures import left_out, unjudged, with_all_failures
from k6_mcp.analysis.measure.witnesses import contradictions
from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.metrics import MetricRow, MetricType
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Plan
from lab.sample_runs import OPENING, counts, line, metrics, outcome, plan, record, rows, said

Values = Mapping[str, float]

HONEST: Mapping[str, tuple[MetricType, Values]] = {
    "http_reqs": ("counter", {"count": 100}),
    "http_req_duration": ("trend", {"count": 100}),
    "http_req_waiting": ("trend", {"count": 100}),
    "http_req_failed": ("rate", {"passes": 10, "fails": 90, "rate": 0.1}),
    "iterations": ("counter", {"count": 50}),
    "iteration_duration": ("trend", {"count": 50}),
    "dropped_iterations": ("counter", {"count": 0}),
    "data_received": ("counter", {"count": 1000}),
    "data_sent": ("counter", {"count": 1000}),
}


def _rows(facts: Mapping[str, tuple[MetricType, Values]]) -> dict[str, MetricRow]:
    return {
        name: MetricRow(name=name, type=type_, contains="default", values=values)
        for name, (type_, values) in facts.items()
    }


def _doubts(*, changed: Mapping[str, Values] | None = None, unanswered: int = 0, **facts: Any) -> list[str]:
    found: dict[str, tuple[MetricType, Values]] = {
        name: (type_, (changed or {}).get(name, values)) for name, (type_, values) in HONEST.items()
    }
    given: dict[str, Any] = {"completed": 50, **facts}
    return [*contradictions(_rows(found), Breakdown(100, (), (), unanswered), outcome(**given))]


@pytest.mark.parametrize(
    ("facts", "doubts"),
    [
        ({}, 0),
        ({"changed": {"data_received": {"count": 900}}}, 0),
        ({"changed": {"data_received": {"count": 899}}}, 1),
        ({"changed": {"data_received": {"count": 0}, "data_sent": {"count": 0}}}, 2),
        ({"changed": {"data_received": {"count": 0}, "data_sent": {"count": 0}}, "unanswered": 100}, 0),
        ({"changed": {"http_req_waiting": {"count": 101}}}, 1),
        ({"changed": {"http_req_failed": {"passes": 0, "fails": 0}}}, 0),
        ({"changed": {"http_req_failed": {"passes": 0, "fails": 101}}}, 1),
        ({"changed": {"iteration_duration": {"count": 49}}}, 1),
        ({"completed": 49}, 1),
        ({"completed": 48, "interrupted": 2}, 0),
        ({"completed": 51}, 1),
        ({"completed": None}, 0),
        ({"changed": {"dropped_iterations": {"count": -1}}}, 1),
        ({"changed": {"data_sent": {"count": 1000.5}}}, 1),
    ],
)
def test_what_no_honest_run_can_have_is_a_doubt(facts: Mapping[str, Any], doubts: int) -> None:
    assert len(found := _doubts(**facts)) == doubts, found


def _record_of(codes: Mapping[int, int], judged: Mapping[int, float]) -> dict[str, MetricRow]:
    facts: dict[str, tuple[MetricType, Values]] = {}
    facts |= {
        f"http_reqs{{error_code:{code}}}": ("counter", {"count": number}) for code, number in codes.items()
    }
    facts |= {
        f"http_req_failed{{error_code:{code}}}": ("rate", {"rate": rate}) for code, rate in judged.items()
    }
    return _rows(facts)


@pytest.mark.parametrize(
    ("passes", "fails", "codes", "judged", "more"),
    [
        (10, 90, {1500: 10}, {1500: 1.0}, 0),
        (0, 100, {1404: 30}, {1404: 0.0}, 0),
        (0, 100, {1212: 30}, {1212: 0.0}, 30),
        (0, 0, {1500: 100}, {}, 100),
        (0, 50, {1500: 20, 1212: 5}, {}, 25),
        (10, 60, {1500: 25}, {1500: 1.0}, 15),
        (10, 60, {1500: 5}, {1500: 1.0}, 0),
        (0, 100, {1500: 40}, {}, 40),
    ],
)
def test_failures_that_k6_does_not_count_are_counted_by_their_code(
    passes: int, fails: int, codes: Mapping[int, int], judged: Mapping[int, float], more: int
) -> None:
    own = _rows(
        {
            "http_reqs": ("counter", {"count": 100}),
            "http_req_failed": ("rate", {"passes": passes, "fails": fails}),
        }
    )
    recorded = _record_of(codes, judged)
    assert left_out(own, recorded, Breakdown.of(own, recorded, {})) == more
    assert unjudged(own, 100) == 100 - passes - fails
    whole = with_all_failures(own, 100, more)["http_req_failed"].values
    assert not more or (whole["passes"], whole["fails"], whole["rate"]) == (
        passes + more,
        100 - passes - more,
        (passes + more) / 100,
    )


def test_without_a_summary_the_rate_of_the_record_is_not_taken_for_less_than_its_last_digit() -> None:
    own = _rows(
        {"http_reqs": ("counter", {"count": 300_000}), "http_req_failed": ("rate", {"rate": 0.33333})}
    )
    recorded = _record_of({1500: 100_000}, {1500: 1.0})
    assert left_out(own, recorded, Breakdown.of(own, recorded, None)) == 0
    assert left_out({"http_reqs": own["http_reqs"]}, recorded, Breakdown.of(own, recorded, None)) == 100_000


def _kind(ended: Outcome, planned: Plan | None = None, **figures: Any) -> str | None:
    failure = judge(ended, metrics(**figures), planned).failure
    return failure.kind if failure else None


def test_k6_that_stood_still_for_a_tenth_of_the_run_completes_none() -> None:
    assert _kind(outcome(seconds=14, paused_s=10)) == "stopped_externally"
    assert _kind(outcome(seconds=14, paused_s=1.3)) is None
    assert "generator_paused" in {
        notice.code for notice in judge(outcome(seconds=14, paused_s=1.3), metrics(), None).warnings
    }
    assert _kind(outcome(seconds=2, paused_s=0.8)) is None


def test_iterations_that_k6_never_came_to_are_load_that_was_not_delivered() -> None:
    planned = plan(expected_iterations=300)
    assert _kind(outcome(completed=300), planned, iterations=300) is None
    assert _kind(outcome(completed=297), planned, iterations=297) is None
    assert _kind(outcome(completed=290), planned, iterations=290) == "load_not_delivered"
    assert _kind(outcome(completed=49), planned, iterations=28, iterations_dropped=21) == "load_not_delivered"
    assert (
        _kind(outcome(completed=290, interrupted=10), planned, iterations=290, iterations_interrupted=10)
        is None
    )


def test_contradictions_complete_no_run_and_those_of_one_file_alone_do() -> None:
    assert _kind(outcome(), more={"warnings": ("figures_contradicted: too few bytes",)}) == "script_error"
    assert (
        _kind(
            outcome(),
            source="record",
            more={"warnings": ("summary_contradicted: a", "summary_contradicted: b")},
        )
        == "script_error"
    )
    assert _kind(outcome(), source="export", more={"warnings": ("summary_contradicted: a",)}) is None


def test_a_target_that_only_redirects_fails_unless_that_is_expected() -> None:
    looped = outcome(log=said(redirects_given_up=9, requests_given_up=99))
    assert _kind(looped) is None
    assert _kind(looped, requests=99) == "target_failing"
    assert _kind(looped, failed_requests=1, error_rate=0.01) == "target_failing"
    assert judge(looped, metrics(requests=99), None, expects_redirects=True).status == "completed"


def test_a_gap_in_the_time_series_is_where_k6_stood_still() -> None:
    steady = (*OPENING, *(line("snapshot", rows(1000 * at, counts(40, 4, 4))) for at in (1, 2, 3)))
    late = (*steady, line("snapshot", rows(13_000, counts(40, 4, 4))))
    assert record(steady).stood_still is None
    assert record(late).stood_still == (3.0, 13.0)
