"""What a comparison says of runs beside which the machine had other work."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from k6_mcp.analysis.compare.compare import compare
from k6_mcp.analysis.compare.side import Side
from k6_mcp.models.comparison import Change, Comparison
from tests.analysis.compare.synthetic import Service, a_plan

_QUIET = Service(rate_per_s=40, waited_ms=1.0)
_BUSY = replace(_QUIET, waited_ms=30.0)
_SLOWER = replace(_QUIET, median_ms=90)


def compared(baseline: Service, candidate: Service, runs: int = 3) -> Comparison:
    return compare(baseline.sides(random.Random(1), runs), candidate.sides(random.Random(2), runs))


def changes(found: Comparison) -> dict[str, Change]:
    return {metric.metric: metric.change for metric in found.metrics}


@pytest.mark.parametrize(("baseline", "candidate"), [(_QUIET, _BUSY), (_BUSY, _QUIET)])
def test_what_k6_waited_for_a_cpu_is_no_change_of_the_target(baseline: Service, candidate: Service) -> None:
    unknown = compared(replace(baseline, waited_ms=None), replace(candidate, waited_ms=None, median_ms=candidate.median_ms + 30))
    found = compared(baseline, candidate)

    assert unknown.change == "regressed"
    assert found.change == "no_evidence"
    assert {metric.reason for metric in found.metrics if metric.metric == "med_ms"} == {
        "within what chance and waits for a CPU may do"
    }


def test_both_waits_stand_in_the_answer() -> None:
    found = compared(_QUIET, _BUSY)

    assert any("in the baseline 1 ms (" in note and "in the candidate 30 ms (" in note for note in found.notes), found.notes
    assert all("waits for a CPU" in metric.method for metric in found.metrics if metric.unit == "ms" and metric.method)


def test_more_than_the_waits_explain_is_a_change() -> None:
    assert compared(_QUIET, replace(_BUSY, median_ms=180)).change == "regressed"


def test_a_slower_target_is_found_though_its_baseline_waited_more() -> None:
    assert compared(replace(_QUIET, waited_ms=8.0), _SLOWER).change == "regressed"


def test_waits_that_are_alike_and_short_change_nothing() -> None:
    known, unknown = compared(_QUIET, _SLOWER), compared(replace(_QUIET, waited_ms=None), replace(_SLOWER, waited_ms=None))

    assert changes(known) == changes(unknown)
    assert known.notes == ()


def test_a_side_that_does_not_tell_its_waits_is_taken_for_one_that_waited_as_long() -> None:
    found = compared(replace(_QUIET, waited_ms=None), replace(_SLOWER, waited_ms=15.0))

    assert found.change == "regressed"
    assert any("in the baseline unknown" in note for note in found.notes)


def test_a_closed_model_that_does_less_because_k6_waited_has_not_regressed() -> None:
    plan = a_plan()
    closed = plan.model_copy(update={"scenarios": (plan.scenarios[0].model_copy(update={"executor": "constant-vus"}),)})
    less = replace(_QUIET, delivered=0.7)

    def sides(service: Service, seed: int) -> list[Side]:
        found = service.sides(random.Random(seed), 3)
        return [replace(side, run=side.run.model_copy(update={"plan": closed})) for side in found]

    assert changes(compare(sides(_QUIET, 1), sides(less, 2)))["requests_per_s"] == "regressed"
    assert changes(compare(sides(_QUIET, 1), sides(replace(less, waited_ms=30.0), 2)))["requests_per_s"] == "no_evidence"


def test_errors_are_compared_as_on_a_machine_left_alone() -> None:
    found = compared(_QUIET, replace(_BUSY, errors=0.1))

    assert (found.change, changes(found)["error_rate"]) == ("regressed", "regressed")


@pytest.mark.parametrize("runs", [1, 3])
def test_of_the_same_service_beside_work_that_comes_and_goes_one_pair_in_twenty_is_called_at_most(runs: int) -> None:
    chance, found = random.Random(9), Counter[Change]()

    def side() -> Sequence[Side]:
        return replace(_QUIET, waited_ms=chance.choice((1.0, 2.0, 8.0, 16.0, 40.0))).sides(chance, runs)

    found.update(compare(side(), side()).change for _ in range(100))

    assert found["regressed"] + found["improved"] <= 5
    assert found["not_comparable"] == 0
