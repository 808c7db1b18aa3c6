"""What a pipeline shows of a gate, also where a script chose the words."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from k6_mcp.models.comparison import Comparison
from k6_mcp.models.gate import GateOutcome, GateResult
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import Explanation
from k6_mcp.reports.gate_report import annotations, gate_answer, gate_junit, gate_markdown
from k6_mcp.reports.run_view import RunView
from tests.history.samples import a_run

_HOSTILE = "100 % <b>|`x`</b>\n::error::owned\r\n]]> \x1b[31m"


def a_result(run: Run, outcome: GateOutcome = "regressed", **fields: object) -> GateResult:
    """Return a gate's result for `run`."""
    result = GateResult(
        outcome=outcome, reasons=(_HOSTILE,), run_id=run.run_id, run_ids=(run.run_id,), name="checkout"
    )
    return result.model_copy(update=fields)


def a_view(run: Run) -> RunView:
    """Return what reports show of `run`."""
    explanation = Explanation(run_id=run.run_id, status=run.status, headline="completed")
    return RunView(run=run, explanation=explanation, timeline=None, generated_at=datetime.now(UTC))


@pytest.mark.parametrize(
    ("outcome", "element"),
    [
        ("passed", None),
        ("breached", "failure"),
        ("regressed", "failure"),
        ("not_comparable", "failure"),
        ("errored", "error"),
    ],
)
def test_the_test_report_has_a_case_that_passes_only_with_the_gate(
    outcome: GateOutcome, element: str | None
) -> None:
    run = a_run()

    root = ET.fromstring(gate_junit(a_result(run, outcome), run))

    gate, own = root.findall("testsuite")
    (case,) = gate.findall("testcase")
    assert [child.tag for child in case] == ([element] if element else [])
    assert (gate.get("failures"), gate.get("errors")) == (
        str(int(element == "failure")),
        str(int(element == "error")),
    )
    assert own.find("testcase[@name='load test']") is not None
    assert {suite.get("id") for suite in (gate, own)} == {"0", "1"}


def test_an_annotation_stays_one_command_whatever_the_reason_says() -> None:
    (line,) = annotations(a_result(a_run()))

    assert line.startswith("::error title=k6-mcp gate::regressed: 100 %25 <b>")
    assert "\n" not in line and "\r" not in line and "\x1b" not in line


def test_a_pass_is_a_notice() -> None:
    (line,) = annotations(a_result(a_run(), "passed", reasons=("3 thresholds held",)))

    assert line == "::notice title=k6-mcp gate::passed: 3 thresholds held"


def test_markdown_tells_gate_then_comparison_then_run() -> None:
    run = a_run()
    comparison = Comparison(
        baseline=("r-1",), candidate=("r-2",), change="regressed", sentence="regressed: p95"
    )

    text = gate_markdown(a_result(run, comparison=comparison, new_baseline="checkout"), a_view(run)).decode()

    headings = [line for line in text.splitlines() if line.startswith(("# ", "## "))]
    assert headings == ["# 🔴 Gate `checkout`: regressed", "## 🔴 regressed", "## ✅ Load test completed"]
    assert "\n::error" not in text and "\x1b" not in text


def test_the_answer_for_programs_holds_outcome_and_exit_code() -> None:
    run = a_run()

    answer = gate_answer(a_result(run, "not_comparable"), run, ("/x/gate.xml",))

    assert (answer.outcome, answer.exit_code, answer.run.run_id, answer.reports) == (
        "not_comparable",
        4,
        run.run_id,
        ("/x/gate.xml",),
    )
