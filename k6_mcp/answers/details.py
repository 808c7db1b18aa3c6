"""What get_run returns beyond the summary.

Every metric, the log, the script: each within one answer's budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from k6_mcp.answers.budget import CONTENT_BYTES, Json, as_json, as_many_as_fit, fitted, head, size, tail
from k6_mcp.answers.run import RunAnswer, run_answer
from k6_mcp.answers.timeline import timeline_answer
from k6_mcp.models.hidden_characters import visible
from k6_mcp.models.metrics import MetricRow
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import Detail
from k6_mcp.models.timeline import Timeline

_TEXT_BYTES = 8_500
# Room for the pointer to the rest
_RESERVE_BYTES = 300
_METRIC: Json = {
    "type": "object",
    "additionalProperties": {"anyOf": [{"type": "number"}, {"type": "string"}]},
}
DETAIL_PROPERTIES: Mapping[str, Json] = {
    "metrics": {
        "type": "object",
        "additionalProperties": _METRIC,
        "description": "with full: metric -> type and k6's values",
    },
    "timeline": {"type": "object", "description": "with timeline: a list per column"},
    "scenarios": {"type": "object"},
    "phases": {"type": "object", "description": "columns and rows"},
    "log": {"type": "string", "description": "with log"},
    "script": {"type": "string", "description": "with script"},
    "note": {"type": "string"},
}
"""JSON schemas of what details add to the fields of a summary."""


@dataclass(frozen=True)
class RunDetail:
    """One run and the detail that a caller wants of it.

    `timeline` and `text` (log or script) are set only for their details.
    """

    run: Run
    detail: Detail
    timeline: Timeline | None = None
    text: str = ""


def detail_answer(found: RunDetail) -> RunAnswer | Json:
    """Return the answer about a run in its detail."""
    match found.detail:
        case "summary":
            return run_answer(found.run)
        case "full":
            return full_answer(as_json(run_answer(found.run)), found.run)
        case "timeline":
            return timeline_answer(found.run, found.timeline)
        case "log":
            return log_answer(found.run, found.text)
        case "script":
            return script_answer(found.run, found.text)


def full_answer(summary: Json, run: Run) -> Json:
    """Return `summary` with as many metrics of `run` as fit.

    Values have k6's own names; sub-metrics with tags come last.
    """
    answer = fitted(summary, CONTENT_BYTES // 2)
    rows = sorted(run.metrics.rows if run.metrics else (), key=lambda row: "{" in row.name)
    values = {row.name: metric_values(row) for row in rows}
    room = CONTENT_BYTES - _RESERVE_BYTES - size(answer)
    shown = as_many_as_fit((size({name: value}) for name, value in values.items()), room)
    metrics: Json = dict(islice(values.items(), shown))
    note: Json = {}
    if left_out := len(values) - shown:
        note = {
            "note": (
                f"{left_out} of {len(values)} metrics are left out; the resource"
                f" k6://runs/{run.run_id}/metrics has all"
            )
        }
    return {**answer, "metrics": metrics, **note}


def metric_values(row: MetricRow) -> Json:
    """Return a metric's type and its values, rounded to six significant digits."""
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
    """Return the start of the script that ran."""
    shown, left_out = head(visible(script), _TEXT_BYTES)
    note: Json = (
        {"note": f"The last {left_out} characters are left out: k6://runs/{run.run_id}/script"}
        if left_out
        else {}
    )
    return {**_heading(run), "script": shown, **note}


def _heading(run: Run) -> Json:
    return {"run_id": run.run_id, "status": run.status}


def every_metric(run: Run) -> Json:
    """Return everything that was measured in `run`, unrounded."""
    return as_json(run.metrics) if run.metrics else {}
