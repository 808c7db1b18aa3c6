"""Latencies of a run as a histogram, put together from the percentiles of its intervals."""

from collections.abc import Iterable, Sequence
from math import exp, log, sqrt

from k6_mcp.analysis.findings.case import Interval
from k6_mcp.analysis.numbers.quantiles import Quantiles, merged
from k6_mcp.models.metrics import Latency

# A bucket is 2 % wide
_GROWTH = log(1.02)
_SMALLEST_MS = 0.01
# More requests missing than this are spread over as many values
_MOST_STEPS = 200


class Histogram:
    """Counts by latency, in buckets 2 % wide."""

    def __init__(self) -> None:
        self._buckets: dict[int, float] = {}
        self.count = 0.0

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> "Histogram":
        """Return the latencies of `intervals`."""
        histogram = cls()
        for interval in intervals:
            histogram._take(interval)
        return histogram

    def add(self, value_ms: float, weight: float) -> None:
        """Count `weight` requests at `value_ms`."""
        bucket = int(log(max(value_ms, _SMALLEST_MS) / _SMALLEST_MS) / _GROWTH)
        self._buckets[bucket] = self._buckets.get(bucket, 0.0) + weight
        self.count += weight

    def quantile(self, share: float) -> float:
        """Return the latency that `share` of the requests did not exceed, to 2 %; 0 without any."""
        wanted, seen = share * self.count, 0.0
        bucket = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                break
        return _middle(bucket) if self._buckets else 0.0

    def filled_in(self, expected_ms: float) -> "Histogram":
        """Return it with the requests that were not sent while others waited for their answers.

        As in HdrHistogram's recordValueWithExpectedInterval (G. Tene, http://hdrhistogram.org): a request
        that took longer than the time after which the next one was due stands for those due meanwhile, each
        waiting that much less.
        """
        filled = Histogram()
        for bucket, weight in self._buckets.items():
            value = _middle(bucket)
            filled.add(value, weight)
            missing = int(value / expected_ms) - 1 if expected_ms > 0 else 0
            steps = min(missing, _MOST_STEPS)
            for step in range(steps):
                filled.add(
                    value - expected_ms - (value - 2 * expected_ms) * step / steps, weight * missing / steps
                )
        return filled

    def _take(self, interval: Interval) -> None:
        """Take one request at the maximum, and the others between the percentiles they lie between (their
        geometric mean).
        """
        if interval.max_ms is None or not interval.requests:
            return
        self.add(interval.max_ms, 1.0)
        before, low = 0.0, None
        for share, value in _points(interval):
            upto = min(share, 1 - 1 / interval.requests)
            weight = (upto - before) * interval.requests
            if value is None or weight <= 0:
                continue
            low = max(low if low is not None else value, _SMALLEST_MS)
            self.add(sqrt(low * max(value, low)), weight)
            before, low = upto, value


def p95_of(intervals: Iterable[Interval]) -> float:
    """Return the p95 of `intervals` together (see `quantiles`), also of latencies that are either short or
    long; 0 without any.
    """
    return merged((i.requests, statistics_of(i)) for i in intervals).get("p(95)", 0.0)


def statistics_of(known: Interval | Latency) -> Quantiles:
    """Return the latency statistics of an interval or a run by k6's names, without those that are not
    known.
    """
    middle = known.med_ms if isinstance(known, Latency) else known.p50_ms
    named = {
        "avg": known.avg_ms,
        "med": middle,
        "p(90)": known.p90_ms,
        "p(95)": known.p95_ms,
        "p(99)": known.p99_ms,
    }
    ends = {"min": known.min_ms if isinstance(known, Latency) else None, "max": known.max_ms}
    return {name: value for name, value in (named | ends).items() if value is not None}


def _points(interval: Interval) -> Sequence[tuple[float, float | None]]:
    return (
        (0.5, interval.p50_ms),
        (0.9, interval.p90_ms),
        (0.95, interval.p95_ms),
        (0.99, interval.p99_ms),
        (1.0, interval.p99_ms),
    )


def _middle(bucket: int) -> float:
    return _SMALLEST_MS * exp((bucket + 0.5) * _GROWTH)
