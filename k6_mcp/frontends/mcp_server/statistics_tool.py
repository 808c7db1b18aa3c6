"""The tool that tells how tests did over days."""

from collections.abc import Mapping
from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from k6_mcp.answers.budget import CONTENT_BYTES, size
from k6_mcp.answers.statistics import StatisticsAnswer, statistics_answer
from k6_mcp.frontends.mcp_server.arguments import parse
from k6_mcp.frontends.mcp_server.results import answered
from k6_mcp.frontends.mcp_server.schemas import output_schema
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tool import READS, K6Tool, ToolContext, k6_tool
from k6_mcp.models.base import Model

_DESCRIPTION = """Tell how load tests did over the last days: runs by status and failure kind, share with a \
warning or critical finding, and for each named test where error rate and p95 are heading (worse, better, \
steady, too_few) and how far its thresholds are from crossing."""


class StatisticsArguments(Model):
    """What get_statistics takes."""

    days: Annotated[float, Field(gt=0, le=3650, description="how far to look back, default 30")] = 30


class StatisticsTool:
    """The handler, bound to one server's service."""

    def __init__(self, opened: OpenedService) -> None:
        self._opened = opened

    async def statistics(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Answer with statistics; with fewer tests when they would not fit."""
        asked = parse(StatisticsArguments, arguments)
        service = await self._opened.service()
        return answered(_fitting(statistics_answer(await service.kept_runs.statistics(asked.days))))


def _fitting(answer: StatisticsAnswer) -> StatisticsAnswer:
    while (
        bytes_ := size(answer.model_dump(mode="json", exclude_none=True))
    ) > CONTENT_BYTES and answer.tests:
        keep = min(len(answer.tests) - 1, len(answer.tests) * CONTENT_BYTES // bytes_)
        omitted = answer.omitted_tests + len(answer.tests) - keep
        answer = answer.changed(tests=answer.tests[:keep], omitted_tests=omitted)
    return answer


def statistics_tools(opened: OpenedService) -> list[K6Tool]:
    """Return the tool of this module."""
    tool = StatisticsTool(opened)
    return [
        k6_tool(
            tool.statistics,
            StatisticsArguments,
            output_schema(StatisticsAnswer, depth=0),
            name="get_statistics",
            title="Load tests over days",
            description=_DESCRIPTION,
            annotations=READS,
        )
    ]
