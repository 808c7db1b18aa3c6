"""Statistics of short series: trend and significance, a line with one bend, two levels, robust spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, sqrt
from statistics import fmean, median

from k6_mcp.analysis.numbers.confidence import upper_tail

# Fewest points on each side of a bend
_EDGE = 3
# Fewest points on each of two levels
_LEVEL = 5


@dataclass(frozen=True)
class Trend:
    """A monotonic trend.

    `slope` per unit of x, `start` at the first x, and `by_chance`, the one-sided probability that chance
    shows it.
    """

    slope: float
    start: float
    by_chance: float


def upward_trend(xs: Sequence[float], ys: Sequence[float]) -> Trend:
    """Return the trend of `ys`: slope by Theil and Sen, significance by Mann and Kendall (with ties).

    P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968), 1379-1389; H.
    B. Mann, Nonparametric tests against trend, Econometrica 13 (1945), 245-259. The time is quadratic in the
    number of points: pass blocks, not thousands of intervals.
    """
    slopes: list[float] = []
    score = 0
    for (x1, y1), (x2, y2) in combinations(zip(xs, ys, strict=True), 2):
        slopes.append((y2 - y1) / (x2 - x1))
        score += (y2 > y1) - (y2 < y1)
    slope = median(slopes)
    start = median(y - slope * (x - xs[0]) for x, y in zip(xs, ys, strict=True))
    n = len(ys)
    ties = [count for count in map(ys.count, set(ys)) if count > 1]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    z = (score - 1) / sqrt(variance) if score > 0 and variance > 0 else 0.0
    return Trend(slope, start, upper_tail(z))


@dataclass(frozen=True)
class Bend:
    """Two straight lines that meet at `x`.

    `y` is where they meet, `before` and `after` are their slopes. `error_left` is their squared error
    relative to that of a single line (0 to 1).
    """

    x: float
    y: float
    before: float
    after: float
    error_left: float


def bend(xs: Sequence[float], ys: Sequence[float]) -> Bend | None:
    """Return the best two-segment least-squares fit with a bend at any point; None with too few points.

    D. V. Hinkley, Inference in two-phase regression, JASA 66 (1971), 736-743.
    """
    inner = sorted(set(xs))[_EDGE - 1 : -_EDGE]
    one = _squares(xs, ys, None)
    if not inner or one is None or one[0] <= 0:
        return None
    fits = [(fit, x) for x in inner if (fit := _squares(xs, ys, x)) is not None]
    if not fits:
        return None
    (error, base, slope, extra), x = min(fits, key=lambda fit: fit[0][0])
    return Bend(x, base + slope * x, slope, slope + extra, max(error, 0.0) / one[0])


def _squares(
    xs: Sequence[float], ys: Sequence[float], at: float | None
) -> tuple[float, float, float, float] | None:
    """Fit y = a + b x (+ c max(0, x - at)) and return its squared error, a, b, c; None if unsolvable."""
    columns = [[1.0] * len(xs), [*xs]]
    if at is not None:
        columns.append([max(0.0, x - at) for x in xs])
    matrix = [[sum(p * q for p, q in zip(u, v, strict=True)) for v in columns] for u in columns]
    target = [sum(p * y for p, y in zip(u, ys, strict=True)) for u in columns]
    solved = _solve(matrix, target)
    if solved is None:
        return None
    error = sum(
        (y - sum(f * u for f, u in zip(solved, row, strict=True))) ** 2
        for row, y in zip(zip(*columns, strict=True), ys, strict=True)
    )
    return (error, solved[0], solved[1], solved[2] if at is not None else 0.0)


def _solve(matrix: list[list[float]], target: list[float]) -> list[float] | None:
    """Solve a small linear system by elimination with pivots."""
    rows = [[*row, value] for row, value in zip(matrix, target, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda r: abs(rows[r][column]))
        if abs(rows[pivot][column]) < 1e-12:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for r in range(size):
            if r != column:
                factor = rows[r][column] / rows[column][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[column], strict=True)]
    return [rows[i][size] / rows[i][i] for i in range(size)]


@dataclass(frozen=True)
class Step:
    """Two levels, the second from `x` on.

    `error_left` is their squared error relative to that of a straight line, `by_chance` the probability that
    chance shows the step.
    """

    x: float
    before: float
    after: float
    error_left: float
    by_chance: float


def step(xs: Sequence[float], ys: Sequence[float]) -> Step | None:
    """Return the best least-squares fit of two levels, None with too few points.

    Its error is compared with that of a straight line. Its probability is that of the ranks (H. B. Mann, D.
    R. Whitney, Annals of Mathematical Statistics 18 (1947), 50-60), one-sided, exact if the levels do not
    overlap, times the number of places tried.
    """
    line = _squares(xs, ys, None)
    places = range(_LEVEL, len(ys) - _LEVEL + 1)
    if not places or line is None:
        return None
    error, at = min((_about_mean(ys[:at]) + _about_mean(ys[at:]), at) for at in places)
    by_chance = min(1.0, len(places) * _higher_by_chance(ys[:at], ys[at:]))
    return Step(xs[at], median(ys[:at]), median(ys[at:]), error / line[0] if line[0] > 0 else 1.0, by_chance)


def _higher_by_chance(first: Sequence[float], second: Sequence[float]) -> float:
    pairs = len(first) * len(second)
    if max(first) < min(second):
        return 1 / comb(len(first) + len(second), len(first))
    higher = sum((y > x) + (y == x) / 2 for x in first for y in second)
    return upper_tail((higher - 0.5 - pairs / 2) / sqrt(pairs * (len(first) + len(second) + 1) / 12))


def _about_mean(values: Sequence[float]) -> float:
    mean = fmean(values)
    return sum((value - mean) ** 2 for value in values)


def spread(values: Sequence[float]) -> float:
    """Return the spread of `values` as a standard deviation that outliers do not affect.

    It is 1.4826 times the median absolute deviation.
    """
    middle = median(values)
    return 1.4826 * median([abs(value - middle) for value in values])


def blocks(values: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Return at most `most` points, each the medians of a run of neighbors."""
    size = -(-len(values) // most)
    if size <= 1:
        return [*values]
    chunks = [values[i : i + size] for i in range(0, len(values), size)]
    return [
        (median([x for x, _ in chunk]), median([y for _, y in chunk]))
        for chunk in chunks
        if len(chunk) * 2 >= size
    ]
