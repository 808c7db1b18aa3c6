"""k6's threshold expressions, evaluated as k6 does (metrics/thresholds.go in k6's source)."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from k6_mcp.models.metrics import MetricRow, ThresholdResult
from k6_mcp.models.thresholds import parse

# Metric, expression
Key = tuple[str, str]

_LATENCY = ("http_req_duration", "http_req_waiting")
_CROSSED = re.compile(r"thresholds on metrics '(.*)' (?:have been|were) crossed", re.DOTALL)


def crossed_by_k6(cause: str | None) -> str | None:
    """Return the metric names in k6's own sentence about crossed thresholds, None if it did not say it."""
    match = _CROSSED.search(cause or "")
    return match.group(1) if match else None


def aborted_early(cause: str | None) -> bool:
    """Return whether k6 said that a threshold with abortOnFail ended the test."""
    return crossed_by_k6(cause) is not None and "abortOnFail" in (cause or "")


class Evidence(NamedTuple):
    """The data on which thresholds are judged.

    These are the summary's rows, k6's own verdicts where known, and the line that explains k6's exit code.

    `measured` names the metrics that k6 recorded samples of. `complete` says that `rows` hold every metric of
    the run; else a missing row is no proof of missing samples.
    """

    rows: Mapping[str, MetricRow]
    k6_says: Mapping[Key, bool]
    cause: str | None
    measured: Collection[str]
    complete: bool


class Judged(NamedTuple):
    """The thresholds that the data allow to judge, and the rest."""

    results: tuple[ThresholdResult, ...]
    unjudged: tuple[Key, ...]


def judge_thresholds(keys: Iterable[Key], evidence: Evidence) -> Judged:
    """Judge each threshold.

    A threshold holds only when our own evaluation and k6's (where known) agree that it does.
    """
    named, results, unjudged = crossed_by_k6(evidence.cause), list[ThresholdResult](), list[Key]()
    for key in dict.fromkeys(keys):
        result = _judge(key, evidence, named)
        results.append(result) if result else unjudged.append(key)
    return Judged(tuple(_trust_k6(results, named)), tuple(unjudged))


def _judge(key: Key, evidence: Evidence, named: str | None) -> ThresholdResult | None:
    (metric, expression), row, k6_ok = key, evidence.rows.get(key[0]), evidence.k6_says.get(key)
    if row is None and not evidence.complete:
        crossed = _named(metric, named)
        return (
            ThresholdResult(metric=metric, expression=expression, ok=False, observed=None, has_samples=True)
            if crossed
            else None
        )
    threshold = parse(expression)
    sampled = row is not None and has_samples(row, evidence.measured)
    observed = _value(row, threshold.key) if row and threshold and sampled else None
    ok = k6_ok is not False
    if threshold and observed is not None:
        ok = ok and threshold.holds(observed)
    elif k6_ok is None and sampled:
        # Neither k6's verdict nor the value it rests on
        return None
    return ThresholdResult(
        metric=metric, expression=expression, ok=ok, observed=observed, has_samples=sampled
    )


def has_samples(row: MetricRow, measured: Collection[str] = ()) -> bool:
    """Return whether k6 measured anything for the metric.

    `measured` names the metrics that k6 is known to have recorded.

    A counter that never counted is an observed 0, else `count<1` on errors could never hold; k6 reports a
    gauge, a rate or a trend without samples as all zeros, and states no value of a gauge that is infinite.
    Latency that is 0 ms throughout belongs to requests that never connected.
    """
    match row.type:
        case "counter":
            return True
        case "rate":
            return row.values.get("passes", 1.0) + row.values.get("fails", 0.0) > 0
        case "gauge":
            return (
                "value" not in row.values
                or any(row.values.values())
                or row.name.partition("{")[0] in measured
            )
        case "trend" if row.name.startswith(_LATENCY):
            return any(row.values.get(key, 0.0) > 0 for key in ("avg", "max"))
        case "trend":
            return row.values["count"] > 0 if "count" in row.values else any(row.values.values())


def _value(row: MetricRow, key: str) -> float | None:
    if key in row.values or not key.startswith("p("):
        return row.values.get(key)
    # p(95.0)
    spelled = (
        name for name in row.values if (written := parse(f"{name}<0")) is not None and written.key == key
    )
    return next((row.values[name] for name in spelled), None)


def _named(metric: str, names: str | None) -> bool:
    return names is not None and f", {metric}, " in f", {names}, "


def _trust_k6(results: list[ThresholdResult], names: str | None) -> Iterator[ThresholdResult]:
    """Yield the results, all crossed for a metric that only k6 shows as crossed.

    In that case a script altered the figures, or they end before k6 did (disk full). The value that k6
    observed is then unknown, because a value that holds can't be it.
    """
    shown = {result.metric for result in results if not result.ok}
    for result in results:
        hidden = _named(result.metric, names) and result.metric not in shown
        yield result.changed(ok=False, observed=None) if hidden else result
