"""Tools that hold runs against each other."""

from collections.abc import Mapping
from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from k6_mcp.answers.budget import Json, as_json
from k6_mcp.frontends.mcp_server.arguments import RunId, parse
from k6_mcp.frontends.mcp_server.results import answered
from k6_mcp.frontends.mcp_server.schemas import output_schema
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tool import READS, STOPS, K6Tool, ToolContext, k6_tool
from k6_mcp.models.base import Model
from k6_mcp.models.comparison import STILL, Baseline, Comparison

_COMPARE_DESCRIPTION = """Say whether a load test got better or worse: each figure regressed, improved, \
no_evidence or not_comparable, with its change and interval, and one sentence. Refuses tests that differ. \
Repeats of a run (execute_k6_test repeat) count with it; 3 on each side make it sure."""
_BASELINE_DESCRIPTION = """Make a run, with its repeats, the baseline of its test, which compare_runs finds \
by name; it is never cleaned up."""


class CompareArguments(Model):
    """What compare_runs takes."""

    baseline: Annotated[
        str,
        Field(min_length=1, max_length=120, description="run id, or name of a test: the baseline set for it"),
    ]
    candidate: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=120,
            description="run id, or name of a test: its latest run; default that of baseline's test",
        ),
    ] = None


class BaselineArguments(Model):
    """What set_baseline takes."""

    run_id: RunId
    name: Annotated[
        str | None, Field(min_length=1, max_length=120, description="name of the test; default the run's own")
    ] = None


class CompareTools:
    """The handlers, bound to one server's service."""

    def __init__(self, opened: OpenedService) -> None:
        self._opened = opened

    async def compare(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Answer with a comparison."""
        asked = parse(CompareArguments, arguments)
        service = await self._opened.service()
        return answered(comparison_answer(await service.kept_runs.compare(asked.baseline, asked.candidate)))

    async def set_baseline(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Keep a baseline and answer with it."""
        asked = parse(BaselineArguments, arguments)
        service = await self._opened.service()
        baseline = await service.kept_runs.set_baseline(asked.run_id, asked.name)
        return answered(baseline_answer(baseline))


def comparison_answer(comparison: Comparison) -> Json:
    """Return a comparison with what to do next; the sentence comes first, because some clients show only the
    beginning.
    """
    answer = as_json(comparison)
    first: Json = {
        "change": answer.pop("change"),
        "sentence": answer.pop("sentence"),
        "next": _next(comparison),
    }
    return {**first, **answer}


def baseline_answer(baseline: Baseline) -> Json:
    """Return a baseline with what to do next."""
    return {
        **as_json(baseline),
        "next": "compare_runs with this name as baseline compares the latest run of the test with it",
    }


def _next(comparison: Comparison) -> str:
    candidate = comparison.candidate[0]
    if unended := _unended(comparison):
        return (
            f'get_run with run_id="{unended}" and wait_s=45, again until the status is final, then'
            " compare_runs"
        )
    if not comparison.metrics:
        return (
            "run the baseline's test again exactly as it was (get_run with detail=script shows it), then"
            " compare_runs"
        )
    if comparison.change == "regressed":
        return f'analyze_run with run_id="{candidate}" says what is wrong with the candidate'
    if comparison.change == "improved":
        return f'set_baseline with run_id="{candidate}" if this is the new normal'
    if len(comparison.baseline) < 3 or len(comparison.candidate) < 3:
        return "execute_k6_test with repeat=3 for both sides to see smaller changes"
    return "a longer test shows smaller changes"


def _unended(comparison: Comparison) -> str | None:
    """Return the run that has to end before anything can be compared."""
    for difference in comparison.differences:
        for told, runs in (
            (difference.baseline, comparison.baseline),
            (difference.candidate, comparison.candidate),
        ):
            if difference.what == "status" and told.startswith(STILL):
                return runs[0]
    return None


def compare_tools(opened: OpenedService) -> list[K6Tool]:
    """Return the tools of this module."""
    tools = CompareTools(opened)
    return [
        k6_tool(
            tools.compare,
            CompareArguments,
            output_schema(Comparison, depth=0),
            name="compare_runs",
            title="Compare load tests",
            description=_COMPARE_DESCRIPTION,
            annotations=READS,
        ),
        k6_tool(
            tools.set_baseline,
            BaselineArguments,
            output_schema(Baseline, depth=0),
            name="set_baseline",
            title="Set the baseline of a test",
            description=_BASELINE_DESCRIPTION,
            annotations=STOPS,
        ),
    ]
