"""Tools that start, plan and stop load tests."""

from collections.abc import Mapping

from mcp.types import CallToolResult

from k6_mcp.answers.budget import Json, as_json, head
from k6_mcp.answers.run import RunAnswer, run_answer
from k6_mcp.frontends.mcp_server.arguments import (
    ExecuteArguments,
    OptionsArguments,
    RunArguments,
    Wait,
    parse,
    parse_execute,
)
from k6_mcp.frontends.mcp_server.progress import reporting
from k6_mcp.frontends.mcp_server.results import answered
from k6_mcp.frontends.mcp_server.schemas import output_schema
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tool import LOADS, READS, STOPS, K6Tool, ToolContext, k6_tool
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.request import LoadTest
from k6_mcp.models.service_answers import PlanReport
from k6_mcp.threads import LARGE, in_thread, in_thread_if

EXECUTE = "execute_k6_test"
_PLANNED_SCRIPT_BYTES = 4_000

_EXECUTE_DESCRIPTION = """Run a k6 load test against an HTTP target and return its judged result: status, \
what failed and why, thresholds with observed values, latency, error rate. Give exactly one of script, \
script_file, url. Load: vus+duration, vus+iterations, stages, or rate_per_s+duration; a url alone runs \
preset low. Load arguments beside a script that declares its own scenarios need override_load. A test longer \
than wait_s comes back as running: call get_run with its run_id, do not start it again. Load only what you \
may load."""
_PLAN_DESCRIPTION = """Check a load test without sending traffic: the script that would run, its scenarios, \
peak VUs, duration and thresholds, every limit it violates; for a broken script the error with line and \
column. Takes the arguments of execute_k6_test but wait_s."""
_STOP_DESCRIPTION = """Stop a running or queued load test gracefully and return its result with the figures \
measured so far. A test that has ended is returned unchanged."""
_OPTIONS_DESCRIPTION = """Run a k6 script with this duration and these VUs in place of its own load (for \
clients of older servers)."""


class RunTools:
    """The handlers, bound to one server's service."""

    def __init__(self, opened: OpenedService) -> None:
        self._opened = opened

    async def execute(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Run a test and answer with its result, or with its state when it outlasts `wait_s`."""
        service = await self._opened.service()
        return await self._execute(*await in_thread(parse_execute, arguments, service.excess), context)

    async def execute_with_options(
        self, arguments: Mapping[str, object], context: ToolContext
    ) -> CallToolResult:
        """Run a script file; its own load is overridden."""
        options = parse(OptionsArguments, arguments)
        service = await self._opened.service()
        test = parse_load_test({**options.model_dump(), "override_load": True}, judge=service.excess)
        return await self._execute(test, Wait().wait_s, context)

    async def plan(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Answer with what would run."""
        service = await self._opened.service()
        test = await in_thread(parse_load_test, arguments, judge=service.excess)
        report = await service.plan(test)
        return answered(await in_thread_if(len(report.script or "") > LARGE, plan_answer, report))

    async def stop(self, arguments: Mapping[str, object], context: ToolContext) -> CallToolResult:
        """Stop a run and answer with its result."""
        run_id = parse(RunArguments, arguments).run_id
        service = await self._opened.service()
        return answered(run_answer(await service.stop(run_id)))

    async def _execute(self, test: LoadTest, wait_s: float, context: ToolContext) -> CallToolResult:
        service = await self._opened.service()
        async with reporting(context) as emit:
            run = await service.execute(test, wait_s=wait_s, emit=emit)
        return answered(run_answer(run))


def plan_answer(report: PlanReport) -> Json:
    """Return `report` with its script, without secrets, cut to what an agent needs to recognise it."""
    if report.script is None:
        return as_json(report)
    script, left_out = head(report.script, _PLANNED_SCRIPT_BYTES)
    if left_out:
        script += f"\n// … {left_out} more characters"
    return as_json(report.changed(script=script))


def run_tools(opened: OpenedService) -> list[K6Tool]:
    """Return the tools of this module, in their order in tools/list."""
    tools = RunTools(opened)
    return [
        k6_tool(
            tools.execute,
            ExecuteArguments,
            output_schema(RunAnswer),
            name=EXECUTE,
            title="Run a k6 load test",
            description=_EXECUTE_DESCRIPTION,
            annotations=LOADS,
        ),
        k6_tool(
            tools.plan,
            LoadTest,
            output_schema(PlanReport, depth=1),
            name="plan_k6_test",
            title="Plan a k6 load test",
            description=_PLAN_DESCRIPTION,
            annotations=READS,
        ),
        k6_tool(
            tools.stop,
            RunArguments,
            output_schema(RunAnswer, depth=0),
            name="stop_run",
            title="Stop a load test",
            description=_STOP_DESCRIPTION,
            annotations=STOPS,
        ),
        k6_tool(
            tools.execute_with_options,
            OptionsArguments,
            output_schema(RunAnswer, depth=0),
            name="execute_k6_test_with_options",
            title="Run a k6 script with other load",
            description=_OPTIONS_DESCRIPTION,
            annotations=LOADS,
            listed=False,
        ),
    ]
