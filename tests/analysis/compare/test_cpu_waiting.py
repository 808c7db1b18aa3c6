"""What a comparison says of runs in which other work on the machine held k6 up."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from k6_mcp.analysis.compare.compare import compare
from k6_mcp.analysis.compare.side import Side
from k6_mcp.models.comparison import Change, Comparison, MetricChange
from tests.analysis.compare.synthetic import Service, a_plan

_ALONE = Service(rate_per_s=40, waited_ms=2.0)
_BESIDE = replace(_ALONE, waited_ms=20.0)
_UNKNOWN = replace(_ALONE, waited_ms=None)


def compared(baseline: Service, candidate: Service, runs: int = 3) -> Comparison:
    return compare(baseline.sides(random.Random(1), runs), candidate.sides(random.Random(2), runs))


def row(found: Comparison, name: str) -> MetricChange:
    return next(metric for metric in found.metrics if metric.metric == name)


@pytest.mark.parametrize(("baseline", "candidate"), [(_ALONE, _BESIDE), (_BESIDE, _ALONE)])
def test_latency_of_runs_that_were_held_up_is_no_evidence(baseline: Service, candidate: Service) -> None:
    found = compared(baseline, candidate)

    assert compared(_UNKNOWN, replace(_UNKNOWN, median_ms=_UNKNOWN.median_ms + 20)).change == "regressed"
    assert found.change == "no_evidence"
    assert row(found, "p95_ms").reason == "within what other work on the machine may do"
    assert "waits for a CPU" in (row(found, "p95_ms").method or "")


def test_both_waits_stand_in_the_answer() -> None:
    notes = compared(_ALONE, _BESIDE).notes

    assert any(
        "waited for a CPU 76.2 % of its time in the baseline and 97 % in the candidate" in note
        for note in notes
    ), notes


def test_a_latency_many_times_as_high_is_a_change_beside_other_work_too() -> None:
    assert compared(_BESIDE, replace(_BESIDE, median_ms=400)).change == "regressed"


def test_what_k6_waits_on_a_machine_left_alone_changes_nothing() -> None:
    slower = replace(_ALONE, median_ms=80)
    known, unknown = (
        compared(_ALONE, slower),
        compared(replace(_ALONE, waited_ms=0.0), replace(slower, waited_ms=0.0)),
    )

    assert [(metric.change, metric.method) for metric in known.metrics] == [
        (one.change, one.method) for one in unknown.metrics
    ]
    assert known.change == "regressed"
    assert known.notes == ()


def test_a_side_kept_by_an_older_version_is_compared_and_said_to_be_unknown() -> None:
    notes = compared(_UNKNOWN, _BESIDE).notes

    assert any("an unknown part of its time in the baseline" in note for note in notes), notes


def test_a_closed_model_that_does_less_while_k6_was_held_up_has_not_regressed() -> None:
    plan = a_plan()
    closed = plan.model_copy(
        update={"scenarios": (plan.scenarios[0].model_copy(update={"executor": "constant-vus"}),)}
    )
    less = replace(_ALONE, delivered=0.7)

    def sides(service: Service, seed: int) -> list[Side]:
        found = service.sides(random.Random(seed), 3)
        return [replace(side, run=side.run.model_copy(update={"plan": closed})) for side in found]

    assert row(compare(sides(_ALONE, 1), sides(less, 2)), "requests_per_s").change == "regressed"
    assert (
        row(compare(sides(_ALONE, 1), sides(replace(less, waited_ms=40.0), 2)), "requests_per_s").change
        == "no_evidence"
    )


def test_errors_are_compared_as_on_a_machine_left_alone() -> None:
    found = compared(_ALONE, replace(_BESIDE, errors=0.1))

    assert (found.change, row(found, "error_rate").change) == ("regressed", "regressed")


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, 3])
def test_of_the_same_service_beside_work_that_comes_and_goes_one_pair_in_twenty_is_called_at_most(
    runs: int,
) -> None:
    chance = random.Random(9)

    def side() -> Sequence[Side]:
        return replace(_ALONE, waited_ms=chance.choice((0.5, 2.0, 8.0, 12.0, 20.0))).sides(chance, runs)

    found = Counter[Change](compare(side(), side()).change for _ in range(100))

    assert found["regressed"] + found["improved"] <= 5
    assert found["not_comparable"] == 0
