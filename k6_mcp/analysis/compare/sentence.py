"""A comparison in one sentence."""

from collections.abc import Iterator, Sequence

from k6_mcp.models.comparison import Change, Difference, MetricChange
from k6_mcp.models.wording import count, cut, number, percent

_WORDS = {
    "error_rate": "error rate",
    "failed_checks": "failed checks",
    "requests_per_s": "requests per s",
    "iterations_per_s": "iterations per s",
    "p95_ms": "p95",
    "med_ms": "median",
    "avg_ms": "average",
    "p99_ms": "p99",
}
_LONGEST = 480
_HEADS: dict[Change, str] = {
    "regressed": "regressed",
    "improved": "improved",
    "no_evidence": "no evidence of a change",
    "not_comparable": "not comparable",
}


def sentence(
    change: Change,
    metrics: Sequence[MetricChange],
    differences: Sequence[Difference],
    baseline: int,
    candidate: int,
) -> str:
    """Return the result of a comparison, with the numbers that it is based on."""
    blocking = [item for item in differences if item.blocking]
    if not metrics:
        what = "; ".join(f"{item.what}: {item.baseline} / {item.candidate}" for item in blocking)
        return cut(f"not comparable: the two sides differ in {what}", _LONGEST)
    shown = [metric for metric in metrics if metric.change == change]
    if change == "no_evidence":
        shown = [
            metric for metric in shown if metric.metric in ("error_rate", "p95_ms", "iterations_per_s")
        ] or shown[:2]
    parts = [*(_metric(metric) for metric in shown[:4])]
    if len(shown) > 4:
        parts.append(f"and {len(shown) - 4} more")
    rest = "; ".join(_otherwise(change, metrics, blocking))
    runs = f" ({count(baseline, 'run')} against {candidate})"
    return cut(f"{_HEADS[change]}: {', '.join(parts)}{'; ' + rest if rest else ''}{runs}", _LONGEST)


def _otherwise(
    change: Change, metrics: Sequence[MetricChange], blocking: Sequence[Difference]
) -> Iterator[str]:
    if blocking:
        yield (
            f"latency is not compared, because {blocking[0].what} differs ({blocking[0].baseline} /"
            f" {blocking[0].candidate})"
        )
    elif withdrawn := [
        metric for metric in metrics if metric.change == "not_comparable" and metric.effect is not None
    ]:
        yield (
            f"{', '.join(_WORDS[metric.metric] for metric in withdrawn)} not comparable"
            f" ({withdrawn[0].reason})"
        )
    if change == "regressed" and (
        better := [_metric(metric) for metric in metrics if metric.change == "improved"]
    ):
        yield f"improved: {', '.join(better[:2])}"


def _metric(metric: MetricChange) -> str:
    name = _WORDS[metric.metric]
    before, after, effect = metric.baseline, metric.candidate, metric.effect
    low, high = metric.effect_low, metric.effect_high
    if before is None or after is None or effect is None or low is None or high is None:
        return name
    if metric.unit == "share":
        return (
            f"{name} {percent(before)} -> {percent(after)} ({_signed(effect)}, {_signed(low)} to"
            f" {_signed(high)} points)"
        )
    unit = " ms" if metric.unit == "ms" else ""
    return (
        f"{name} {number(before, 3)} -> {number(after, 3)}{unit} ({_signed(effect)} %, {_signed(low)} to"
        f" {_signed(high)} %)"
    )


def _signed(fraction: float) -> str:
    value = number(abs(fraction) * 100, 2 if abs(fraction) < 1 else 3)
    return value if value == "0" else f"{'+' if fraction > 0 else '-'}{value}"
