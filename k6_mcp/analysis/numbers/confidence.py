"""How certain a finding is, from 0 to 1, by formulas over how much was observed and how strong it is.

- A share of requests against a limit: 1 - P(at least as many failures by chance, if the limit were the true
  share), by the exact binomial test; above 1000 requests by its normal approximation.
- The average of a run against a limit: 1 - P(it is this high by the accident of which requests were made),
  by Student's test of a mean with the largest deviation that the percentiles allow. Answers are assumed to
  be independent of each other.
- A percentile against a limit: the test of a share, for the requests above the limit (as with order
  statistics of a quantile: p95 is above the limit if more than 5 % of the requests are).
- A figure against its usual value, or an effect against the least that counts: n / (n + n0) * (1 - limit /
  (2 * observed)). The first factor grows with the samples (one half at n0). The second is one half at the
  limit and grows with the distance to it.
- A pattern in time: 1 - P(the pattern by chance); each rule documents how it computes that.
- A fact (a threshold that is missing): 1.
"""

from math import erfc, exp, lgamma, log, sqrt

from k6_mcp.analysis.numbers.student import two_sided_tail

_EXACT_UP_TO = 1000
# Nothing that was measured only once is certain
_MOST = 0.99


def above_share(failed: int, of: int, limit: float) -> float:
    """Return how certain it is that the true share is above `limit`, with `failed` of `of` observed."""
    if of <= 0:
        return 0.0
    if limit <= 0 or limit >= 1:
        return _MOST if failed / of > limit else 0.0
    if of > _EXACT_UP_TO:
        return min(_MOST, 1 - upper_tail((failed / of - limit) / sqrt(limit * (1 - limit) / of)))
    by_chance = sum(
        exp(_log_choose(of, k) + k * log(limit) + (of - k) * log(1 - limit)) for k in range(failed, of + 1)
    )
    return min(_MOST, max(0.0, 1 - by_chance))


def above_mean(mean: float, limit: float, deviation: float, samples: float) -> float:
    """Return how certain it is that the true average is above `limit`.

    `mean` is the average of `samples` values. The result is 0 for a single value, which has no spread.
    """
    if samples < 2 or mean <= limit:
        return 0.0
    if deviation <= 0:
        return _MOST
    t = (mean - limit) / (deviation / sqrt(samples - 1))
    return min(_MOST, 1 - two_sided_tail(t, samples - 1) / 2)


def above(observed: float, limit: float, samples: float, half_at: float) -> float:
    """Return how certain it is that a figure is above its limit and not by accident.

    It was observed in `samples`. With `half_at` samples the certainty is half of what many samples would
    give.
    """
    if samples <= 0 or observed <= 0:
        return 0.0
    return min(_MOST, samples / (samples + half_at) * (1 - max(limit, 0.0) / (2 * observed)))


def unlike_chance(by_chance: float) -> float:
    """Return the certainty of a pattern that chance would show with probability `by_chance`."""
    return min(_MOST, max(0.0, 1 - by_chance))


def upper_tail(z: float) -> float:
    """Return the probability that a standard normal value is above `z`."""
    return erfc(z / sqrt(2)) / 2


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
