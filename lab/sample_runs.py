"""A small load test in all forms of k6's figures (record, summary, export), and runs made of it.

It has 100 requests in 10 iterations of one scenario, 90 of them HTTP 200 and 10 HTTP 500, in three intervals
of 1 s (the last one partial).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.metrics import Figures, Latency, Metrics, ThresholdResult
from k6_mcp.models.outcome import LogDigest, LogMessage, Outcome
from k6_mcp.models.plan import Plan, ScenarioPlan, ThresholdPlan
from k6_mcp.models.run import Asked, Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = 1_700_000_000_000
AGGREGATES = {
    "counter": ["count", "rate"],
    "gauge": ["value"],
    "rate": ["rate"],
    "trend": ["avg", "max", "med", "min", "p(90)", "p(95)", "p(99)"],
}
KINDS: Mapping[str, Mapping[str, str]] = {
    "time": {"type": "gauge", "contains": "time"},
    "http_reqs": {"type": "counter"},
    "http_reqs{scenario:default}": {"type": "counter"},
    "http_reqs{error_code:1500}": {"type": "counter"},
    "http_req_failed": {"type": "rate"},
    "http_req_duration": {"type": "trend", "contains": "time"},
    "iterations": {"type": "counter"},
    "iteration_duration": {"type": "trend", "contains": "time"},
    "checks": {"type": "rate"},
    "vus": {"type": "gauge"},
    "vus_max": {"type": "gauge"},
}
TREND = [12.345, 40.123, 11.5, 2.25, 30.5, 35.75, 39.5]
Row = Sequence[float]


def line(event: str, data: Any) -> str:
    return json.dumps({"event": event, "data": data}, separators=(",", ":"))


def rows(at_ms: int, values: Mapping[str, Row], kinds: Iterable[str] = KINDS) -> list[list[float]]:
    """Return rows as k6 writes them: one per announced name in byte order, empty without samples."""
    known = {"time": [START_MS + at_ms], **values}
    return [list(known.get(name, ())) for name in sorted(kinds)]


def counts(
    requests: int, bad: int, iterations: int, vus: int = 2, iteration_ms: float = 40
) -> Mapping[str, Row]:
    """Return the rows of an interval, or of the whole test so far, with these counts."""
    return {
        "http_reqs": [requests, requests],
        "http_reqs{scenario:default}": [requests, requests],
        **({"http_reqs{error_code:1500}": [bad, 1]} if bad else {}),
        "http_req_failed": [int(bad / requests * 1e5) / 1e5],
        "http_req_duration": TREND,
        "iterations": [iterations, iterations],
        "iteration_duration": [iteration_ms] * 7,
        "checks": [0.5],
        "vus": [vus],
        "vus_max": [vus],
    }


OPENING = (
    line("param", {"aggregates": AGGREGATES, "period": 1000}),
    line("start", [[START_MS]]),
    line("metric", KINDS),
)
CLOSING = (
    line("cumulative", rows(2500, counts(100, 10, 10))),
    line("stop", [[START_MS + 2510]]),
)
RECORD = (
    *OPENING,
    line("cumulative", rows(1000, counts(40, 4, 4))),
    line("snapshot", rows(1000, counts(40, 4, 4))),
    line("cumulative", rows(2000, counts(80, 8, 8))),
    line("snapshot", rows(2000, counts(40, 4, 4))),
    *CLOSING,
)


def record(lines: Iterable[str] = RECORD) -> Record:
    reader = Record()
    for text in lines:
        reader.feed(text)
    return reader


TREND_VALUES = {
    "avg": 12.345678,
    "min": 2.25,
    "med": 11.5,
    "max": 40.12345,
    "p(90)": 30.5,
    "p(95)": 35.75,
    "p(99)": 39.5,
    "p(99.9)": 40.0,
    "count": 100,
}


def metric(
    kind: str, values: Mapping[str, float], contains: str = "default", oks: Mapping[str, bool] | None = None
) -> dict[str, Any]:
    thresholds = {"thresholds": {expression: {"ok": ok} for expression, ok in oks.items()}} if oks else {}
    return {"type": kind, "contains": contains, "values": dict(values), **thresholds}


def summary() -> dict[str, Any]:
    """Return the `data` that `handleSummary(data)` gets for this test."""
    return {
        "root_group": {
            "name": "",
            "path": "",
            "groups": [
                {
                    "name": "shop",
                    "path": "::shop",
                    "groups": [],
                    "checks": [
                        {"name": "is 200", "path": "::shop::is 200", "id": "x", "passes": 10, "fails": 0}
                    ],
                }
            ],
            "checks": [{"name": "is 201", "path": "::is 201", "id": "y", "passes": 0, "fails": 10}],
        },
        "state": {"testRunDurationMs": 2499.0},
        "setup_data": {"token": "SECRET"},
        "k6-mcp": {"http_reqs{status:200}": metric("counter", {"count": 90, "rate": 90 / 2.499})},
        "metrics": {
            "http_reqs": metric("counter", {"count": 100, "rate": 100 / 2.499}),
            "http_req_failed": metric(
                "rate", {"rate": 0.1, "passes": 10, "fails": 90}, oks={"rate<0.05": False}
            ),
            "http_req_duration": metric("trend", TREND_VALUES, "time", {"p(95)<500": True}),
            "http_req_duration{expected_response:true}": metric(
                "trend", {**TREND_VALUES, "count": 90}, "time"
            ),
            "iterations": metric("counter", {"count": 10, "rate": 10 / 2.499}),
            "iteration_duration": metric("trend", dict.fromkeys(TREND_VALUES, 40.0) | {"count": 10}, "time"),
            "checks": metric("rate", {"rate": 0.5, "passes": 10, "fails": 10}),
            "vus": metric("gauge", {"value": 2, "min": 1, "max": 2}),
            "vus_max": metric("gauge", {"value": 2, "min": 2, "max": 2}),
        },
    }


def export() -> dict[str, Any]:
    """Return the file that `--summary-export` writes for this test.

    It has inverted thresholds, `value` for a rate, and groups and checks by name.
    """
    exported: dict[str, Any] = {"metrics": {}, "root_group": _by_name(summary()["root_group"])}
    for name, facts in summary()["metrics"].items():
        values = dict(facts["values"])
        if facts["type"] == "rate":
            values["value"] = values.pop("rate")
        if "thresholds" in facts:
            values["thresholds"] = {
                expression: not verdict["ok"] for expression, verdict in facts["thresholds"].items()
            }
        exported["metrics"][name] = values
    return exported


def _by_name(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **group,
        "groups": {child["name"]: _by_name(child) for child in group["groups"]},
        "checks": {check["name"]: check for check in group["checks"]},
    }


def outcome(
    exit_code: int | None = 0, *, seconds: float = 2.6, log: LogDigest | None = None, **facts: Any
) -> Outcome:
    """Return the outcome of a k6 that has ended; it wrote a `summary` or `export` only if one is given."""
    ended = NOW + timedelta(seconds=seconds)
    log = log or LogDigest(went_running=True)
    return Outcome(exit_code=exit_code, started_at=NOW, ended_at=ended, log=log, **facts)


def ended_well(**facts: Any) -> Outcome:
    """Return the outcome of a k6 that has ended and wrote both of its files."""
    fields: dict[str, Any] = {"summary": json.dumps(summary()), "export": json.dumps(export()), **facts}
    return outcome(**fields)


def said(cause: str | None = None, *messages: LogMessage, **facts: Any) -> LogDigest:
    fields: dict[str, Any] = {"cause": cause, "messages": messages, "went_running": True, **facts}
    return LogDigest(**fields)


def plan(*thresholds: tuple[str, str], **facts: Any) -> Plan:
    """Return a plan of two VUs for 2.5 s."""
    scenario = ScenarioPlan(name="default", executor="constant-vus", vus=2, max_vus=2, duration_s=2.5)
    planned = tuple(ThresholdPlan(metric=metric, expression=expression) for metric, expression in thresholds)
    fields: dict[str, Any] = {
        "scenarios": (scenario,),
        "thresholds": planned,
        "max_vus": 2,
        "duration_s": 2.5,
        "longest_s": 32.5,
        **facts,
    }
    return Plan(**fields)


def latency(**facts: Any) -> Latency:
    fields: dict[str, Any] = {
        **{"of": "all_requests", "count": 100, "avg_ms": 12.3, "min_ms": 2.0, "med_ms": 11.0, "max_ms": 40.0},
        **{"p90_ms": 30.0, "p95_ms": 35.75, "p99_ms": 39.0},
        **facts,
    }
    return Latency(**fields)


def metrics(
    *thresholds: ThresholdResult,
    source: Any = "summary",
    more: Mapping[str, Any] | None = None,
    **figures: Any,
) -> Metrics:
    """Return the figures of a good run; `more` are fields of `Metrics`, the others are figures."""
    fields: dict[str, Any] = {
        **{
            "wall_s": 2.6,
            "load_s": 2.5,
            "requests": 100,
            "requests_per_s": 40.0,
            "error_rate": 0.0,
            "latency": latency(),
        },
        **{"iterations": 10, "iterations_per_s": 4.0, "vus_max": 2, "vus_allocated": 2},
        **figures,
    }
    return Metrics(
        source=source,
        exact=source != "record",
        figures=Figures(**fields),
        thresholds=thresholds,
        **(more or {}),
    )


def threshold(
    expression: str = "p(95)<500", *, ok: bool = True, observed: float | None = 35.75, **facts: Any
) -> ThresholdResult:
    fields: dict[str, Any] = {"metric": "http_req_duration", "has_samples": True, **facts}
    return ThresholdResult(expression=expression, ok=ok, observed=observed, **fields)


def run(status: Any = "completed", **facts: Any) -> Run:
    fields: dict[str, Any] = {
        **{
            "run_id": "r-20260101-0123456789abcdef",
            "status": status,
            "name": None,
            "asked": Asked(origin="text"),
        },
        **{
            "script_sha256": "0" * 64,
            "k6_version": "2.2.0",
            "server_id": "s",
            "created_at": NOW,
            "started_at": NOW,
        },
        **facts,
    }
    return Run(**fields)
