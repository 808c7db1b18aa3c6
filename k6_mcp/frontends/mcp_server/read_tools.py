"""Tools that read: one run, the history, an explanation, the server's health."""

from collections.abc import Mapping

from mcp.types import CallToolResult

from k6_mcp.answers.budget import CONTENT_BYTES, as_json, size
from k6_mcp.answers.details import detail_schema, full_answer, log_answer, script_answer
from k6_mcp.answers.explanation import explanation_answer
from k6_mcp.answers.history import HistoryAnswer, history_answer
from k6_mcp.answers.run import RunAnswer, run_answer
from k6_mcp.answers.timeline import timeline_answer
from k6_mcp.frontends.mcp_server.arguments import AnalyzeArguments, GetRunArguments, NoArguments, parse
from k6_mcp.frontends.mcp_server.progress import reporting
from k6_mcp.frontends.mcp_server.results import answered
from k6_mcp.frontends.mcp_server.sampling import client_model
from k6_mcp.frontends.mcp_server.schemas import output_schema
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tool import ASKS, READS, K6Tool, ToolContext, ToolResult, k6_tool
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.service_answers import Explanation, Health

_DEFAULT_WAIT_S = 45.0

_GET_RUN_DESCRIPTION = """Get one load test by run_id, waiting for its end while it runs: its result, every \
metric, figures over time, k6's log or its script. While status is running or queued, call it again with the \
same run_id. Cancelling it does not stop the test."""
_HISTORY_DESCRIPTION = """List past and running load tests, newest first, with status, failure kind, p95 and \
error rate. All filters given must hold; pass next_cursor as cursor for the next page."""
_ANALYZE_DESCRIPTION = """Explain the result of one load test: what broke, findings (when and at what load \
it broke, outages, drift, stalls, causes) with severity, confidence 0-1, evidence and next step, figures per \
phase."""
_HEALTH_DESCRIPTION = """Check whether load tests can run here: k6 path and version, database, disk, limits, \
running and queued tests."""


class ReadTools:
    """The handlers, bound to one server's service."""

    def __init__(self, opened: OpenedService) -> None:
        self._opened = opened

    async def get_run(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Answer with one run in the detail asked for."""
        asked = parse(GetRunArguments, arguments)
        service = await self._opened.service()
        wait_s = (
            asked.wait_s
            if asked.wait_s is not None
            else _DEFAULT_WAIT_S
            if asked.detail in ("summary", "full")
            else 0.0
        )
        async with reporting(context) as emit:
            run = await service.wait(asked.run_id, wait_s, emit)
        if run.series and asked.detail != "summary":
            # The details are those of the repeat that was requested, not of the whole series
            run = await service.get(asked.run_id)
        match asked.detail:
            case "timeline":
                return answered(timeline_answer(run, await service.timeline(run)))
            case "log":
                return answered(log_answer(run, await service.log(run)))
            case "script":
                return answered(script_answer(run, await service.script(run)))
            case "full":
                return answered(full_answer(as_json(run_answer(run)), run))
            case "summary":
                return answered(run_answer(run))

    async def history(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Answer with one page of runs; with fewer than asked for when they would not fit."""
        query = parse(HistoryQuery, arguments)
        service = await self._opened.service()
        answer = history_answer(await service.history(query))
        while (bytes_ := size(as_json(answer))) > CONTENT_BYTES and query.limit > 1:
            fitting = min(query.limit - 1, len(answer.runs) * CONTENT_BYTES // bytes_)
            query = query.changed(limit=max(1, fitting))
            answer = history_answer(await service.history(query))
        return answered(answer)

    async def analyze(self, arguments: Mapping[str, object], context: ToolContext) -> ToolResult:
        """Answer with a verdict in words, or first ask the client for what its model makes of it."""
        asked = parse(AnalyzeArguments, arguments)
        service = await self._opened.service()
        own = client_model(context) if asked.use_ai else None
        explanation = await service.kept_runs.explain(asked.run_id, use_ai=asked.use_ai, advisor=own)
        return own.asking if own and own.asking else answered(explanation_answer(explanation))

    async def health(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Answer with the state of what the server depends on."""
        parse(NoArguments, arguments)
        service = await self._opened.service()
        return answered(await service.maintenance.health())


def read_tools(opened: OpenedService) -> list[K6Tool]:
    """Return the tools of this module, in their order in tools/list."""
    tools = ReadTools(opened)
    return [
        k6_tool(
            tools.get_run,
            GetRunArguments,
            detail_schema(output_schema(RunAnswer, depth=0)),
            name="get_run",
            title="Get a load test",
            description=_GET_RUN_DESCRIPTION,
            annotations=READS,
        ),
        k6_tool(
            tools.history,
            HistoryQuery,
            output_schema(HistoryAnswer),
            name="get_history",
            title="List load tests",
            description=_HISTORY_DESCRIPTION,
            annotations=READS,
        ),
        k6_tool(
            tools.analyze,
            AnalyzeArguments,
            output_schema(Explanation, depth=0),
            name="analyze_run",
            title="Explain a load test",
            description=_ANALYZE_DESCRIPTION,
            annotations=ASKS,
        ),
        k6_tool(
            tools.health,
            NoArguments,
            output_schema(Health, depth=0),
            name="check_health",
            title="Check the load test server",
            description=_HEALTH_DESCRIPTION,
            annotations=READS,
        ),
    ]
