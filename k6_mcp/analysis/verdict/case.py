"""What is wrong with a run: one `Cause` per failure kind, and the facts every judge looks at."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from k6_mcp.analysis.measure.thresholds import aborted_early
from k6_mcp.models.exit_codes import RAN_TO_THE_END
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.metrics import Figures, Metrics, ThresholdResult
from k6_mcp.models.outcome import LogMessage, Outcome
from k6_mcp.models.plan import Plan
from k6_mcp.models.wording import quoted

_FOLDER = re.compile(r"file://[^\s:()\"']*/")
# How k6 logs what an async function threw, without a stack of its own
IN_PROMISE = "Uncaught (in promise)"
_REQUEST_FAILED = re.compile(r"^Request Failed: ")
_SUMMARY_TIMED_OUT = "failed to handle the end-of-test summary: handleSummary() execution timed out"
_EVIDENCE_CHARS = 240


class Cause(NamedTuple):
    """A failure kind that holds: what happened with its numbers, the next step, and lines that show it."""

    kind: FailureKind
    message: str
    hint: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """Everything known about an ended run.

    Above `busy_cpu_share` of its cores, the load generator itself counts as the limit.
    """

    outcome: Outcome
    metrics: Metrics | None
    plan: Plan | None
    expects_redirects: bool = False
    busy_cpu_share: float = FindingLimits().cpu_share

    @cached_property
    def figures(self) -> Figures | None:
        """The figures, None if nothing was measured."""
        return self.metrics.figures if self.metrics and self.metrics.source != "none" else None

    @property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The judged thresholds."""
        return self.metrics.thresholds if self.metrics else ()

    @property
    def exceptions(self) -> tuple[LogMessage, ...]:
        """The exceptions that k6 logged."""
        return tuple(
            m for m in self.outcome.log.messages if m.source == "stacktrace" or m.text.startswith(IN_PROMISE)
        )

    @property
    def ended_by_itself(self) -> bool:
        """Whether k6 came to the end of its own accord; a request to stop that came too late changes
        nothing.
        """
        return self.outcome.exit_code in RAN_TO_THE_END

    @property
    def load_was_over(self) -> bool:
        """Whether load and teardown came to their end, whatever became of handleSummary."""
        return self.ended_by_itself or self.outcome.stop_reason == "handle_summary"

    @property
    def summary_timed_out(self) -> bool:
        """Whether the script's handleSummary did not return: k6 2.x says so itself, 1.x is stopped by us."""
        said_so = any(message.text.startswith(_SUMMARY_TIMED_OUT) for message in self.outcome.log.messages)
        return said_so or (self.outcome.stop_reason == "handle_summary" and not self.ended_by_itself)

    @property
    def aborted_by_threshold(self) -> bool:
        """Whether k6 stopped early because a threshold with abortOnFail was crossed."""
        return aborted_early(self.outcome.log.cause)


def said(text: str, limit: int = _EVIDENCE_CHARS) -> str:
    """Return text of k6 or the script as a quotation, without the folders of its files."""
    return quoted(_FOLDER.sub("", _REQUEST_FAILED.sub("", text)), limit)


def log_lines(messages: Iterable[LogMessage], most: int = 3) -> tuple[str, ...]:
    """Return the first distinct messages as evidence lines with their counts."""
    return tuple(_first(_lines(messages), most))


def _lines(messages: Iterable[LogMessage]) -> Iterator[str]:
    for message in messages:
        times = f"{message.times}x " if message.times > 1 else ""
        yield f"{times}{said(message.text)}"


def _first(lines: Iterable[str], most: int) -> Iterator[str]:
    seen: set[str] = set()
    for line in lines:
        if line not in seen:
            seen.add(line)
            yield line
        if len(seen) == most:
            return
