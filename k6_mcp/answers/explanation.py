"""An explanation as an answer to an agent: its worst findings and phases, rounded, within the budget of an
answer.
"""

from collections.abc import Mapping
from typing import TypeVar

from k6_mcp.models.base import Model
from k6_mcp.models.findings import Finding
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.timeline import Phase
from k6_mcp.models.wording import count, cut

M = TypeVar("M", bound=Model)
_MOST_FINDINGS = 6
_MOST_EVIDENCE = 4
_MOST_PHASES = 10
_MESSAGE_CHARS = 400
_DIGITS: Mapping[str, int] = {"confidence": 2}


def explanation_answer(explanation: Explanation) -> Explanation:
    """Return `explanation` with what is told of it in one answer; how much is left out stands in its
    observations.
    """
    findings, phases = explanation.findings, explanation.phases
    more = [
        f"and {count(left, what)}{where}"
        for left, what, where in (
            (len(findings) - _MOST_FINDINGS, "less severe finding", ""),
            (len(phases) - _MOST_PHASES, "more phase", ""),
        )
        if left > 0
    ]
    return explanation.changed(
        findings=tuple(_finding(finding) for finding in findings[:_MOST_FINDINGS]),
        phases=tuple(_rounded(phase) for phase in _shown(phases)),
        observations=(*explanation.observations, *more),
    )


def _finding(finding: Finding) -> Finding:
    evidence = tuple(_rounded(item) for item in finding.evidence[:_MOST_EVIDENCE])
    return _rounded(finding).changed(evidence=evidence, message=cut(finding.message, _MESSAGE_CHARS))


def _shown(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """Return the phases worth their place: one that is the whole run says nothing that the figures do not."""
    return () if len(phases) == 1 and phases[0].kind == "whole" else phases[:_MOST_PHASES]


def _rounded(model: M) -> M:
    """Return `model` with its figures as they are read: four significant digits, whole numbers whole."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    figures = {
        name: value for name, value in fields.items() if isinstance(value, float) and not value.is_integer()
    }
    return model.changed(
        **{name: float(f"{value:.{_DIGITS.get(name, 4)}g}") for name, value in figures.items()}
    )
