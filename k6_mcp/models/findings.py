"""What the analysis finds in a run."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from k6_mcp.models.base import Model

Severity = Literal["info", "warning", "critical"]
# The metric of evidence that k6 itself had no CPU left
GENERATOR_CPU = "generator_cpu"
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


class Evidence(Model):
    """A number that a finding rests on: which metric, what was observed, the limit it was held against, and
    when (s since start).
    """

    metric: str
    observed: float | None = None
    limit: float | None = None
    from_s: float | None = None
    to_s: float | None = None
    note: str | None = None


class Finding(Model):
    """One thing worth knowing about a run: rule `id`, how bad, how sure (0 to 1), in words, on what evidence,
    what to do.
    """

    id: str
    severity: Severity
    confidence: Annotated[float, Field(ge=0, le=1)]
    message: str
    evidence: tuple[Evidence, ...] = ()
    recommendation: str


class FindingLimits(NamedTuple):
    """The limits that rules use; each is a setting, `K6_MCP_FINDING_` and its name in capitals.

    Shares are fractions from 0 to 1. `p95_for_s`: a p95 above `p95_ms` for so long is told even if that of
    the whole run is not. `outage_s`: the shortest outage; `recovery_s`: how soon a target should be as
    before. `drift_share`: growth of the median latency at constant load, as a share of its start.
    """

    error_rate_warning: float = 0.05
    error_rate_critical: float = 0.10
    avg_ms: float = 2000.0
    p95_ms: float = 5000.0
    p95_for_s: float = 120.0
    outage_s: float = 2.0
    recovery_s: float = 300.0
    drift_share: float = 0.5
    cpu_share: float = 0.80
    endpoint_share: float = 0.60


class Advice(Model):
    """A diagnosis that a model worded from the findings, or why there is none.

    `state`: `written` (then `text` holds it), `unavailable` (no key, no sampling), `failed` (timeout,
    refusal, unreadable answer), `rejected` (it named numbers that were not among the facts).
    """

    state: Literal["written", "unavailable", "failed", "rejected"]
    provider: str | None = None
    model: str | None = None
    text: str | None = None
    reason: str | None = None
