"""Student's t distribution, for the uncertainty of few observations."""

import math

_MOST_STEPS = 300
_TINY = 1e-300
_WIDEST = 1e6


def t_quantile(alpha: float, df: float) -> float:
    """Return the t that |T| exceeds with probability `alpha`, for any `df` > 0.

    It is found by bisection of the tail.
    """
    low, high = 0.0, 1.0
    while two_sided_tail(high, df) > alpha and high < _WIDEST:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_tail(middle, df) > alpha else (low, middle)
    return high


def two_sided_tail(t: float, df: float) -> float:
    """Return P(|T| > t).

    This is the regularized incomplete beta function I_x(df/2, 1/2) at x = df / (df + t²).
    """
    x = df / (df + t * t)
    a, b = df / 2, 0.5
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function by Lentz's method.

    Source: DLMF 8.17.22.
    """
    c, d = 1.0, 1 / _safe(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / _safe(1 + term * d), _safe(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-13:
            break
    return value


def _safe(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
