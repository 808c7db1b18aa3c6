"""The compared figures: how each is read, which change matters, and how much it varies between runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from k6_mcp.models.metrics import Figures
from k6_mcp.models.run import Run

Column = Literal["avg_ms", "p50_ms", "p95_ms", "p99_ms"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A positive figure, compared by its logarithm, so that changes are relative.

    `margin` is the smallest relative change that counts as one. `quantile` is the figure's quantile among the
    latencies (None: a mean). A run with fewer than `needs` requests says too little about the figure.

    Three standard deviations of the logarithm describe its noise. `run_to_run` is the variation between runs
    that intervals cannot show; it is assumed if neither repeats nor earlier runs show it. `time_to_time` is
    the variation between different times, which repeats in a row do not show. `held_up` applies if other work
    held k6 up, as a multiple of its wait per request.
    """

    name: str
    unit: Literal["ms", "per_s"]
    of: Callable[[Figures], float | None]
    margin: float
    run_to_run: float
    time_to_time: float
    held_up: float
    column: Column | None = None
    quantile: float | None = None
    needs: int = 1
    higher_is_worse: bool = True


@dataclass(frozen=True, slots=True)
class Share:
    """A share of events, compared by its difference; `of` returns the bad events and all events."""

    name: str
    of: Callable[[Figures], tuple[int, int]]
    margin: float
    run_to_run: float
    by_interval: bool = False


ERROR_RATE = Share(
    "error_rate", lambda f: (f.failed_requests, f.requests), margin=0.001, run_to_run=0.1, by_interval=True
)
FAILED_CHECKS = Share(
    "failed_checks",
    lambda f: (f.checks_failed, f.checks_passed + f.checks_failed),
    margin=0.001,
    run_to_run=0.1,
)
RATE = Measure(
    "requests_per_s",
    "per_s",
    lambda f: f.requests_per_s or None,
    margin=0.02,
    run_to_run=0.01,
    time_to_time=0.0,
    held_up=0.7,
    higher_is_worse=False,
)
ITERATIONS = Measure(
    "iterations_per_s",
    "per_s",
    lambda f: f.iterations_per_s or None,
    margin=0.02,
    run_to_run=0.01,
    time_to_time=0.0,
    held_up=0.7,
    higher_is_worse=False,
)


def _latency(name: Literal["p95_ms", "med_ms", "avg_ms", "p99_ms"]) -> Callable[[Figures], float | None]:
    def of(figures: Figures) -> float | None:
        value: float | None = getattr(figures.latency, name) if figures.latency else None
        return value if value is not None and value > 0 else None

    return of


# A quantile q of fewer than 5 / (1 - q) requests depends on the few most extreme ones.
LATENCIES = (
    Measure("p95_ms", "ms", _latency("p95_ms"), 0.05, 0.04, 0.03, 1.4, "p95_ms", 0.95, needs=100),
    Measure("med_ms", "ms", _latency("med_ms"), 0.05, 0.04, 0.03, 0.45, "p50_ms", 0.5, needs=30),
    Measure("avg_ms", "ms", _latency("avg_ms"), 0.05, 0.04, 0.03, 0.7, "avg_ms", None, needs=30),
    Measure("p99_ms", "ms", _latency("p99_ms"), 0.05, 0.06, 0.03, 1.7, "p99_ms", 0.99, needs=500),
)


def figures_of(run: Run) -> Figures:
    """Return the figures of a run that has metrics."""
    assert run.metrics is not None
    return run.metrics.figures
