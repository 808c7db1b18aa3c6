"""Several runs of one request, summarized."""

import math
import statistics
from collections.abc import Iterator, Sequence

from k6_mcp.analysis.compare.side import unusable
from k6_mcp.analysis.numbers.student import t_quantile
from k6_mcp.models.run import RepeatRow, Run, Series, Spread, Status

_FIGURES = ("p95_ms", "error_rate", "requests_per_s")
_BAD: dict[Status, int] = {"completed": 0, "queued": 1, "running": 1, "cancelled": 2, "lost": 3, "failed": 4}


def series_of(runs: Sequence[Run], first: str, planned: int) -> Series:
    """Return the ended runs of a series in short, with the spread of their figures.

    The spread covers only the runs that represent a whole test. `planned` is the number of runs that were
    requested.
    """
    rows = {run.run_id: _row(run) for run in runs}
    whole = [rows[run.run_id] for run in runs if unusable(run) is None]
    return Series(first=first, asked=planned, runs=tuple(rows.values()), spreads=tuple(_spreads(whole)))


def worst(runs: Sequence[Run]) -> Run:
    """Return the run that represents a series: the one with the worst result, the last one of equals."""
    return max(enumerate(runs), key=lambda item: (_BAD[item[1].status], item[0]))[1]


def ends_series(run: Run) -> bool:
    """Return whether there is no point in running the test again.

    It was stopped, or it did not run as planned.
    """
    return unusable(run) is not None


def _row(run: Run) -> RepeatRow:
    figures = run.metrics.figures if run.metrics and run.metrics.source != "none" else None
    return RepeatRow(
        run_id=run.run_id,
        status=run.status,
        failure=run.failure.kind if run.failure else None,
        p95_ms=_short(figures.latency.p95_ms) if figures and figures.latency else None,
        error_rate=_short(figures.error_rate) if figures else None,
        requests_per_s=_short(figures.requests_per_s) if figures else None,
    )


def _spreads(rows: Sequence[RepeatRow]) -> Iterator[Spread]:
    for name in _FIGURES:
        values: list[float] = [value for row in rows if (value := getattr(row, name)) is not None]
        if not values:
            continue
        mean = statistics.fmean(values)
        low = high = None
        if len(values) > 1:
            reach = t_quantile(0.05, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
            low, high = max(0.0, mean - reach), mean + reach
        yield Spread(
            metric=name,
            mean=_rounded(mean),
            low=_short(low),
            high=_short(high),
            min=_rounded(min(values)),
            max=_rounded(max(values)),
        )


def _short(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
