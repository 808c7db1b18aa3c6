"""Findings as a person reads them: how bad, which rule, what was seen; and what to do about the worst."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType

from k6_mcp.frontends.cli.console import below, printable
from k6_mcp.frontends.cli.words import in_commands
from k6_mcp.models.findings import Finding, Severity

_MOST = 6
_STYLES: Mapping[Severity, str] = {"critical": "bold red", "warning": "yellow", "info": "dim"}
# The verdict shows these among its warnings
_IN_WARNINGS = ("nothing_asserted",)


def findings_view(findings: Sequence[Finding]) -> RenderableType:
    """Return the worst findings, a line or two each."""
    shown = [finding for finding in findings if finding.id not in _IN_WARNINGS]
    if not shown:
        return Group()
    lines: list[RenderableType] = [below("findings", style="bold")]
    for finding in shown[:_MOST]:
        text = f"{finding.severity} {finding.id} ({finding.confidence:.0%} sure): {finding.message}"
        lines.append(below(printable(text), style=_STYLES[finding.severity]))
    if len(shown) > _MOST:
        lines.append(below(f"… and {len(shown) - _MOST} more", style="dim"))
    lines.append(below(printable(f"next step: {in_commands(shown[0].recommendation)}"), style="cyan"))
    return Group(*lines)
