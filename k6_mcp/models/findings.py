"""What the analysis finds in a run."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from k6_mcp.models.base import Model

Severity = Literal["info", "warning", "critical"]
# The metric of evidence that k6 itself ran out of CPU.
GENERATOR_CPU = "generator_cpu"
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


class Evidence(Model):
    """A number that supports a finding.

    It has the metric, the observed value, the limit that it was compared with, and when it was observed (in s
    since the start).
    """

    metric: str
    observed: float | None = None
    limit: float | None = None
    from_s: float | None = None
    to_s: float | None = None
    note: str | None = None


class Finding(Model):
    """One thing worth knowing about a run, found by the rule `id`.

    It has a severity, a confidence from 0 to 1, a message, the evidence and a recommendation.
    """

    id: str
    severity: Severity
    confidence: Annotated[float, Field(ge=0, le=1)]
    message: str
    evidence: tuple[Evidence, ...] = ()
    recommendation: str


class FindingRow(NamedTuple):
    """What other modules look up about a finding.

    `of_latency` means that the run's latency is bad. `shaded` is how many of its time spans a chart shades.
    `replaced_by` names findings that describe the same problem better.
    """

    of_latency: bool = False
    shaded: int = 0
    replaced_by: frozenset[str] = frozenset()


# The order of the rules. A finding that was itself replaced replaces nothing, so the order matters.
FINDINGS: Mapping[str, FindingRow] = {
    "outage": FindingRow(shaded=20),
    "error_rate_high": FindingRow(),
    "load_not_delivered": FindingRow(),
    "load_piling_up": FindingRow(
        of_latency=True,
        replaced_by=frozenset(("load_not_delivered", "slo_break_point", "latency_knee")),
    ),
    "slo_break_point": FindingRow(of_latency=True, shaded=1),
    "generator_saturated": FindingRow(),
    "latency_p95_high": FindingRow(of_latency=True),
    "latency_average_high": FindingRow(of_latency=True),
    "throughput_low_for_vus": FindingRow(),
    "latency_knee": FindingRow(of_latency=True),
    "latency_drift": FindingRow(of_latency=True, replaced_by=frozenset(("load_piling_up",))),
    "periodic_stalls": FindingRow(of_latency=True),
    "irregular_stalls": FindingRow(of_latency=True, replaced_by=frozenset(("periodic_stalls",))),
    "coordinated_omission": FindingRow(),
    "errors_flatter_latency": FindingRow(),
    "endpoint_dominates": FindingRow(),
    "warm_up": FindingRow(of_latency=True, shaded=1),
    "nothing_asserted": FindingRow(),
}


def row_of(finding_id: str) -> FindingRow:
    """Return the row of a finding; unknown rules of other versions get an empty one."""
    return FINDINGS.get(finding_id, FindingRow())


class FindingLimits(NamedTuple):
    """The limits that rules use; each is a setting, `K6_MCP_FINDING_` and its name in capitals.

    Shares are fractions from 0 to 1. A p95 above `p95_ms` for `p95_for_s` is reported even if the p95 of the
    whole run is lower. `outage_s` is the shortest outage. `recovery_s` is how soon a target should recover.
    `drift_share` is the growth of the median latency at constant load, as a share of its start.
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
    """A diagnosis that a model wrote from the findings, or why there is none.

    `state`: `written` (then `text` holds it), `unavailable` (no key, no sampling), `failed` (timeout,
    refusal, unreadable answer), `rejected` (it named numbers that were not among the facts).
    """

    state: Literal["written", "unavailable", "failed", "rejected"]
    provider: str | None = None
    model: str | None = None
    text: str | None = None
    reason: str | None = None
