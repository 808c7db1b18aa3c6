"""The gate's answer for a pipeline.

Markdown above the run's own, a test suite before the run's own, annotations, and JSON.
"""

from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from k6_mcp.answers.run import RunAnswer, run_answer
from k6_mcp.models.base import Model
from k6_mcp.models.gate import GateOutcome, GateResult
from k6_mcp.models.run import Run
from k6_mcp.reports.comparison_markdown import comparison_markdown
from k6_mcp.reports.foreign import one_line
from k6_mcp.reports.junit import run_junit
from k6_mcp.reports.markdown import run_markdown
from k6_mcp.reports.markdown_text import LONGEST_BYTES, code
from k6_mcp.reports.run_view import RunView

GATE_EXIT_CODES: Mapping[GateOutcome, int] = {
    "passed": 0,
    "breached": 1,
    "errored": 2,
    "regressed": 3,
    "not_comparable": 4,
}
_MARKS: Mapping[GateOutcome, str] = {
    "passed": "✅",
    "breached": "❌",
    "errored": "⚠️",
    "regressed": "🔴",
    "not_comparable": "⚪",
}
_LONGEST = 600
_MOST = 20


class GateAnswer(Model):
    """What `k6-mcp gate --json` prints.

    `run` is the run with the worst result, `reports` are the paths of the written files.
    """

    outcome: GateOutcome
    exit_code: int
    reasons: tuple[str, ...]
    result: GateResult
    run: RunAnswer
    reports: tuple[str, ...] = ()


def gate_answer(result: GateResult, run: Run, reports: tuple[str, ...]) -> GateAnswer:
    """Return the gate's answer for programs."""
    return GateAnswer(
        outcome=result.outcome,
        exit_code=GATE_EXIT_CODES[result.outcome],
        reasons=result.reasons,
        result=result,
        run=run_answer(run),
        reports=reports,
    )


def gate_markdown(result: GateResult, view: RunView) -> bytes:
    """Return the gate's outcome and reasons, then the comparison, then the run; UTF-8.

    A part that no longer fits into a comment is left out.
    """
    parts = ["\n".join(_head(result)).encode()]
    comparison = [comparison_markdown(result.comparison)] if result.comparison else []
    for part in (*comparison, run_markdown(view)):
        if sum(map(len, parts)) + len(part) < LONGEST_BYTES:
            parts.append(part)
    return b"\n\n".join(parts)


def gate_junit(result: GateResult, run: Run) -> bytes:
    """Return the run's suite, preceded by a suite for the gate itself.

    The gate's suite has one test case, which passes only if the gate does.
    """
    root = ET.fromstring(run_junit(run))
    failed, errored = result.outcome not in ("passed", "errored"), result.outcome == "errored"
    own = next(iter(root)).attrib
    attributes = {
        **own,
        "id": "1",
        "name": f"gate of {own['name']}",
        "tests": "1",
        "failures": str(int(failed)),
        "errors": str(int(errored)),
        "skipped": "0",
        "time": "0.000",
    }
    suite = ET.Element("testsuite", attributes)
    ET.SubElement(suite, "properties")
    case = ET.SubElement(suite, "testcase", {"classname": "k6-mcp.gate", "name": "gate", "time": "0.000"})
    if failed or errored:
        text = "\n".join(one_line(reason, _LONGEST) for reason in result.reasons[:_MOST])
        problem = ET.SubElement(
            case, "error" if errored else "failure", {"type": result.outcome, "message": text.split("\n")[0]}
        )
        problem.text = text
    ET.SubElement(suite, "system-out").text = result.outcome
    ET.SubElement(suite, "system-err").text = ""
    root.insert(0, suite)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def annotations(result: GateResult) -> Iterator[str]:
    """Yield workflow commands that GitHub shows next to a job.

    Source of the syntax: "Workflow commands for GitHub Actions". `%` and line ends are escaped as in GitHub's
    toolkit.
    """
    level = "notice" if result.outcome == "passed" else "error"
    for reason in result.reasons[:_MOST]:
        text = (
            one_line(f"{result.outcome}: {reason}", _LONGEST)
            .replace("%", "%25")
            .replace("\r", "%0D")
            .replace("\n", "%0A")
        )
        yield f"::{level} title=k6-mcp gate::{text}"


def _head(result: GateResult) -> Iterator[str]:
    name = f" {code(result.name, 120)}" if result.name else ""
    yield f"# {_MARKS[result.outcome]} Gate{name}: {result.outcome.replace('_', ' ')}\n"
    yield from (f"- {code(reason, _LONGEST)}" for reason in result.reasons[:_MOST])
    if result.new_baseline:
        yield f"- this run is the new baseline for {code(result.new_baseline, 120)}"
