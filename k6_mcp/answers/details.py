"""What get_run says beyond the summary: every metric, the log, the script, each within one answer's
budget.
"""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from k6_mcp.answers.budget import CONTENT_BYTES, Json, as_json, compact, fitted, head, size, tail
from k6_mcp.models.hidden_characters import visible
from k6_mcp.models.metrics import MetricRow
from k6_mcp.models.run import Run

_TEXT_BYTES = 8_500
# Room for the pointer to the rest
_RESERVE_BYTES = 300


def full_answer(summary: Json, run: Run) -> Json:
    """Return `summary` with as many metrics of `run` as fit, k6's own value names, sub-metrics with tags
    last.
    """
    answer = fitted(summary, CONTENT_BYTES // 2)
    rows = sorted(run.metrics.rows if run.metrics else (), key=lambda row: "{" in row.name)
    metrics: dict[str, JsonValue] = {}
    room = CONTENT_BYTES - _RESERVE_BYTES - size(answer)
    for row in rows:
        values = metric_values(row)
        room -= len(compact({row.name: values}).encode())
        if room < 0:
            break
        metrics[row.name] = values
    note: Json = {}
    if len(metrics) < len(rows):
        left_out = len(rows) - len(metrics)
        note = {
            "note": (
                f"{left_out} of {len(rows)} metrics are left out; the resource k6://runs/{run.run_id}/metrics"
                " has all"
            )
        }
    return {**answer, "metrics": metrics, **note}


def metric_values(row: MetricRow) -> Json:
    """Return a metric's type and values, rounded to what can be read (six significant digits)."""
    return {"type": row.type, **{name: float(f"{value:.6g}") for name, value in row.values.items()}}


def log_answer(run: Run, log: str) -> Json:
    """Return the end of the log."""
    shown, left_out = tail(visible(log), _TEXT_BYTES)
    note: Json = (
        {"note": f"The first {left_out} characters are left out: k6://runs/{run.run_id}/log"}
        if left_out
        else {}
    )
    return {**_heading(run), "log": shown, **note}


def script_answer(run: Run, script: str) -> Json:
    """Return the beginning of the script that ran."""
    shown, left_out = head(visible(script), _TEXT_BYTES)
    note: Json = (
        {"note": f"The last {left_out} characters are left out: k6://runs/{run.run_id}/script"}
        if left_out
        else {}
    )
    return {**_heading(run), "script": shown, **note}


def detail_schema(summary: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the schema of get_run's answer: the summary's fields, of which log and script carry only the
    first two.
    """
    properties = cast("Json", summary["properties"])
    metric: Json = {
        "type": "object",
        "additionalProperties": {"anyOf": [{"type": "number"}, {"type": "string"}]},
    }
    extra: Json = {
        "metrics": {
            "type": "object",
            "additionalProperties": metric,
            "description": "with full: metric -> type and k6's values",
        },
        "timeline": {"type": "object", "description": "with timeline: a list per column"},
        "scenarios": {"type": "object"},
        "phases": {"type": "object", "description": "columns and rows"},
        "log": {"type": "string", "description": "with log"},
        "script": {"type": "string", "description": "with script"},
        "note": {"type": "string"},
    }
    return {**summary, "properties": {**properties, **extra}, "required": ["run_id", "status"]}


def _heading(run: Run) -> Json:
    return {"run_id": run.run_id, "status": run.status}


def every_metric(run: Run) -> Json:
    """Return all that was measured in `run`, unrounded."""
    return as_json(run.metrics) if run.metrics else {}
