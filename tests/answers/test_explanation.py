import json

from k6_mcp.answers.explanation import explanation_answer
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.timeline import Phase

_EVIDENCE = tuple(
    Evidence(metric="http_req_duration", observed=1 / 3, limit=500.0, from_s=i / 7, note="x" * 60)
    for i in range(9)
)
_FINDINGS = tuple(
    Finding(
        id=f"rule_number_{i}",
        severity="warning",
        confidence=0.98765,
        message="m" * 1000,
        evidence=_EVIDENCE,
        recommendation="do something about it " * 8,
    )
    for i in range(16)
)
_PHASES = tuple(
    Phase(
        scenario="main",
        number=i,
        label="10 to 60/s in 6s",
        kind="ramp",
        start_s=i / 3,
        end_s=i + 1 / 3,
        p95_ms=100 / 3,
    )
    for i in range(40)
)


def _explained(findings: int = 16, phases: int = 40) -> Explanation:
    return explanation_answer(
        Explanation(
            run_id="r-1",
            status="failed",
            headline="x",
            findings=_FINDINGS[:findings],
            phases=_PHASES[:phases],
        )
    )


def test_the_most_that_can_be_found_fits_an_answer() -> None:
    answer = _explained()

    assert len(answer.model_dump_json(exclude_none=True).encode()) < 10_000
    assert (len(answer.findings), len(answer.findings[0].evidence), len(answer.phases)) == (6, 4, 10)
    assert answer.observations == ("and 10 less severe findings", "and 30 more phases")


def test_figures_are_rounded_to_what_can_be_read() -> None:
    answer = json.loads(_explained(1, 2).model_dump_json())

    assert answer["findings"][0]["confidence"] == 0.99
    assert answer["findings"][0]["evidence"][1]["from_s"] == 0.1429
    assert (answer["phases"][1]["p95_ms"], answer["observations"]) == (33.33, [])


def test_a_phase_that_is_the_whole_run_is_left_out() -> None:
    whole = _PHASES[0].model_copy(update={"kind": "whole"})

    assert (
        explanation_answer(
            Explanation(run_id="r-1", status="completed", headline="x", phases=(whole,))
        ).phases
        == ()
    )
