"""Noise inside runs, from their intervals: the two sides are cut into the same batches of time and compared
batch by batch.

Batch means (Schmeiser 1982, "Batch size effects in the analysis of simulation output"): few long batches are
nearly independent where intervals are not, since latency is autocorrelated. Comparing the same time of both
sides takes out what the plan itself changes, such as ramps and a warm-up, and treats the warm-up of both
sides alike.
"""

import math
import statistics
from collections.abc import Callable, Sequence

from k6_mcp.analysis.compare.measures import Column
from k6_mcp.analysis.compare.side import Side
from k6_mcp.models.timeline import Timeline

# Schmeiser: 10 to 30 are enough, more gain little
_FEWEST, _MOST = 4, 20
_INTERVALS_PER_BATCH = 3
# A shorter last interval says nothing about rates
_SHORTEST_S = 0.25

# A value and its weight
WeightedValue = tuple[float, float]
Read = Callable[[Timeline, int], WeightedValue | None]


def latencies(column: Column) -> Read:
    """Return a reader of the logarithm of a latency figure, weighted by requests."""

    def read(timeline: Timeline, number: int) -> WeightedValue | None:
        value = getattr(timeline.total, column)[number]
        weight = timeline.total.requests[number]
        return (math.log(value), weight) if value and weight else None

    return read


def failures(timeline: Timeline, number: int) -> WeightedValue | None:
    """Read the share of failed requests, weighted by requests."""
    requests = timeline.total.requests[number]
    return (timeline.total.failed[number] / requests, requests) if requests else None


def rates(column: str) -> Read:
    """Return a reader of requests or iterations per second, weighted by time."""

    def read(timeline: Timeline, number: int) -> WeightedValue | None:
        seconds = timeline.ends_s[number] - (timeline.ends_s[number - 1] if number else 0.0)
        return (
            (getattr(timeline.total, column)[number] / seconds, seconds) if seconds >= _SHORTEST_S else None
        )

    return read


def batch_differences(baseline: Sequence[Side], candidate: Sequence[Side], read: Read) -> list[float]:
    """Return candidate minus baseline for each batch of time; empty where timelines are missing or too
    short.
    """
    timelines = [side.timeline for side in (*baseline, *candidate) if side.timeline and side.timeline.ends_s]
    if len(timelines) < len(baseline) + len(candidate):
        return []
    shortest = min(len(timeline.ends_s) for timeline in timelines)
    batches = max(min(shortest, _FEWEST + 1), min(_MOST, shortest // _INTERVALS_PER_BATCH))
    seconds = min(timeline.seconds for timeline in timelines)
    if batches < _FEWEST or seconds <= 0:
        return []
    first, second = timelines[: len(baseline)], timelines[len(baseline) :]
    pairs = zip(_side(first, read, batches, seconds), _side(second, read, batches, seconds), strict=True)
    found = [after - before for before, after in pairs if before is not None and after is not None]
    return found if len(found) >= _FEWEST else []


def variance_of_mean(differences: Sequence[float]) -> float:
    """Return the variance of the mean of the differences."""
    return statistics.variance(differences) / len(differences)


def _side(timelines: Sequence[Timeline], read: Read, batches: int, seconds: float) -> list[float | None]:
    runs = [_batches(timeline, read, batches, seconds) for timeline in timelines]
    columns = [[value for value in column if value is not None] for column in zip(*runs, strict=True)]
    return [statistics.fmean(column) if len(column) == len(runs) else None for column in columns]


def _batches(timeline: Timeline, read: Read, batches: int, seconds: float) -> list[float | None]:
    sums = [[0.0, 0.0] for _ in range(batches)]
    for number, (start, end) in enumerate(zip(timeline.starts_s, timeline.ends_s, strict=True)):
        place = int((start + end) / 2 / seconds * batches)
        if not 0 <= place < batches or (interval := read(timeline, number)) is None:
            continue
        value, weight = interval
        sums[place][0] += value * weight
        sums[place][1] += weight
    return [total / weight if weight else None for total, weight in sums]
