"""How the level of 5 % is shared out among the figures of a comparison."""

import random

import pytest

from k6_mcp.analysis.compare.significance import FAMILIES, LEVEL, levels

NAMES = tuple(name for family in FAMILIES for name in family.weights)
LATENCY = ("p95_ms", "med_ms", "avg_ms", "p99_ms")
_TRIES = 4000


def test_figures_that_show_nothing_have_levels_that_add_up_to_the_whole() -> None:
    assert sum(levels(dict.fromkeys(NAMES, 1.0)).values()) == pytest.approx(LEVEL)


def test_p95_gets_half_of_the_level_of_latency() -> None:
    found = levels(dict.fromkeys(("error_rate", "requests_per_s", *LATENCY), 1.0))

    assert found["p95_ms"] == pytest.approx(LEVEL / 4)
    assert found["med_ms"] == found["avg_ms"] == found["p99_ms"]


def test_an_evident_figure_passes_its_level_on_to_those_that_answer_the_same_question() -> None:
    found = levels(
        dict.fromkeys(("error_rate", "requests_per_s", "p95_ms"), 1.0) | {"med_ms": 1e-9, "avg_ms": 1e-9}
    )

    assert found["p95_ms"] == pytest.approx(LEVEL / 2)
    assert found["error_rate"] == pytest.approx(0.4 * LEVEL)


def test_a_figure_that_just_misses_its_own_share_is_evident_with_that_of_others() -> None:
    alone = levels({"p95_ms": 0.02, "med_ms": 1.0, "avg_ms": 1.0, "error_rate": 1.0})
    beside = levels({"p95_ms": 0.02, "med_ms": 1e-9, "avg_ms": 1e-9, "error_rate": 1.0})

    assert alone["p95_ms"] < 0.02 < beside["p95_ms"]


def test_what_is_evident_as_a_whole_leaves_its_level_to_the_other_questions() -> None:
    assert levels({"error_rate": 1.0, "p95_ms": 1e-9, "med_ms": 1e-9})["error_rate"] == pytest.approx(LEVEL)


def test_another_evident_figure_lowers_no_level_and_takes_back_no_verdict() -> None:
    chance = random.Random(5)
    for _ in range(500):
        tails = {name: chance.choice((1e-9, 0.004, 0.02, 0.3)) for name in NAMES if chance.random() < 0.8}
        before = levels(tails)
        for name in tails:
            after = levels(tails | {name: 1e-12})
            evident = {other for other in tails if tails[other] <= before[other]}
            assert evident <= {other for other in tails if tails[other] <= after[other] or other == name}
            assert all(after[other] >= before[other] - 1e-12 for other in tails.keys() - evident - {name})


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed", [(), ("med_ms",), ("med_ms", "avg_ms", "p99_ms"), LATENCY, ("error_rate", "med_ms")]
)
@pytest.mark.parametrize("alike", [True, False])
def test_unchanged_figures_are_called_in_one_of_twenty_at_most_whatever_changed(
    changed: tuple[str, ...], alike: bool
) -> None:
    """P values of unchanged figures are uniform.

    `alike` draws one value for all of them, which is the strongest dependence.
    """
    chance, wrong = random.Random(11), 0
    for _ in range(_TRIES):
        shared = chance.random()
        tails = {name: 1e-9 if name in changed else shared if alike else chance.random() for name in NAMES}
        found = levels(tails)
        wrong += any(tails[name] <= found[name] for name in NAMES if name not in changed)

    assert wrong / _TRIES <= LEVEL + 0.01
