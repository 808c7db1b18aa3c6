"""From many past runs to how a service does: how tests ended, where each is heading, how much room is
left.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from statistics import median
from typing import Literal, TypeVar

from k6_mcp.analysis.numbers.tests import upward_trend
from k6_mcp.models.comparison import Headroom, Statistics, TestTrend
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.past_runs import Past, PastRun, PastTest, Tally
from k6_mcp.models.run import FINAL
from k6_mcp.models.thresholds import headroom

K = TypeVar("K")
Direction = Literal["worse", "better", "steady", "too_few"]
METHOD = (
    "Mann-Kendall (one-sided, p < 0.01, at least 8 runs) on error rate and p95, with a change by Sen's slope"
    " of at least 1 point or 5 %; errors go before latency"
)
_FEWEST = 8
# Of each of the four questions asked about a test
_BY_CHANCE = 0.01
_LEAST_SHARE = 0.01
_LEAST_RELATIVE = 0.05


def statistics(past: Past, days: float) -> Statistics:
    """Return the statistics of `past`, which reaches `days` back."""
    ended = [tally for tally in past.tallies if tally.status in FINAL]
    runs = _sum(ended)
    bad = _sum(tally for tally in ended if tally.worst in ("warning", "critical"))
    return Statistics(
        days=days,
        runs=_sum(past.tallies),
        by_status=_counted((tally.status, tally.runs) for tally in past.tallies),
        by_failure_kind=_counted(
            (tally.failure_kind, tally.runs) for tally in past.tallies if tally.failure_kind is not None
        ),
        anomaly_rate=bad / runs if runs else None,
        by_severity=_counted((tally.worst, tally.runs) for tally in ended if tally.worst is not None),
        trends=tuple(trend for test in past.tests for trend in _trends(test)),
        omitted_tests=past.omitted_tests,
        method=METHOD,
        degraded=past.degraded,
    )


def _trends(test: PastTest) -> Iterator[TestTrend]:
    """Yield a trend per script of `test`, the newest first; only that one has a headroom."""
    scripts = [list(runs) for _, runs in groupby(test.runs, key=lambda run: run.script_sha256)]
    for age, runs in enumerate(reversed(scripts)):
        yield TestTrend(
            name=test.name,
            script_sha256=runs[0].script_sha256,
            run_ids=tuple(run.run_id for run in runs),
            since=runs[0].created_at,
            until=runs[-1].created_at,
            p95_ms=tuple(run.p95_ms for run in runs),
            error_rate=tuple(run.error_rate for run in runs),
            requests_per_s=tuple(run.requests_per_s for run in runs),
            direction=_direction(runs),
            headroom=tuple(map(_headroom, test.thresholds)) if not age else (),
            omitted_runs=test.of - len(test.runs) if age == len(scripts) - 1 else 0,
        )


def _direction(runs: Sequence[PastRun]) -> Direction:
    errors = [run.error_rate for run in runs if run.error_rate is not None]
    p95_ms = [run.p95_ms for run in runs if run.p95_ms is not None]
    if len(errors) < _FEWEST and len(p95_ms) < _FEWEST:
        return "too_few"
    slower = _LEAST_RELATIVE * median(p95_ms) if p95_ms else 0.0
    if _rises(errors, _LEAST_SHARE) or _rises(p95_ms, slower):
        return "worse"
    fall = _rises([-value for value in errors], _LEAST_SHARE) or _rises([-value for value in p95_ms], slower)
    return "better" if fall else "steady"


def _rises(values: Sequence[float], at_least: float) -> bool:
    if len(values) < _FEWEST or len(set(values)) == 1:
        return False
    trend = upward_trend(range(len(values)), values)
    return trend.by_chance < _BY_CHANCE and trend.slope * (len(values) - 1) >= at_least


def _headroom(threshold: ThresholdResult) -> Headroom:
    observed = threshold.observed if threshold.has_samples else None
    return Headroom(
        metric=threshold.metric,
        expression=threshold.expression,
        observed=observed,
        headroom=headroom(threshold.expression, observed),
    )


def _counted(pairs: Iterable[tuple[K, int]]) -> dict[K, int]:
    counts: dict[K, int] = {}
    for key, number in pairs:
        counts[key] = counts.get(key, 0) + number
    return counts


def _sum(tallies: Iterable[Tally]) -> int:
    return sum(tally.runs for tally in tallies)
