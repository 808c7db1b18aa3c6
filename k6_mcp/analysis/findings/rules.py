"""All rules, and the order in which their findings are reported."""

from collections.abc import Callable, Iterator

from k6_mcp.analysis.findings.case import Case
from k6_mcp.analysis.findings.delivery import generator_saturated, load_not_delivered
from k6_mcp.analysis.findings.failing import endpoint_dominates, error_rate_high, errors_flatter_latency
from k6_mcp.analysis.findings.latency import latency_average_high, latency_drift, latency_p95_high, warm_up
from k6_mcp.analysis.findings.outage import outage
from k6_mcp.analysis.findings.pauses import irregular_stalls
from k6_mcp.analysis.findings.piling import load_piling_up
from k6_mcp.analysis.findings.ramp import latency_knee, slo_break_point
from k6_mcp.analysis.findings.stalls import coordinated_omission, periodic_stalls
from k6_mcp.analysis.findings.throughput import throughput_low_for_vus
from k6_mcp.models.findings import FINDINGS, SEVERITIES, Evidence, Finding, FindingLimits, Severity
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Timeline

Rule = Callable[[Case], Iterator[Finding]]
# A finding that is more likely wrong than right misleads more than it helps
_LEAST_CONFIDENCE = 0.5

_ASSERT = 'set objectives: slo {"p95_ms": 500, "error_rate": 0.01} or thresholds of execute_k6_test'
_ASSERT_PAGES = (
    'set objectives for pages: thresholds {"browser_web_vital_lcp": ["p(75)<2500"],'
    ' "browser_http_req_failed": ["rate<0.01"]} of execute_k6_test; slo covers only requests without'
    " a browser"
)


def nothing_asserted(case: Case) -> Iterator[Finding]:
    """Find a run without a threshold: whatever was measured, it could not fail on it."""
    planned = case.plan.thresholds if case.plan else ()
    if case.metrics.source == "none" or case.metrics.thresholds or planned:
        return
    yield Finding(
        id="nothing_asserted",
        severity="info",
        confidence=1.0,
        message="no threshold was set, so the run could not fail on any figure",
        evidence=(Evidence(metric="thresholds", observed=0.0, limit=1.0),),
        recommendation=_ASSERT_PAGES if case.metrics.of_browsers_alone else _ASSERT,
    )


RULES: tuple[Rule, ...] = (
    outage,
    error_rate_high,
    load_not_delivered,
    load_piling_up,
    slo_break_point,
    generator_saturated,
    latency_p95_high,
    latency_average_high,
    throughput_low_for_vus,
    latency_knee,
    latency_drift,
    periodic_stalls,
    irregular_stalls,
    coordinated_omission,
    errors_flatter_latency,
    endpoint_dominates,
    warm_up,
    nothing_asserted,
)


def find(run: Run, timeline: Timeline | None, limits: FindingLimits) -> tuple[Finding, ...]:
    """Return what the rules find in `run`, the worst first, then the most certain.

    Findings with a confidence below one half are left out, and so are those that another finding describes
    better.
    """
    case = Case(run, timeline, limits)
    certain = [finding for rule in RULES for finding in rule(case) if finding.confidence >= _LEAST_CONFIDENCE]
    findings = {finding.id: finding for finding in certain}
    for finding, row in FINDINGS.items():
        if row.replaced_by & findings.keys():
            findings.pop(finding, None)
    return tuple(
        sorted(
            findings.values(), key=lambda finding: (SEVERITIES.index(finding.severity), -finding.confidence)
        )
    )


def worst(findings: tuple[Finding, ...]) -> Severity | None:
    """Return the severity of the worst finding."""
    return findings[0].severity if findings else None
