"""At which level each figure is tested: what is evident passes its share of the level on to the figures that
are not.

Inside a family of figures this is Holm's procedure with weights (Holm 1979, "A simple sequentially rejective
multiple test procedure"); a family that is evident as a whole passes its share on to the other ones (a graph
of Bretz, Maurer, Brannath, Posch 2009, "A graphical approach to sequentially rejective multiple test
procedures"). The levels of any figures that may all be unchanged add up to `LEVEL`, and none falls when
another figure becomes evident; so this is a shortcut of the closed test (Marcus, Peritz, Gabriel 1976), and
the chance that any unchanged figure is called changed is at most `LEVEL`, however the figures depend on each
other. The decisions hold together; the intervals, each at the level of its figure, hold one by one.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from k6_mcp.analysis.compare.measures import ERROR_RATE, FAILED_CHECKS, ITERATIONS, LATENCIES, RATE

LEVEL = 0.05


class Family(NamedTuple):
    """Figures that answer one question: its share of the level, and how they weigh against each other."""

    share: float
    weights: Mapping[str, float]


# p95 weighs as much as all other latencies
_FIRST = LATENCIES[0].name
FAMILIES = (
    Family(0.4, {ERROR_RATE.name: 1, FAILED_CHECKS.name: 1}),
    Family(0.1, {RATE.name: 1, ITERATIONS.name: 1}),
    Family(0.5, {measure.name: len(LATENCIES) - 1 if measure.name == _FIRST else 1 for measure in LATENCIES}),
)


def levels(tails: Mapping[str, float]) -> Mapping[str, float]:
    """Return the level that each figure is finally tested at, of its two-sided P value in `tails`; evident is
    what is not above it.
    """
    found: dict[str, float] = {}
    left = set(tails)
    while left:
        shared = _shared(left)
        evident = {name for name in left if tails[name] <= shared[name]}
        found |= shared
        if not evident:
            break
        left -= evident
    return found


def _shared(left: Iterable[str]) -> Mapping[str, float]:
    """The level of each figure where exactly those in `left` may be unchanged."""
    families = [
        Family(share, {name: weights[name] for name in weights if name in left})
        for share, weights in FAMILIES
    ]
    whole = sum(family.share for family in families if family.weights)
    return {
        name: LEVEL * family.share / whole * weight / sum(family.weights.values())
        for family in families
        for name, weight in family.weights.items()
    }
