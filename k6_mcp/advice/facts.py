"""What a model may know about a run: computed figures and fixed words.

Every other text is a quotation, and the figures name it only by its reference.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import cast

from pydantic import BaseModel, JsonValue

from k6_mcp.advice.numbers import Fact, numbers
from k6_mcp.models.findings import Finding
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.thresholds import parse
from k6_mcp.models.wording import cut
from k6_mcp.redaction import redact_text

# Longest list of anything; the worst and largest items come first
_MOST = 12
_QUOTE_CHARS = 300
_EXPRESSION_CHARS = 60
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,60}\Z")
_QUOTED = re.compile(r"""["\u201c`][^"\u201d`]*["\u201d`]""")
_SHARES = frozenset({"confidence", "headroom", "checks", "http_req_failed", "rate"})
_TIMES = frozenset(
    f"http_req_{part}"
    for part in ("blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
)
_OF = " of "
Computed = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Facts:
    """The content of a question.

    `computed` is what k6-mcp found. `quotes` are texts of the target, the script or the caller, by
    reference. `numbers` are those that the model's text may contain.
    """

    computed: Computed
    quotes: Mapping[str, str]
    numbers: tuple[Fact, ...]


class _Quotes:
    """Gives a reference to every text that isn't k6-mcp's own."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def refer(self, text: str) -> str:
        """Return the reference of `text`, redacted and cut."""
        shown = cut(redact_text(text[: 4 * _QUOTE_CHARS]), _QUOTE_CHARS)
        for reference, known in self.texts.items():
            if known == shown:
                return reference
        reference = f"Q{len(self.texts) + 1}"
        self.texts[reference] = shown
        return reference

    def metric(self, name: str) -> str:
        """Return a metric's name, or a reference if a script chose the name."""
        return name if _METRIC.match(name) else self.refer(name)


def facts_of(run: Run, explanation: Explanation) -> Facts:
    """Return the facts of a run that has ended; their size is bounded however large the run is."""
    quotes = _Quotes()
    computed: Computed = {"status": run.status}
    if run.failure is not None:
        computed["failure"] = {
            "kind": run.failure.kind,
            "also": list(run.failure.also),
            "message": quotes.refer(run.failure.message),
        }
        computed["failure_evidence"] = [quotes.refer(text) for text in run.failure.evidence[:5]]
    if run.plan is not None:
        computed["asked"] = _planned(run.plan, quotes)
    if run.metrics is not None and run.metrics.source != "none":
        computed |= _measured(run.metrics, quotes)
    computed["warnings"] = [notice.code for notice in run.warnings[:_MOST]]
    computed["findings"] = [_finding(finding, quotes) for finding in explanation.findings[:_MOST]]
    computed["phases"] = [
        {**_plain(phase), "scenario": quotes.refer(phase.scenario), "label": quotes.refer(phase.label)}
        for phase in explanation.phases[:_MOST]
    ]
    computed = {name: value for name, value in computed.items() if value not in ([], {})}
    return Facts(computed, quotes.texts, (*_numbers(computed), *_of_sentences(explanation.findings[:_MOST])))


def _planned(plan: Plan, quotes: _Quotes) -> Computed:
    whole: Computed = {
        "max_vus": plan.max_vus,
        "duration_s": plan.duration_s,
        "peak_rate_per_s": plan.peak_rate_per_s,
    }
    scenarios: list[JsonValue] = [
        {
            "name": quotes.refer(item.name),
            **_only(item, "executor", "vus", "max_vus", "duration_s", "start_s", "iterations", "rate_per_s"),
        }
        for item in plan.scenarios[:_MOST]
    ]
    return {**{name: value for name, value in whole.items() if value is not None}, "scenarios": scenarios}


def _measured(metrics: Metrics, quotes: _Quotes) -> Computed:
    figures = _plain(metrics.figures)
    latency = cast("Computed", figures.pop("latency", {}))
    failing = sorted((check for check in metrics.checks if check.fails), key=lambda check: -check.fails)
    return {
        "figures": figures,
        "latency": latency,
        "thresholds": [
            {
                **_only(threshold, "ok", "observed", "has_samples"),
                "metric": quotes.metric(threshold.metric),
                "expression": threshold.expression
                if _limit(threshold.expression) is not None
                else quotes.refer(threshold.expression),
            }
            for threshold in sorted(metrics.thresholds, key=lambda item: item.ok)[:_MOST]
        ],
        "threshold_counts": {
            "crossed": sum(not item.ok for item in metrics.thresholds),
            "all": len(metrics.thresholds),
        },
        "statuses": [_plain(status) for status in metrics.statuses[:_MOST]],
        "errors": [_plain(error) for error in metrics.errors[:_MOST]],
        "grpc_calls": [_plain(status) for status in metrics.grpc[:_MOST]],
        "browser": _plain(metrics.browser.changed(documents=(), web_vitals=())) if metrics.browser else {},
        "web_vitals": [_plain(vital) for vital in metrics.browser.web_vitals] if metrics.browser else [],
        "failed_checks": [
            {**_only(check, "passes", "fails"), "name": quotes.refer(check.name)} for check in failing[:5]
        ],
        "endpoints": [
            {**_plain(item), "name": quotes.refer(item.name) if item.name is not None else "all others"}
            for item in sorted(metrics.endpoints, key=lambda item: -item.requests)[:_MOST]
        ],
        "error_samples": [
            {"status": sample.status, "answer": quotes.refer(sample.text)} for sample in metrics.samples[:3]
        ],
        "load_generator": _plain(metrics.generator) if metrics.generator else {},
    }


def _finding(finding: Finding, quotes: _Quotes) -> Computed:
    evidence: list[JsonValue] = [
        {**_only(item, "observed", "limit", "from_s", "to_s"), "metric": quotes.metric(item.metric)}
        for item in finding.evidence[:5]
    ]
    return {
        **_only(finding, "id", "severity", "confidence"),
        "evidence": evidence,
        "message": quotes.refer(finding.message),
        "recommendation": quotes.refer(finding.recommendation),
    }


def _plain(model: BaseModel) -> Computed:
    """Return the fields of `model` that have a value, fractions with six digits."""
    return {name: _short(value) for name, value in model.model_dump(mode="json", exclude_none=True).items()}


def _only(model: BaseModel, *names: str) -> Computed:
    return {name: value for name, value in _plain(model).items() if name in names}


def _short(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _numbers(computed: JsonValue, key: str = "") -> Iterator[Fact]:
    """Yield the numbers in `computed`.

    A number's meaning is in the name of its field, or of the metric next to it.
    """
    if isinstance(computed, dict):
        metric = computed.get("metric")
        for name, value in computed.items():
            yield from _numbers(
                value,
                f"{name}{_OF}{metric}" if name in ("observed", "limit", "expression") and metric else name,
            )
    elif isinstance(computed, list):
        for value in computed:
            yield from _numbers(value, key)
    elif isinstance(computed, str) and (limit := _limit(computed)) is not None:
        yield from _meaning(limit, key)
    elif isinstance(computed, int | float) and not isinstance(computed, bool):
        yield from _meaning(float(computed), key)


def _limit(expression: str) -> float | None:
    """Return the limit of a threshold that may stand among our own words, None for any other text."""
    threshold = parse(expression) if len(expression) <= _EXPRESSION_CHARS else None
    return threshold.limit if threshold is not None and isfinite(threshold.limit) else None


def _of_sentences(findings: Sequence[Finding]) -> Iterator[Fact]:
    """Yield the numbers in the findings' own sentences.

    Their quotations are left out, so that a target cannot smuggle in a figure.
    """
    for finding in findings:
        for text in (finding.message, finding.recommendation):
            for written in numbers(_QUOTED.sub(" ", text)):
                value = written.readings[0][0]
                kinds: Mapping[str, Fact] = {
                    "%": Fact(value / 100, "share"),
                    "ms": Fact(value, "time"),
                    "s": Fact(value * 1e3, "time"),
                    "min": Fact(value * 6e4, "time"),
                }
                yield kinds.get(written.unit, Fact(value))


def _meaning(value: float, name: str) -> Iterator[Fact]:
    """Yield the meanings that a number can have whose field, or metric, is called `name`."""
    field, _, metric = name.partition(_OF)
    if field.endswith("_s") and not field.endswith("_per_s"):
        yield Fact(value * 1e3, "time")
    elif (metric or field).endswith(("_ms", "_duration")) or metric in _TIMES:
        yield Fact(value, "time")
        # Evidence about a time metric may also be a share of that time
        if metric and 0 <= value <= 1:
            yield Fact(value, "share")
    elif (metric or field) in _SHARES or (metric or field).endswith(("_share", "_rate")):
        yield Fact(value, "share")
    else:
        yield Fact(value, "unknown" if metric else "plain")
