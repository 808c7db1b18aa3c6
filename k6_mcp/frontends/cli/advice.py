"""Advice as a person reads it: the model's own words, or why there are none."""

from rich.console import Group, RenderableType

from k6_mcp.frontends.cli.console import below
from k6_mcp.models.findings import Advice


def advice_view(advice: Advice) -> RenderableType:
    """Return what a model wrote, marked as its words; the computed findings stand without it."""
    by = " ".join(part for part in (advice.provider, advice.model) if part)
    if advice.text is None:
        return below(
            f"no advice{f' from {by}' if by else ''} ({advice.state}): {advice.reason}", style="yellow"
        )
    lines = [below(line) for line in advice.text.splitlines()]
    return Group(below(f"worded by {by or 'a model'} from the computed facts", style="bold"), *lines)
