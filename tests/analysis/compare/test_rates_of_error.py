"""How often a comparison is wrong about simulated services, with fixed seeds.

It must report nothing where nothing changed, and must see changes.
"""

import random
from collections import Counter
from dataclasses import replace

import pytest

from k6_mcp.analysis.compare.compare import compare
from k6_mcp.models.comparison import Change
from tests.analysis.compare.synthetic import Service

pytestmark = pytest.mark.slow

_PAIRS = 200


def verdicts(baseline: Service, candidate: Service, runs: int, pairs: int, seed: int = 7) -> Counter[Change]:
    """Compare this many independent pairs of sides and count the answers."""
    chance = random.Random(seed)
    return Counter(
        compare(baseline.sides(chance, runs), candidate.sides(chance, runs)).change for _ in range(pairs)
    )


@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize(
    "service", [Service(rate_per_s=30, errors=0.01), Service(rate_per_s=40, seconds=5, run_to_run=0.05)]
)
def test_of_the_same_service_at_most_one_pair_in_twenty_is_called_changed(
    service: Service, runs: int
) -> None:
    found = verdicts(service, service, runs, _PAIRS)

    assert found["regressed"] + found["improved"] <= 0.05 * _PAIRS
    assert found["not_comparable"] == 0


@pytest.mark.parametrize(("factor", "expected"), [(1.3, "regressed"), (1 / 1.3, "improved")])
def test_thirty_percent_of_latency_are_found_with_three_repeats(factor: float, expected: Change) -> None:
    service = Service(rate_per_s=40)

    found = verdicts(service, replace(service, median_ms=service.median_ms * factor), 3, 40)

    assert found[expected] >= 36


def test_thirty_percent_show_in_the_p95_itself_with_three_repeats() -> None:
    """The level that median and average pass on decides this case.

    p95 alone rests on the slowest twentieth of the requests.
    """
    service, chance, found = (
        Service(rate_per_s=60, seconds=5, run_to_run=0.0, wander=0.03),
        random.Random(4),
        0,
    )
    for _ in range(60):
        sides = service.sides(chance, 3), replace(service, median_ms=service.median_ms * 1.3).sides(chance, 3)
        found += any(row.metric == "p95_ms" and row.change == "regressed" for row in compare(*sides).metrics)

    assert found >= 0.9 * 60


def test_two_percent_more_errors_are_found_with_three_repeats() -> None:
    service = Service(rate_per_s=40)

    assert verdicts(service, replace(service, errors=0.02), 3, 40)["regressed"] >= 36


def test_the_same_runs_give_the_same_answer() -> None:
    service, chance = Service(), random.Random(3)
    baseline, candidate = service.sides(chance, 3), service.sides(chance, 3)

    assert compare(baseline, candidate) == compare(baseline, candidate)
