"""Latencies of a run as a histogram, estimated from the percentiles of its intervals."""

from collections.abc import Iterable, Sequence
from math import exp, log, sqrt

from k6_mcp.analysis.findings.case import Interval
from k6_mcp.analysis.numbers.quantiles import Quantiles, merged
from k6_mcp.models.metrics import Latency

# A bucket is 2 % wide
_GROWTH = log(1.02)
_SMALLEST_MS = 0.01
# If more requests than this are missing, they are spread over this many values
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
        """Return the latency that `share` of the requests did not exceed, to within 2 %; 0 if empty."""
        rank, passed = share * self.count, 0.0
        bucket = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if passed >= rank:
                break
        return _middle(bucket) if self._buckets else 0.0

    def filled_in(self, expected_ms: float) -> "Histogram":
        """Return it with the requests added that were not sent while VUs waited for answers.

        Source: HdrHistogram's recordValueWithExpectedInterval (G. Tene, http://hdrhistogram.org). A request
        that took longer than the time after which the next one was due stands for the requests due in that
        time. Each of those waited that much less.
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
        """Add an interval's requests.

        One request counts at the maximum. The others count at the geometric mean of the two percentiles
        around them.
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
    """Return the p95 of all `intervals` together, 0 if empty.

    It is right also if latencies are either short or long (see `quantiles`).
    """
    return merged((i.requests, statistics_of(i)) for i in intervals).get("p(95)", 0.0)


def statistics_of(source: Interval | Latency) -> Quantiles:
    """Return the known latency statistics of an interval or a run, by k6's names."""
    median_ms = source.med_ms if isinstance(source, Latency) else source.p50_ms
    named = {
        "avg": source.avg_ms,
        "med": median_ms,
        "p(90)": source.p90_ms,
        "p(95)": source.p95_ms,
        "p(99)": source.p99_ms,
    }
    ends = {"min": source.min_ms if isinstance(source, Latency) else None, "max": source.max_ms}
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
