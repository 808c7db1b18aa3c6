"""Objectives as k6 thresholds."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from k6_mcp.models.plan import Plan, ThresholdPlan
from k6_mcp.models.request import LoadTest, Slo
from k6_mcp.models.thresholds import parse
from k6_mcp.scripts.presets import preset_slo

Thresholds = Mapping[str, Sequence[str]]


def asked_thresholds(test: LoadTest) -> Thresholds:
    """Return the caller's `thresholds` and those of `slo`, each expression once per metric."""
    return _by_metric((*_each(test.thresholds), *(_of_slo(test.slo) if test.slo else ())))


def with_asked(test: LoadTest, plan: Plan) -> Plan:
    """Return `plan` with those of the caller's thresholds that a script kept out of it.

    They are judged by k6's figures all the same.
    """
    planned = {(threshold.metric, threshold.expression.strip()) for threshold in plan.thresholds}
    each = () if test.url is not None else _each(asked_thresholds(test))
    missing = [
        ThresholdPlan(metric=metric, expression=text)
        for metric, text in each
        if (metric, text) not in planned
    ]
    return plan.changed(thresholds=(*plan.thresholds, *missing)) if missing else plan


def url_thresholds(test: LoadTest) -> Thresholds:
    """Return the thresholds of a test of `url`: the preset's objectives and the caller's.

    The caller's threshold on the same aggregation of the same metric replaces the preset's objective, whether
    it is looser or tighter.
    """
    asked = tuple(_each(asked_thresholds(test)))
    judged = {(metric, aggregation(expression)) for metric, expression in asked}
    own = (item for item in _of_slo(preset_slo()) if (item[0], aggregation(item[1])) not in judged)
    return _by_metric((*own, *asked))


def aggregation(expression: str) -> str:
    """Return what an expression compares, e.g. `p(95)` in `p(95) < 500`."""
    parsed = parse(expression)
    return parsed.key if parsed is not None else expression


def _of_slo(slo: Slo) -> Iterator[tuple[str, str]]:
    if slo.avg_ms is not None:
        yield "http_req_duration", f"avg<={_number(slo.avg_ms)}"
    if slo.p95_ms is not None:
        yield "http_req_duration", f"p(95)<={_number(slo.p95_ms)}"
    if slo.p99_ms is not None:
        yield "http_req_duration", f"p(99)<={_number(slo.p99_ms)}"
    if slo.error_rate is not None:
        yield "http_req_failed", f"rate<={_number(slo.error_rate)}"
    if slo.availability is not None:
        yield "http_req_failed", f"rate<={_number(1 - Decimal(repr(slo.availability)))}"
    if slo.min_rate_per_s is not None:
        yield "http_reqs", f"rate>={_number(slo.min_rate_per_s)}"


def _number(value: float | Decimal) -> str:
    """Return the number without an exponent, which k6's expressions don't allow, and without binary noise."""
    text = format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _each(thresholds: Thresholds) -> Iterator[tuple[str, str]]:
    for metric, expressions in thresholds.items():
        for expression in expressions:
            yield metric, expression.strip()


def _by_metric(items: Sequence[tuple[str, str]]) -> Thresholds:
    found: dict[str, list[str]] = {}
    for metric, expression in dict.fromkeys(items):
        found.setdefault(metric, []).append(expression)
    return found
