"""The checklist ticks what the run's own evidence supports, and says no more than that."""

from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.reports.checklist import checklists
from tests.analysis.samples import latency, metrics, run
from tests.reports.views import timeline, view


def _latency_line(metric: str) -> str:
    broke = Finding(
        id="slo_break_point",
        severity="critical",
        confidence=0.9,
        message="an objective broke",
        evidence=(Evidence(metric=metric, observed=3.0, limit=2.0),),
        recommendation="confirm it",
    )
    lists = checklists(view(run(metrics=metrics(latency=latency(p95_ms=20.0))), timeline(), findings=(broke,)))
    return next(item.state for area in lists for item in area.items if item.what == "Nothing striking in latency")


def test_an_objective_on_errors_that_broke_is_nothing_striking_in_latency() -> None:
    assert _latency_line("http_req_failed") == "met"
    assert _latency_line("http_req_duration") == "not met"
