"""k6's two end-of-test JSON files, read into one shape.

These are `handleSummary(data)` as our wrapper writes it, and `--summary-export`. k6's JavaScript side makes
both, where the script under test could damage them; `record_check` decides whether they are true. Oddities
are undone here: the export says `true` for a crossed threshold and `value` for a rate. `setup_data` is not
read, because it may contain tokens.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from k6_mcp.analysis.measure.record import Contains, Record
from k6_mcp.analysis.measure.thresholds import Key
from k6_mcp.models.metrics import CheckResult, MetricRow, MetricType

_TIME_METRICS = (
    "http_req_",
    "browser_http_req_duration",
    "browser_web_vital_",
    "iteration_duration",
    "group_duration",
    "grpc_req_duration",
    "ws_connecting",
    "ws_session_duration",
)
_DATA_METRICS = ("data_sent", "data_received", "browser_data_sent", "browser_data_received")
_NO_TIMES = ("http_req_failed", "browser_web_vital_cls")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Measured:
    """An end-of-test summary: rows by name, k6's threshold verdicts, checks, k6's run time in s.

    A verdict of True means that the threshold held. `observed` are the sub-metrics that only our wrapper made
    k6 keep, None if the summary has none. `not_finite` names metrics to which the script added Infinity: k6
    writes null for the affected values.
    """

    rows: Mapping[str, MetricRow]
    k6_says: Mapping[Key, bool]
    checks: tuple[CheckResult, ...]
    run_s: float | None
    not_finite: tuple[str, ...]
    observed: Mapping[str, MetricRow] | None = None


class _Json(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True, defer_build=True)


class _Check(_Json):
    name: str
    path: str
    passes: int
    fails: int


class _Group(_Json):
    """The wrapper's JSON has lists, the export has objects by name.

    Groups may be hundreds deep, so each is read by itself.
    """

    checks: Sequence[_Check] | Mapping[str, _Check] = ()
    groups: Sequence[object] | Mapping[str, object] = ()


class _Verdict(_Json):
    ok: bool


class _Metric(_Json):
    type: MetricType
    contains: Contains
    values: Mapping[str, float | None]
    thresholds: Mapping[str, _Verdict] = {}


class _Summary(_Json):
    metrics: Mapping[str, _Metric]
    root_group: object
    state: Mapping[str, object] = {}
    observed: Annotated[Mapping[str, _Metric] | None, Field(alias="k6-mcp")] = None


class _Export(_Json):
    metrics: Mapping[str, Mapping[str, float | Mapping[str, bool] | None]]
    root_group: object


def read_summary(text: str | None) -> Measured | None:
    """Return what the wrapper's `handleSummary(data)` wrote, None if missing or not k6's JSON."""
    try:
        data = _Summary.model_validate(_loaded(text))
        checks = tuple(_checks(data.root_group))
    except (ValueError, RecursionError):
        return None
    run_ms = data.state.get("testRunDurationMs")
    return Measured(
        rows=_rows(data.metrics),
        k6_says={
            (name, text): verdict.ok
            for name, metric in data.metrics.items()
            for text, verdict in metric.thresholds.items()
        },
        checks=checks,
        run_s=round(float(run_ms) / 1000, 9) if isinstance(run_ms, int | float) and run_ms > 0 else None,
        not_finite=tuple(name for name, metric in data.metrics.items() if None in metric.values.values()),
        observed=_rows(data.observed) if data.observed is not None else None,
    )


def read_export(text: str | None, record: Record) -> Measured | None:
    """Return what `--summary-export` wrote, None if missing or not k6's JSON.

    Types come from the record or from the keys.
    """
    try:
        data = _Export.model_validate(_loaded(text))
        checks = tuple(_checks(data.root_group))
    except (ValueError, RecursionError):
        return None
    rows: dict[str, MetricRow] = {}
    k6_says: dict[Key, bool] = {}
    for name, fields in data.metrics.items():
        values = {key: value for key, value in fields.items() if isinstance(value, float | int)}
        verdicts = fields.get("thresholds")
        if isinstance(verdicts, Mapping):
            k6_says |= {(name, expression): not crossed for expression, crossed in verdicts.items()}
        kind = record.kind(name)
        type_ = kind.type if kind else _type_of(values)
        if type_ == "rate" and "value" in values:
            values["rate"] = values.pop("value")
        rows[name] = _row(name, type_, kind.contains if kind else _contains_of(name), values)
    not_finite = tuple(name for name, fields in data.metrics.items() if None in fields.values())
    return Measured(rows, k6_says, checks, _run_s(rows.values()), not_finite)


def record_rows(record: Record) -> Mapping[str, MetricRow]:
    """Return the record's last figures as rows.

    Fractions have five digits, and counts of rates and trends are unknown.
    """
    totals = record.totals()
    if totals is None:
        return {}
    kinds = {name: record.kind(name) for name in totals.rows}
    return {
        name: _row(name, kind.type, kind.contains, totals.rows[name]) for name, kind in kinds.items() if kind
    }


def _rows(metrics: Mapping[str, _Metric]) -> Mapping[str, MetricRow]:
    return {name: _row(name, metric.type, metric.contains, metric.values) for name, metric in metrics.items()}


def _row(name: str, type_: MetricType, contains: Contains, values: Mapping[str, float | None]) -> MetricRow:
    known = {key: float(value) for key, value in values.items() if value is not None}
    return MetricRow(name=name, type=type_, contains=contains, values=known)


def _loaded(text: str | None) -> object:
    """Return the JSON of a file.

    pydantic's own reader stops at 200 levels, which are 100 groups.
    """
    return json.loads(text or "", parse_constant=_no_number)


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _checks(root: object) -> Iterator[CheckResult]:
    """Yield the checks of a group and of all groups below it, each group before its subgroups."""
    pending = [root]
    while pending:
        group = _Group.model_validate(pending.pop())
        for check in _values(group.checks):
            path = check.path.removeprefix("::").rpartition("::")[0]
            yield CheckResult(group=path, name=check.name, passes=check.passes, fails=check.fails)
        pending += reversed([*_values(group.groups)])


def _values(items: Sequence[_T] | Mapping[str, _T]) -> Iterable[_T]:
    return items.values() if isinstance(items, Mapping) else items


def _type_of(values: Mapping[str, float]) -> MetricType:
    if "passes" in values or set(values) == {"value"}:
        return "rate"
    if "value" in values:
        return "gauge"
    return "counter" if set(values) <= {"count", "rate"} else "trend"


def _contains_of(name: str) -> Contains:
    base = name.partition("{")[0]
    if base in _DATA_METRICS:
        return "data"
    return "time" if base.startswith(_TIME_METRICS) and base not in _NO_TIMES else "default"


def _run_s(rows: Iterable[MetricRow]) -> float | None:
    """Return k6's run time, None if unknown.

    A counter's `rate` is its count over exactly that time (metrics/sink.go); the largest counter gives the
    most precise result.
    """
    counters = [row.values for row in rows if row.type == "counter" and row.values.get("rate", 0.0) > 0]
    largest = max(counters, key=lambda values: values.get("count", 0.0), default=None)
    # k6 measures in ns
    return round(largest.get("count", 0.0) / largest["rate"], 9) if largest else None
