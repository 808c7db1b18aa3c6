import pytest

from k6_mcp.analysis.findings import RULES, find, worst
from k6_mcp.models.findings import FINDINGS, SEVERITIES, FindingLimits
from k6_mcp.models.plan import Plan
from lab.sample_runs import metrics, run, threshold
from lab.sample_timelines import Second, closed, noisy, open_, ramp_of_rate, ramp_of_vus, timeline
from tests.analysis.findings.found import found

PLANS = [open_(60), closed(60), ramp_of_vus(60), ramp_of_rate(60)]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.scenarios[0].executor)
@pytest.mark.parametrize("seed", range(25))
def test_healthy_noise_raises_nothing(seed: int, plan: Plan) -> None:
    assert found(timeline(60, noisy(seed)), plan) == {}


@pytest.mark.parametrize("seed", range(10))
def test_healthy_noise_of_a_fast_target_and_of_a_sparse_test_raises_nothing(seed: int) -> None:
    fast = noisy(seed, Second(requests=400, p50_ms=0.4, tail=8.0), spread=0.5)
    sparse = noisy(seed, Second(requests=2, p50_ms=30.0), spread=0.4)

    assert found(timeline(45, fast), closed(45)) == {}
    assert found(timeline(45, sparse), open_(45, 2)) == {}


def test_findings_come_worst_first_then_by_confidence() -> None:
    findings = find(
        run(plan=open_(40), metrics=metrics()),
        timeline(40, lambda i: Second(failed=50) if 20 <= i < 25 else Second(p50_ms=20 + 3 * i)),
        FindingLimits(),
    )

    order = [(SEVERITIES.index(finding.severity), -finding.confidence) for finding in findings]
    assert order == sorted(order) and len(order) >= 3
    assert worst(findings) == findings[0].severity == "critical"
    assert worst(()) is None


def test_a_run_without_figures_has_no_findings() -> None:
    assert find(run("failed"), None, FindingLimits()) == ()


def test_a_running_test_is_judged_by_what_was_recorded_so_far() -> None:
    so_far = timeline(20, lambda i: Second(failed=50) if i >= 15 else Second())

    assert [finding.id for finding in find(run("running", plan=open_(60)), so_far, FindingLimits())] == [
        "outage"
    ]


def test_a_limit_of_nought_and_a_run_of_nothing_break_no_rule() -> None:
    nothing = metrics(
        threshold(), requests=0, iterations=0, iterations_per_s=0.0, latency=None, error_rate=None
    )
    for plan in PLANS:
        assert found(timeline(0), plan, nothing) == {}
        assert found(timeline(1), plan, nothing) == {}


def test_every_rule_has_a_name_that_is_its_finding() -> None:
    names = [rule.__name__ for rule in RULES]

    assert len(set(names)) == len(names) == 18


def test_every_rule_has_a_row_in_the_table_of_findings_in_the_same_order() -> None:
    assert tuple(rule.__name__ for rule in RULES) == tuple(FINDINGS)
    assert {name for row in FINDINGS.values() for name in row.replaced_by} <= FINDINGS.keys()
