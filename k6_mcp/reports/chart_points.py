"""A timeline as points to draw: no more than a screen shows, merged so that no stall disappears."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from k6_mcp.models.timeline import Numbers, Timeline
from k6_mcp.reports.planned_load import Planned

LATENCIES = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms")

_Slice = tuple[int, int]


@dataclass(frozen=True)
class ErrorPoints:
    """Failed requests per second by k6's error_code; code 0 is the sum of the rarer codes."""

    code: int
    per_s: Numbers


@dataclass(frozen=True)
class Points:
    """Columns of equal length, one value per point.

    A point covers `from_s` to `to_s` and merges `merged` intervals of k6's record. Rates are counts divided
    by the point's length, in 1/s. A latency is the highest of the merged intervals (ms), so a merged
    percentile is an upper bound. `asked_*` is the planned load: the mean rate of iterations, and the VUs at
    the point's end.
    """

    from_s: tuple[float, ...]
    to_s: tuple[float, ...]
    merged: int
    p50_ms: Numbers
    p90_ms: Numbers
    p95_ms: Numbers
    p99_ms: Numbers
    max_ms: Numbers
    requests_per_s: Numbers
    failed_per_s: Numbers
    iterations_per_s: Numbers
    dropped_per_s: Numbers
    asked_per_s: Numbers
    vus: tuple[int | None, ...]
    asked_vus: Numbers
    errors: tuple[ErrorPoints, ...] = ()

    @property
    def middle_s(self) -> tuple[float, ...]:
        """Where each point is drawn, in s."""
        return tuple(round((begin + end) / 2, 3) for begin, end in zip(self.from_s, self.to_s, strict=True))


def points(timeline: Timeline, planned: Planned, most: int) -> Points:
    """Return `timeline` as at most `most` points.

    Each point merges the same number of intervals, except the last one.
    """
    merged = max(1, -(-len(timeline.ends_s) // most))
    starts, ends = timeline.starts_s, timeline.ends_s
    cuts = [*range(0, len(ends), merged), len(ends)]
    if len(cuts) > 2 and ends[-1] - starts[cuts[-2]] < timeline.period_s / 2:
        # Over a few milliseconds, a single request would show as a peak of the rate
        del cuts[-2]
    slices = list(pairwise(cuts))
    spans = [(starts[begin], ends[end - 1]) for begin, end in slices]
    total = timeline.total

    def rate(counts: Sequence[int]) -> Numbers:
        return tuple(
            round(sum(counts[begin:end]) / (until - since), 4) if until > since else None
            for (begin, end), (since, until) in zip(slices, spans, strict=True)
        )

    latencies = {name: _highest(getattr(total, name), slices) for name in LATENCIES}
    return Points(
        from_s=tuple(round(since, 3) for since, _ in spans),
        to_s=tuple(round(until, 3) for _, until in spans),
        merged=merged,
        **latencies,
        requests_per_s=rate(total.requests),
        failed_per_s=rate(total.failed),
        iterations_per_s=rate(total.iterations),
        dropped_per_s=rate(timeline.dropped),
        asked_per_s=tuple(planned.rate_per_s(since, until) for since, until in spans),
        vus=tuple(_last(timeline.vus[begin:end]) for begin, end in slices),
        asked_vus=tuple(planned.vus(until) for _, until in spans),
        errors=_errors(timeline, rate),
    )


def _errors(timeline: Timeline, rate: Callable[[Sequence[int]], Numbers]) -> tuple[ErrorPoints, ...]:
    return tuple(
        ErrorPoints(series.code, rate(series.counts)) for series in timeline.errors if any(series.counts)
    )


def _highest(column: Numbers, slices: Iterable[_Slice]) -> Numbers:
    return tuple(max((v for v in column[begin:end] if v is not None), default=None) for begin, end in slices)


def _last(values: Sequence[int | None]) -> int | None:
    return next((value for value in reversed(values) if value is not None), None)
