"""Arithmetic with k6's percentiles: several groups of requests combined, or a group without a part of it.

Between the statistics that k6 states (min, med, percentiles, max), the distribution function F of a group is
assumed to be piecewise linear, that is, values are evenly spread. Equal statistics make it jump. Counts of
groups can be added and subtracted (`N F(x) - sum n_i F_i(x)`, the inversion of a mixture of distributions),
and the result is inverted at the requested shares. The average of a sum or a difference is exact. It also
determines the ends that no statistic states. Statistics have k6's names (`avg`, `min`, `med`, `max`,
`p(95)`), in any unit.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import sqrt

Quantiles = Mapping[str, float]
Knots = list[tuple[float, float]]

_SHARES: Mapping[str, float] = {"min": 0.0, "med": 0.5, "max": 1.0}
_HALVINGS = 24
_SAME = 1e-9


def answered(
    overall: Quantiles, count: float, failed: Sequence[tuple[float, Quantiles]]
) -> Mapping[str, float]:
    """Return the statistics of `overall` without the groups in `failed`, {} if nothing is left.

    `failed` has their counts and statistics. The method is un-mixing: `count * F(x) - sum n_i * F_i(x)` with
    piecewise-linear F, inverted. `avg` is exact, and so are `max` or `min` if a value beyond all of `failed`
    proves that it isn't theirs. Everything else is an estimate, better the smaller `failed` is. The unknown
    end is chosen so that the average comes out: `max` after requests that timed out, `min` after requests of
    0 ms. A group without statistics counts as 0.
    """
    groups = [(n, _knots(statistics) or [(0.0, 1.0)]) for n, statistics in failed if n > 0]
    left = count - sum(n for n, _ in groups)
    knots = _knots(overall)
    if not groups:
        return dict(overall)
    if left < 0.5 or not knots:
        return {}
    rest = _trimmed(
        [(x, count * share - sum(n * _share(group, x) for n, group in groups)) for x, share in knots], left
    )
    average = _average_left(overall, count, failed, left)
    if average is not None:
        if max(group[-1][0] for _, group in groups) >= knots[-1][0]:
            rest = _with_average(rest, average, upper=True)
        elif min(group[0][0] for _, group in groups) <= knots[0][0]:
            rest = _with_average(rest, average, upper=False)
    return _statistics(rest, overall, average)


def merged(parts: Iterable[tuple[float, Quantiles]]) -> Mapping[str, float]:
    """Return the statistics of groups (count and statistics) combined, {} if none has any.

    The piecewise-linear distributions are added, weighted by count, and the sum is inverted; `max`, `min` and
    `avg` are exact. Only statistics that every group has are returned. The start of a group without `min` is
    derived from its average.
    """
    known = [(count, statistics) for count, statistics in parts if count > 0 and statistics]
    if len(known) < 2:
        return dict(known[0][1]) if known else {}
    names = [name for name in known[0][1] if all(name in statistics for _, statistics in known)]
    average = None
    if "avg" in names:
        average = sum(n * statistics["avg"] for n, statistics in known) / sum(n for n, _ in known)
    groups = [(n, _from_bottom(_knots(statistics), statistics.get("avg"))) for n, statistics in known]
    return _statistics(_sum(groups), names, average)


def share_above(statistics: Quantiles, value: float) -> float:
    """Return the share of a group that is above `value`, 0 to 1; 0 without statistics."""
    knots = _knots(statistics)
    return 1.0 - _share(knots, value) if knots else 0.0


def without_some(
    statistics: Quantiles, count: float, left_out: float, share: float
) -> tuple[float, float] | None:
    """Return the bounds of the quantile `share` (0 to 1) of `count` values without `left_out` of them.

    Whichever values are left out, the value of rank r among the others has a rank from r to r + `left_out`
    among all. None without statistics.
    """
    knots, others = _knots(statistics), count - left_out
    if not knots or others < 1:
        return None
    rank, last = share * (others - 1), max(1.0, count - 1)
    return _value_at(knots, rank / last), _value_at(knots, min(1.0, (rank + left_out) / last))


def most_deviation(statistics: Quantiles) -> float:
    """Return the largest possible standard deviation of a group with these statistics, 0 without any.

    Between two statistics, every value is assumed to equal the one farther from the average (`avg`, or that
    of evenly spread values).
    """
    knots = _knots(statistics)
    if not knots:
        return 0.0
    mean = statistics.get("avg", _average(knots))
    pieces = (
        (max(abs(x0 - mean), abs(x1 - mean)), share1 - share0)
        for (x0, share0), (x1, share1) in pairwise(knots)
    )
    return sqrt(sum(share * far * far for far, share in pieces))


def _statistics(knots: Knots, names: Iterable[str], average: float | None) -> Mapping[str, float]:
    """Return the statistics called `names` from values and the count of values below each."""
    statistics: dict[str, float] = {}
    for name in names:
        share = _share_of(name)
        if name == "avg" and average is not None:
            statistics[name] = average
        elif share is not None and knots:
            statistics[name] = _value_at(knots, share * knots[-1][1])
    return statistics


def _share_of(name: str) -> float | None:
    if name in _SHARES:
        return _SHARES[name]
    try:
        share = float(name.removeprefix("p(").removesuffix(")")) / 100
    except ValueError:
        return None
    return share if name.startswith("p(") and 0 <= share <= 1 else None


def _knots(statistics: Quantiles) -> Knots:
    """Return the known points of the distribution function (value, share), rising."""
    points = sorted(
        (share, value) for name, value in statistics.items() if (share := _share_of(name)) is not None
    )
    knots: Knots = []
    for share, value in points:
        knots.append((max(value, knots[-1][0]) if knots else value, share))
    # Without `max`, the highest percentile takes its place
    if knots and knots[-1][1] < 1.0:
        knots.append((knots[-1][0], 1.0))
    return knots


def _share(knots: Knots, x: float) -> float:
    """Return F(x), the share of values up to x."""
    after = bisect_right(knots, (x, 2.0))
    if after == 0:
        return 0.0
    if after == len(knots):
        return 1.0
    (x0, share0), (x1, share1) = knots[after - 1], knots[after]
    return share0 + (share1 - share0) * (x - x0) / (x1 - x0)


def _trimmed(points: Knots, total: float) -> Knots:
    """Return counts that only rise, from 0 to `total`, without the empty ends."""
    knots: Knots = []
    for x, count in points:
        knots.append((x, min(max(count, knots[-1][1] if knots else 0.0), total)))
    first = max((index for index, (_, count) in enumerate(knots) if count <= _SAME * total), default=0)
    last = next(
        (index for index, (_, count) in enumerate(knots) if count >= total * (1 - _SAME)), len(knots) - 1
    )
    kept = knots[min(first, last) : last + 1]
    return [(kept[0][0], 0.0), *kept[1:-1], (kept[-1][0], total)]


def _average_left(
    overall: Quantiles, count: float, failed: Sequence[tuple[float, Quantiles]], left: float
) -> float | None:
    if "avg" not in overall:
        return None
    total = count * overall["avg"] - sum(n * statistics.get("avg", 0.0) for n, statistics in failed if n > 0)
    return max(total / left, 0.0)


def _average(knots: Knots) -> float:
    total = 0.0
    x0, n0 = knots[0]
    for x1, n1 in knots:
        total += (x0 + x1) * (n1 - n0)
        x0, n0 = x1, n1
    return total / 2 / knots[-1][1]


def _with_average(knots: Knots, average: float, *, upper: bool) -> Knots:
    """Cut the values off at the upper or lower bound that makes their average `average`."""
    low, high = knots[0][0], knots[-1][0]
    cut = min if upper else max
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = _average([(cut(x, middle), n) for x, n in knots]) < average
        low, high = (middle, high) if below else (low, middle)
    bound = high if upper else low
    return [(cut(x, bound), n) for x, n in knots]


def _from_bottom(knots: Knots, average: float | None) -> Knots:
    """Add the smallest value if it is unknown.

    It lies between 0 and the lowest statistic and makes the average come out.
    """
    x0, share = knots[0]
    if share <= 0.0:
        return knots
    lowest = 0.0
    if average is not None:
        above = sum((x0 + x1) / 2 * (n1 - n0) for (x0, n0), (x1, n1) in pairwise(knots))
        lowest = min(max(2 * (average - above) / share - x0, 0.0), x0)
    return [(lowest, 0.0), *knots]


def _sum(groups: Sequence[tuple[float, Knots]]) -> Knots:
    """Add distributions: every piece either starts and ends a slope, or is a jump."""
    slopes: dict[float, float] = {}
    jumps: dict[float, float] = {}
    for count, knots in groups:
        for (x0, share0), (x1, share1) in pairwise(knots):
            if x1 > x0:
                slope = count * (share1 - share0) / (x1 - x0)
                slopes[x0] = slopes.get(x0, 0.0) + slope
                slopes[x1] = slopes.get(x1, 0.0) - slope
            else:
                jumps[x0] = jumps.get(x0, 0.0) + count * (share1 - share0)
    knots: Knots = []
    before = total = slope = 0.0
    for x in sorted({*slopes, *jumps}):
        total += max(slope, 0.0) * (x - before)
        knots.append((x, total))
        if x in jumps:
            total += jumps[x]
            knots.append((x, total))
        before, slope = x, slope + slopes.get(x, 0.0)
    return knots


def _value_at(knots: Knots, count: float) -> float:
    """Return the value up to which `count` values lie."""
    for (x0, n0), (x1, n1) in pairwise(knots):
        if count <= n1 and n1 > n0:
            return x0 + (x1 - x0) * max(count - n0, 0.0) / (n1 - n0)
    return knots[-1][0] if count > 0 else knots[0][0]
