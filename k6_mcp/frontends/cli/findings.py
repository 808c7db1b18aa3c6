"""Findings and a model's advice as a person reads them."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType

from k6_mcp.frontends.cli.console import below, printable
from k6_mcp.frontends.cli.words import in_commands
from k6_mcp.models.findings import Advice, Finding, Severity

_MOST = 6
_STYLES: Mapping[Severity, str] = {"critical": "bold red", "warning": "yellow", "info": "dim"}
# The verdict already shows these as warnings.
_IN_WARNINGS = ("nothing_asserted",)


def findings_view(findings: Sequence[Finding], run_id: str) -> RenderableType:
    """Return the worst findings of a run, a line or two each, and the next step for the worst."""
    shown = [finding for finding in findings if finding.id not in _IN_WARNINGS]
    if not shown:
        return Group()
    lines: list[RenderableType] = [below("findings", style="bold")]
    for finding in shown[:_MOST]:
        text = f"{finding.severity} {finding.id} ({finding.confidence:.0%} sure): {finding.message}"
        lines.append(below(printable(text), style=_STYLES[finding.severity]))
    if len(shown) > _MOST:
        lines.append(below(f"… and {len(shown) - _MOST} more", style="dim"))
    lines.append(below(printable(f"next step: {in_commands(shown[0].recommendation, run_id)}"), style="cyan"))
    return Group(*lines)


def advice_view(advice: Advice) -> RenderableType:
    """Return the text of a model, marked as its own; the computed findings don't depend on it."""
    by = " ".join(part for part in (advice.provider, advice.model) if part)
    if advice.text is None:
        return below(
            f"no advice{f' from {by}' if by else ''} ({advice.state}): {advice.reason}", style="yellow"
        )
    lines = [below(line) for line in advice.text.splitlines()]
    return Group(below(f"worded by {by or 'a model'} from the computed facts", style="bold"), *lines)
