"""Shorthands for tests of rules: what is found in a run with this plan and this timeline."""

from typing import Any

from k6_mcp.analysis.findings import find
from k6_mcp.models.findings import Finding, FindingLimits
from k6_mcp.models.metrics import MetricRow, Metrics
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Asked, Run
from k6_mcp.models.timeline import Timeline
from lab.sample_runs import metrics, run, threshold


def found(
    timeline: Timeline | None = None,
    plan: Plan | None = None,
    measured: Metrics | None = None,
    asked: Asked | None = None,
    **limits: Any,
) -> dict[str, Finding]:
    """Return the findings by id; a run asserted something unless `measured` says otherwise."""
    findings = find(_run(plan, measured, asked), timeline, FindingLimits(**limits))
    assert len({finding.id for finding in findings}) == len(findings)
    return {finding.id: finding for finding in findings}


def _run(plan: Plan | None, measured: Metrics | None, asked: Asked | None) -> Run:
    given: dict[str, Any] = {} if asked is None else {"asked": asked}
    return run(plan=plan, metrics=metrics(threshold()) if measured is None else measured, **given)


def rows(**trends: dict[str, float]) -> tuple[MetricRow, ...]:
    """Return trend metrics with these values; two underscores stand for the tag of good answers."""
    return tuple(
        MetricRow(
            name=name.replace("__good", "{expected_response:true}"),
            type="trend",
            contains="time",
            values=values,
        )
        for name, values in trends.items()
    )
