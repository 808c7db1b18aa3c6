"""A run as the one JSON line that one-shot clients read: they classify it by k6's own words, so each word appears only where it is true."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import SerializeAsAny
from pydantic_core import to_json

from k6_mcp.errors import K6McpError
from k6_mcp.models.base import Model
from k6_mcp.models.metrics import MetricType, ThresholdResult
from k6_mcp.models.run import FINAL, Failure, FailureKind, Notice, Run, Status
from k6_mcp.models.untrusted import MARK, mark, untrusted_fields
from k6_mcp.models.visible import visible_data
from k6_mcp.reports.k6_text import REQUEST_FAILED, THRESHOLDS_CROSSED, k6_text

ErrorType = Literal[
    "threshold",
    "network",
    "script",
    "config",
    "timeout",
    "stopped",
    "target",
    "load",
    "no_samples",
    "crash",
    "internal",
    "cancelled",
    "lost",
]
ERROR_TYPES: Mapping[FailureKind, ErrorType] = {
    "thresholds_exceeded": "threshold",
    "target_unreachable": "network",
    "script_error": "script",
    "invalid_config": "config",
    "timed_out": "timeout",
    "stopped_externally": "stopped",
    "target_failing": "target",
    "load_not_delivered": "load",
    "no_samples": "no_samples",
    "k6_crashed": "crash",
    "internal": "internal",
}
# Words by which a client takes a whole line for a network error, and for a threshold breach.
NETWORK_WORDS = (REQUEST_FAILED, "Error executing k6 test:", "connectex: A connection attempt failed")
BREACH_WORDS = (THRESHOLDS_CROSSED, "level=error")
_PREFIX = "k6 test failed: "


class OneShotMetric(Model):
    """One metric in the shape of k6's `handleSummary(data).metrics`."""

    type: MetricType
    contains: Literal["default", "time", "data"]
    values: Mapping[str, float]


class OneShotAnswer(Model):
    """What a one-shot request is answered with; `result` carries the answers of methods that are not about one run, and all repeats of one.

    `untrusted` names the fields in which text of the target, the script or callers stands; it is set when the line is written.
    """

    success: bool
    status: Status | None = None
    error: str | None = None
    error_type: str | None = None
    output: str = ""
    metrics: Mapping[str, OneShotMetric] = {}
    thresholds: tuple[ThresholdResult, ...] = ()
    run_id: str | None = None
    failure: Failure | None = None
    warnings: tuple[Notice, ...] = ()
    result: SerializeAsAny[Model] | None = None
    untrusted: str | None = None


def answer_run(run: Run) -> OneShotAnswer:
    """Return `run` as an answer; `success` only when it completed, and no error while it is still going."""
    metrics = run.metrics
    return OneShotAnswer(
        success=run.status == "completed",
        status=run.status,
        error=_error(run),
        error_type=_error_type(run),
        output=k6_text(run) if metrics else "",
        metrics={
            row.name: OneShotMetric(type=row.type, contains=row.contains, values=row.values)
            for row in (metrics.rows if metrics else ())
        },
        thresholds=metrics.thresholds if metrics else (),
        run_id=run.run_id,
        failure=run.failure,
        warnings=run.warnings,
        result=run.series,
    )


def answer_error(error: K6McpError) -> OneShotAnswer:
    """Return the answer to a request for which there is no run."""
    return OneShotAnswer(success=False, error=str(error), error_type=error.code)


def to_line(answer: OneShotAnswer) -> bytes:
    """Return `answer` as one line of UTF-8 JSON in which k6's words for the other kinds of failure are made harmless."""
    words: tuple[str, ...] = ()
    if answer.error_type != "network":
        words += NETWORK_WORDS
    if answer.error_type != "threshold":
        words += BREACH_WORDS
    data = visible_data(answer.model_dump(mode="json"))
    fields = untrusted_fields(data)
    text = to_json({**data, MARK: mark(fields) if fields else None}, inf_nan_mode="null").decode()
    if words:
        text = re.sub("|".join(map(re.escape, words)), _harmless, text)
    return text.encode() + b"\n"


def _harmless(match: re.Match[str]) -> str:
    return match[0].replace(" ", "-").replace("=", ":")


def _error_type(run: Run) -> ErrorType | None:
    if run.failure:
        return ERROR_TYPES[run.failure.kind]
    if run.status == "cancelled" or run.status == "lost":
        return run.status
    return "internal" if run.status == "failed" else None


def _error(run: Run) -> str | None:
    if run.status not in FINAL or run.status == "completed":
        return None
    match _error_type(run):
        case "threshold":
            reason = "Performance thresholds exceeded"
        case "network":
            reason = "Network connection error"
        case _ if run.failure:
            reason = " ".join(run.failure.message.split())
        case "lost":
            reason = "the server that ran it died; the figures reach as far as they were recorded"
        case _:
            reason = "it was stopped before its end; the figures up to then are kept"
    return _PREFIX + reason
