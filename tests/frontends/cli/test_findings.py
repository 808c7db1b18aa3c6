import io

from rich.console import Console

from k6_mcp.frontends.cli.findings import findings_view
from k6_mcp.models.findings import Finding


def _finding(id_: str, message: str = "something was seen") -> Finding:
    return Finding(id=id_, severity="critical", confidence=0.97, message=message, recommendation="repair it")


def _shown(*findings: Finding) -> str:
    stream = io.StringIO()
    Console(file=stream, width=120, markup=False).print(findings_view(findings, "r-1"))
    return stream.getvalue()


def test_a_finding_is_told_with_severity_confidence_and_next_step() -> None:
    text = _shown(_finding("outage", "from 4 s on no request was answered"))

    assert "critical outage (97% sure): from 4 s on no request was answered" in text
    assert "next step: repair it" in text


def test_many_findings_are_counted() -> None:
    assert "and 3 more" in _shown(*(_finding(f"rule_{i}") for i in range(9)))


def test_what_the_verdict_warned_of_is_not_told_again() -> None:
    assert _shown(_finding("nothing_asserted")).strip() == ""


def test_text_of_a_script_commands_no_terminal() -> None:
    assert "\x1b" not in _shown(_finding("endpoint_dominates", "\x1b[2J [bold]x[/bold]"))
