"""An explanation with findings: they come first, and nothing is repeated."""

from k6_mcp.analysis.findings import find
from k6_mcp.analysis.verdict.explain import explain
from k6_mcp.models.findings import Finding, FindingLimits
from k6_mcp.models.run import Failure, Notice, Run
from lab.sample_runs import metrics, run, threshold
from lab.sample_timelines import Second, open_, timeline


def _finding(id_: str, severity: str = "warning") -> Finding:
    given = {
        "id": id_,
        "severity": severity,
        "confidence": 0.9,
        "message": f"{id_} was seen",
        "recommendation": f"repair {id_}",
    }
    return Finding.model_validate(given)


def test_the_headline_names_the_serious_findings_with_their_severity() -> None:
    findings = [_finding("outage", "critical"), _finding("latency_drift"), _finding("warm_up", "info")]

    headline = explain(run(metrics=metrics(threshold())), findings).headline

    assert headline.startswith("completed: ") and headline.endswith(
        "; found: outage (critical), latency_drift (warning)"
    )


def test_a_long_headline_is_cut_before_the_findings() -> None:
    failure = Failure(kind="script_error", message="x" * 400, hint="y")

    headline = explain(run("failed", failure=failure), [_finding("outage", "critical")]).headline

    assert len(headline) <= 300 and headline.endswith("outage (critical)")


def test_a_run_with_findings_is_told_to_follow_them_and_not_to_raise_the_load() -> None:
    steps = " ".join(explain(run(metrics=metrics(threshold())), [_finding("outage", "critical")]).next_steps)

    assert "outage" in steps and "step by step" not in steps


def test_what_a_finding_tells_is_not_told_again() -> None:
    warnings = (
        Notice(code="nothing_asserted", message="no threshold"),
        Notice(code="requests_failed", message="10 of 100 requests failed"),
        Notice(code="iterations_threw", message="1 threw"),
    )
    told: Run = run(metrics=metrics(failed_requests=10, error_rate=0.1), warnings=warnings)

    explanation = explain(told, [_finding("error_rate_high"), _finding("nothing_asserted", "info")])

    observations = "\n".join(explanation.observations)
    assert "iterations_threw" in observations
    assert "nothing_asserted" not in observations and "requests failed" not in observations
    assert "slo" not in " ".join(explanation.next_steps)


def test_a_failure_and_the_finding_of_its_name_give_one_next_step() -> None:
    failure = Failure(kind="load_not_delivered", message="x", hint="give it more VUs")

    steps = explain(run("failed", failure=failure), [_finding("load_not_delivered", "critical")]).next_steps

    assert steps[0] == "give it more VUs" and not any("recommendation" in step for step in steps)


def test_no_sentence_of_an_explanation_stands_in_it_twice() -> None:
    broken = run(plan=open_(), metrics=metrics(failed_requests=300, requests=1500, error_rate=0.2))
    findings = find(
        broken, timeline(30, lambda i: Second(failed=50) if 10 <= i < 16 else Second()), FindingLimits()
    )

    explanation = explain(broken, findings)

    texts = [
        *explanation.observations,
        *explanation.next_steps,
        *(f.message for f in findings),
        *(f.recommendation for f in findings),
    ]
    assert len(findings) >= 3 and len(set(texts)) == len(texts)
