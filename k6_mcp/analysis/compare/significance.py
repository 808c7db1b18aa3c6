"""The level at which each figure is tested: an evident figure passes its share of the level on to the others.

Within a family of figures this is Holm's procedure with weights (Holm 1979, "A simple sequentially rejective
multiple test procedure"). A family that is evident as a whole passes its share on to the other families (a
graph of Bretz, Maurer, Brannath, Posch 2009, "A graphical approach to sequentially rejective multiple test
procedures").

The levels of any set of figures that may all be unchanged add up to `LEVEL`, and no level falls when another
figure becomes evident. So this is a shortcut of the closed test (Marcus, Peritz, Gabriel 1976): the chance
that any unchanged figure is reported as changed is at most `LEVEL`, however the figures depend on each other.
That guarantee covers the decisions together. The intervals, each at the level of its figure, hold only one by
one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k6_mcp.analysis.compare.measures import ERROR_RATE, FAILED_CHECKS, ITERATIONS, LATENCIES, RATE

LEVEL = 0.05


@dataclass(frozen=True)
class Family:
    """Figures that answer one question: their share of the level, and their weights within it."""

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
    """Return the final test level of each figure; `tails` are the figures' two-sided P values.

    A figure is evident if its P value does not exceed its level.
    """
    final: dict[str, float] = {}
    left = set(tails)
    while left:
        shared = _shared(left)
        evident = {name for name in left if tails[name] <= shared[name]}
        final |= shared
        if not evident:
            break
        left -= evident
    return final


def _shared(left: Iterable[str]) -> Mapping[str, float]:
    """Return the level of each figure if exactly those in `left` may be unchanged."""
    families = [
        Family(family.share, {name: weight for name, weight in family.weights.items() if name in left})
        for family in FAMILIES
    ]
    whole = sum(family.share for family in families if family.weights)
    return {
        name: LEVEL * family.share / whole * weight / sum(family.weights.values())
        for family in families
        for name, weight in family.weights.items()
    }
