"""The checklist ticks what the run's own evidence supports, and says no more than that."""

from collections.abc import Sequence

import pytest

from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.metrics import Generator
from k6_mcp.models.run import Notice
from k6_mcp.reports.checklist import checklists
from lab.sample_reports import timeline, view
from lab.sample_runs import latency, metrics, run


def _latency_line(metric: str) -> str:
    broke = Finding(
        id="slo_break_point",
        severity="critical",
        confidence=0.9,
        message="an objective broke",
        evidence=(Evidence(metric=metric, observed=3.0, limit=2.0),),
        recommendation="confirm it",
    )
    lists = checklists(
        view(run(metrics=metrics(latency=latency(p95_ms=20.0))), timeline(), findings=(broke,))
    )
    return next(
        item.state for area in lists for item in area.items if item.what == "Nothing striking in latency"
    )


def test_an_objective_on_errors_that_broke_is_nothing_striking_in_latency() -> None:
    assert _latency_line("http_req_failed") == "met"
    assert _latency_line("http_req_duration") == "not met"


@pytest.mark.parametrize(("codes", "state"), [((), "met"), (("generator_disturbed",), "not met")])
def test_what_k6_waited_for_a_cpu_is_evidence_that_it_was_held_up_or_not(
    codes: Sequence[str], state: str
) -> None:
    generator = Generator(cpu_s=1.0, cores=2, cpu_share=0.2, cpu_wait_s=3.5, steal_s=0.0)
    notices = tuple(Notice(code=code, message="why") for code in codes)
    lists = checklists(
        view(run(metrics=metrics(more={"generator": generator}), warnings=notices), timeline())
    )

    found = [
        item for area in lists for item in area.items if item.what == "The load generator was not held up"
    ]
    assert [(item.state, item.evidence) for item in found] == [
        (state, "k6 waited 3.5 s for a CPU, in 100 requests")
    ]
