"""A plan as an answer to an agent."""

from k6_mcp.answers.budget import Json, as_json, head
from k6_mcp.models.service_answers import PlanReport

_SCRIPT_BYTES = 4_000


def plan_answer(report: PlanReport) -> Json:
    """Return `report` with the beginning of its script: enough for an agent to recognize it."""
    answer = as_json(report)
    if report.script is not None:
        script, left_out = head(report.script, _SCRIPT_BYTES)
        answer["script"] = f"{script}\n// … {left_out} more characters" if left_out else script
    return answer
