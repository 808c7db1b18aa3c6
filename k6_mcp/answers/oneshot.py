"""A run as the one JSON line that one-shot clients read.

Clients classify the line by k6's own words, so each word appears only if it is true. Two generations of such
clients are in use. One parses the line of a process that exited with 0. The other takes the raw text received
so far, as soon as it contains the name of a metric. Both then look for the same words, network errors first,
and treat a text without any as success. So before the ending, in `output`, the line contains only names of
our own.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, SerializeAsAny
from pydantic_core import to_json

from k6_mcp.answers.k6_text import ENDINGS, REQUEST_FAILED, THRESHOLDS_CROSSED, k6_text
from k6_mcp.errors import K6McpError, LimitExceeded
from k6_mcp.models.base import Model
from k6_mcp.models.failures import FAILURES, FailureWord
from k6_mcp.models.hidden_characters import visible, visible_data
from k6_mcp.models.metrics import MetricType, ThresholdResult
from k6_mcp.models.run import FINAL, Failure, Notice, Run, Series, Status
from k6_mcp.models.untrusted import MARK, mark, untrusted_fields
from k6_mcp.models.wording import log_line

# A run's answer needs none of these, and their import would delay it
if TYPE_CHECKING:
    from k6_mcp.models.service_answers import PlanReport

ErrorType = Literal[FailureWord, "cancelled", "lost"]
# Words that make a client treat a whole line as a network error or as a threshold breach
NETWORK_WORDS = (REQUEST_FAILED, "Error executing k6 test:", "connectex: A connection attempt failed")
FAILED = "level=error"
BREACH_WORDS = (THRESHOLDS_CROSSED, FAILED)
# Bytes as JSON, so that a refusal stays below 10 KB
_LONGEST_ERROR_BYTES, _LONGEST_LINE_BYTES, _TAIL = 5_000, 3_000, 300
_PREFIX = "k6 test failed: "


class OneShotMetric(Model):
    """One metric in the shape of k6's `handleSummary(data).metrics`."""

    type: MetricType
    contains: Literal["default", "time", "data"]
    values: Mapping[str, float]


class OneShotAnswer(Model):
    """The answer to a one-shot request; `result` has the answers of methods that are not about one run.

    The order of the fields matters, as explained above. `result` is null in every answer that `output` states
    completely. `untrusted` names the fields that contain text of the target, the script or callers; it is set
    when the line is written.
    """

    success: bool
    status: Status | None = None
    error_type: str | None = None
    output: str = ""
    error: str | None = None
    run_id: str | None = None
    failure: Failure | None = None
    thresholds: tuple[ThresholdResult, ...] = ()
    warnings: tuple[Notice, ...] = ()
    metrics: Mapping[str, OneShotMetric] = {}
    series: Series | None = None
    result: SerializeAsAny[Model] | None = None
    untrusted: str | None = None

    @property
    def ending(self) -> str:
        """How it ended, as one line of k6's log; empty for a success."""
        return "" if self.success else self.output.partition("\n")[0]

    @property
    def refused(self) -> bool:
        """Whether the request was not carried out: there is no run to report."""
        return not self.success and self.run_id is None


class _Failed(Model):
    """A `result` with a failure.

    Some clients read it instead of `output`, so it begins with the ending as well.
    """

    model_config = ConfigDict(extra="allow")

    ending: str


def answer_run(run: Run) -> OneShotAnswer:
    """Return `run` as an answer: `success` only if it completed, no error while it is running."""
    metrics = run.metrics
    return OneShotAnswer(
        success=run.status == "completed",
        status=run.status,
        error_type=_error_type(run),
        output=k6_text(run),
        error=_error(run),
        run_id=run.run_id,
        failure=run.failure,
        thresholds=metrics.thresholds if metrics else (),
        warnings=run.warnings,
        metrics={
            row.name: OneShotMetric(type=row.type, contains=row.contains, values=row.values)
            for row in (metrics.rows if metrics else ())
        },
        series=run.series,
    )


def answer_plan(report: "PlanReport") -> OneShotAnswer:
    """Return the answer to a plan: no success if the test would not run."""
    reasons: list[str] = []
    if report.refusal:
        reasons.append(f"{report.refusal.kind}: {report.refusal.message}")
    if report.violations:
        reasons.append(f"{LimitExceeded.code}: {'; '.join(report.violations)}")
    if not reasons:
        return OneShotAnswer(success=True, result=report)
    error_type = FAILURES[report.refusal.kind].word if report.refusal else LimitExceeded.code
    return _refused("; ".join(reasons), error_type).changed(result=report)


def answer_error(error: K6McpError) -> OneShotAnswer:
    """Return the answer to a request that has no run."""
    return _refused(str(error), error.code)


def to_line(answer: OneShotAnswer) -> bytes:
    """Return `answer` as one line of UTF-8 JSON.

    k6's words for other kinds of failure are made harmless.
    """
    if answer.result is not None and not answer.success:
        answer = answer.changed(result=_Failed(ending=answer.ending, **dict(answer.result)))
    data = visible_data(answer.model_dump(mode="json"))
    fields = untrusted_fields(data)
    text = to_json({**data, MARK: mark(fields) if fields else None}, inf_nan_mode="null").decode()
    return _only_true_words(answer, text).encode() + b"\n"


def to_reason(answer: OneShotAnswer) -> str:
    """Return how `answer` ended as one line of k6's log, for clients that see nothing else of it."""
    return f"{_only_true_words(answer, visible(answer.ending))}\n"


def _only_true_words(answer: OneShotAnswer, text: str) -> str:
    words: tuple[str, ...] = ()
    if answer.error_type != "network":
        words += NETWORK_WORDS
    if answer.error_type != "threshold":
        words += (THRESHOLDS_CROSSED,)
    if answer.success or answer.error_type == "network":
        words += (FAILED,)
    return re.sub("|".join(map(re.escape, words)), _harmless, text) if words else text


def _refused(error: str, error_type: str) -> OneShotAnswer:
    return OneShotAnswer(
        success=False,
        error_type=error_type,
        output=_fitting(error, lambda text: f"{log_line(text)}\n", _LONGEST_LINE_BYTES),
        error=_fitting(error, str, _LONGEST_ERROR_BYTES),
    )


def _fitting(text: str, form: Callable[[str], str], most_bytes: int) -> str:
    """Return `text` in its form, with its middle cut out if the answer would get too long.

    The next step is at its end, so the end stays.
    """
    shown, head = form(text), len(text)
    while len(json.dumps(shown, ensure_ascii=False).encode()) > most_bytes:
        head = head * 3 // 4
        shown = form(f"{text[:head]} … (cut) … {text[-_TAIL:]}")
    return shown


def _harmless(match: re.Match[str]) -> str:
    return match[0].replace(" ", "-").replace("=", ":")


def _error_type(run: Run) -> ErrorType | None:
    if run.failure:
        return FAILURES[run.failure.kind].word
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
        case _:
            reason = ENDINGS[run.status]
    return _PREFIX + reason
