"""How much of a difference between two sides could be chance.

It combines repeats, earlier runs, intervals and an assumed floor. The spread between two or three repeats is
unbiased but imprecise. Intervals are many but do not show what changes from run to run. Both are weighted by
how precise they are (moderated variance: Smyth 2004, "Linear models and empirical Bayes methods"; degrees of
freedom of a sum: Satterthwaite 1946). If the repeats contradict everything else, only they count.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# Quantile of the differences between neighboring runs, and the normal deviation that this share stays within
_MOST_STEPS = 0.8
_MOST_NORMAL = 1.2816
ENOUGH_HISTORY = 5
_MOST_PRIOR_DF = 12.0
# One-sided
_NORMAL_99 = 2.326
_ASSUMED_DF = 20.0


@dataclass(frozen=True)
class Part:
    """A variance and its degrees of freedom."""

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
    """Return the noise of mean(candidate) - mean(baseline), with one value per run.

    `within` is the variance of that difference that the intervals or counts show, `lowest` its lower bound
    (sampling alone). `run_to_run` is the assumed standard deviation between runs, used unless `history`,
    values of earlier runs, shows it. `time_to_time` is the standard deviation of the difference between two
    times, which no repeat shows. `seen` names the source of `within`, `assumed` describes `run_to_run`.
    """
    pairs = 1 / len(baseline) + 1 / len(candidate)
    earlier = _successive(history)
    if earlier is not None:
        prior = max(within, Part(earlier.variance * pairs, earlier.df), key=_by_variance)
        source = f"{seen}, {len(history)} earlier runs"
    else:
        prior = _sum(within, Part(run_to_run**2 * pairs, _ASSUMED_DF))
        source = f"{seen}, {assumed}"
    apart = Part(time_to_time**2, _ASSUMED_DF)
    repeats = len(baseline) + len(candidate) - 2
    if not repeats:
        return _noise(prior, lowest, apart, f"Student t on {source}")
    between = Part(_pooled(baseline, candidate) * pairs, repeats)
    moderated = _moderated(between, prior)
    method = f"Student t on {len(baseline)} + {len(candidate)} runs, {source}"
    return _noise(moderated, lowest, apart, method)


def _by_variance(part: Part) -> tuple[float, float]:
    return part.variance, part.df


def _noise(part: Part, lowest: float, apart: Part, method: str) -> Noise:
    whole = _sum(Part(max(part.variance, lowest), part.df), apart)
    return Noise(math.sqrt(whole.variance), whole.df, method)


def contradicts(seen: Part, expected: float) -> bool:
    """Return whether a variance exceeds `expected` by more than chance does in 1 % of cases.

    Source: chi-square approximation by Wilson and Hilferty, 1931.
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
    """Return the variance between runs from differences of neighbors in time, by one of their quantiles.

    Source: von Neumann 1941. A lasting change of the target is one large difference among many, which a
    quantile ignores. It does reflect that runs are disturbed now and then.
    """
    if len(history) < ENOUGH_HISTORY:
        return None
    steps = sorted(abs(after - before) for before, after in pairwise(history))
    deviation = steps[int(_MOST_STEPS * len(steps))] / _MOST_NORMAL / math.sqrt(2)
    return Part(deviation**2, max(2.0, len(steps) / 3))
