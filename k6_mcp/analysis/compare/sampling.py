"""How much of a run's own figure could be chance, from its summary alone.

This is the sampling noise of independent requests.
"""

import math
from collections.abc import Sequence

from k6_mcp.analysis.compare.measures import Measure, figures_of
from k6_mcp.models.metrics import Figures, Latency
from k6_mcp.models.run import Run

# Low, since the density comes from only a few percentiles
SAMPLING_DF = 20.0


def of_latency(measure: Measure, runs: Sequence[Run]) -> float:
    """Return the variance of the mean, over `runs`, of the logarithm of a latency figure."""
    return sum(_variance(measure, figures_of(run)) for run in runs) / len(runs) ** 2


def of_share(wrong: int, of: int) -> tuple[float, float]:
    """Return a share and its variance.

    One event of each kind is added, so that no errors at all do not count as certainty (Agresti, Caffo 2000).
    """
    share = (wrong + 1) / (of + 2)
    return share, share * (1 - share) / (of + 2)


def _variance(measure: Measure, figures: Figures) -> float:
    latency, value = figures.latency, measure.of(figures)
    if latency is None or not value or not latency.count:
        return 0.0
    if measure.quantile is None:
        spread = (latency.p95_ms or latency.max_ms) - latency.min_ms
        return (spread / 3 / value) ** 2 / latency.count
    density = _density(measure.quantile, latency)
    if not density:
        return 0.0
    # Standard error of a sample quantile
    error = math.sqrt(measure.quantile * (1 - measure.quantile) / latency.count) / density
    return (error / value) ** 2


def _density(quantile: float, latency: Latency) -> float:
    """Return the share of requests per ms around a quantile, from the two summary figures around it."""
    if quantile >= 0.99:
        low, high, share = latency.p95_ms, latency.max_ms, 0.05
    elif quantile >= 0.95:
        low, high, share = latency.p90_ms, latency.p99_ms, 0.09
    else:
        low, high, share = latency.min_ms, latency.p90_ms, 0.9
    return share / (high - low) if low is not None and high is not None and high > low else 0.0


def of_one_more(runs: Sequence[Run]) -> float:
    """Return the variance of the mean, over `runs`, of the log of a rate that is off by one event."""
    events = [max(figures_of(run).requests, figures_of(run).iterations, 1) for run in runs]
    return sum(1 / count**2 for count in events) / len(runs) ** 2
