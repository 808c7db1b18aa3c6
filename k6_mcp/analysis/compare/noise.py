"""How far a difference between two sides may be chance: repeats, earlier runs, intervals and an assumed floor
taken together.

The spread between repeats is right but, from two or three of them, vague; intervals are many but do not see
what changes from run to run. Both are weighted by what they know (moderated variance: Smyth 2004, "Linear
models and empirical Bayes methods"; degrees of freedom of a sum: Satterthwaite 1946); where the repeats
contradict everything else, they alone count.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_MOST_STEPS = (
    # Of the differences between neighbouring runs, and the normal deviation that so many stay within
    0.8
)
_MOST_NORMAL = 1.2816
ENOUGH_HISTORY = 5
_MOST_PRIOR_DF = 12.0
# One-sided
_NORMAL_99 = 2.326
_ASSUMED_DF = 20.0


class Part(NamedTuple):
    """A variance and the degrees of freedom that it is known with."""

    variance: float
    df: float


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard error of a difference, its degrees of freedom, and where they come from."""

    error: float
    df: float
    method: str


def combined(
    baseline: Sequence[float],
    candidate: Sequence[float],
    within: Part,
    *,
    lowest: float,
    run_to_run: float,
    time_to_time: float,
    history: Sequence[float],
    seen: str,
    assumed: str,
) -> Noise:
    """Return the noise of mean(candidate) - mean(baseline), one value per run.

    `within` is the variance of that difference that the intervals or counts show, `lowest` what it is at
    least (sampling alone), `run_to_run` the assumed standard deviation between runs, used unless `history`,
    values of earlier runs, tells; `time_to_time` that of the difference between two times, which no repeat
    shows. `seen` says where `within` comes from, `assumed` what `run_to_run` is.
    """
    pairs = 1 / len(baseline) + 1 / len(candidate)
    earlier = _successive(history)
    if earlier is not None:
        prior = max(within, Part(earlier.variance * pairs, earlier.df))
        source = f"{seen}, {len(history)} earlier runs"
    else:
        prior = _sum(within, Part(run_to_run**2 * pairs, _ASSUMED_DF))
        source = f"{seen}, {assumed}"
    apart = Part(time_to_time**2, _ASSUMED_DF)
    repeats = len(baseline) + len(candidate) - 2
    if not repeats:
        return _noise(prior, lowest, apart, f"Student t on {source}")
    between = Part(_pooled(baseline, candidate) * pairs, repeats)
    found = _moderated(between, prior)
    method = f"Student t on {len(baseline)} + {len(candidate)} runs, {source}"
    return _noise(found, lowest, apart, method)


def _noise(found: Part, lowest: float, apart: Part, method: str) -> Noise:
    whole = _sum(Part(max(found.variance, lowest), found.df), apart)
    return Noise(math.sqrt(whole.variance), whole.df, method)


def contradicts(seen: Part, expected: float) -> bool:
    """Return whether a variance is larger than `expected` by more than chance does in 1 % of cases
    (chi-square; Wilson, Hilferty 1931).
    """
    step = 2 / (9 * seen.df)
    return seen.variance > expected * (1 - step + _NORMAL_99 * math.sqrt(step)) ** 3


def _moderated(between: Part, prior: Part) -> Part:
    if contradicts(between, prior.variance):
        return between
    df = min(prior.df, _MOST_PRIOR_DF)
    variance = (df * prior.variance + between.df * between.variance) / (df + between.df)
    return Part(variance, prior.df + between.df)


def _sum(first: Part, second: Part) -> Part:
    total = first.variance + second.variance
    if not total:
        return Part(0.0, min(first.df, second.df))
    return Part(total, total**2 / (first.variance**2 / first.df + second.variance**2 / second.df))


def _pooled(baseline: Sequence[float], candidate: Sequence[float]) -> float:
    squares = sum((value - statistics.fmean(side)) ** 2 for side in (baseline, candidate) for value in side)
    return squares / (len(baseline) + len(candidate) - 2)


def _successive(history: Sequence[float]) -> Part | None:
    """The variance between runs from differences of neighbours in time (von Neumann 1941), by one of their
    quantiles.

    A lasting change of the target is one large difference among many, which a quantile does not see, while it
    does see that runs are disturbed now and then.
    """
    if len(history) < ENOUGH_HISTORY:
        return None
    steps = sorted(abs(after - before) for before, after in pairwise(history))
    deviation = steps[int(_MOST_STEPS * len(steps))] / _MOST_NORMAL / math.sqrt(2)
    return Part(deviation**2, max(2.0, len(steps) / 3))
