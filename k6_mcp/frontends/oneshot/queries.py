"""The methods of the one-shot mode that ask about runs and start none."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from pydantic import Field, ValidationError

from k6_mcp.answers.oneshot import OneShotAnswer, answer_plan, answer_run, to_line
from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.oneshot.call import LONGEST_WAIT_S, Call
from k6_mcp.frontends.oneshot.request import load_arguments
from k6_mcp.models.argument_rules import parse_load_test, shape_violations
from k6_mcp.models.base import Model
from k6_mcp.models.history import HistoryPage, HistoryQuery
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import Detail, ReportFormat, RunText

M = TypeVar("M", bound=Model)
_PAGE_BYTES = 10_240


class RunArguments(Model):
    """Arguments of the methods about one run."""

    run_id: str = Field(min_length=1, max_length=200)


class GetRunArguments(RunArguments):
    """Arguments of `get_run`: how long to wait for the end of the run, in seconds, and what to tell of it;
    `summary` is all figures.
    """

    wait_s: float = Field(default=0, ge=0, le=LONGEST_WAIT_S)
    detail: Detail = "summary"


class CompareArguments(Model):
    """Arguments of `compare_runs`: run ids or names of tests."""

    baseline: str = Field(min_length=1, max_length=120)
    candidate: str | None = Field(default=None, min_length=1, max_length=120)


class BaselineArguments(RunArguments):
    """Arguments of `set_baseline`: the name of the test where the run has none."""

    name: str | None = Field(default=None, min_length=1, max_length=120)


class AnalyzeArguments(RunArguments):
    """Arguments of `analyze_run`: whether a model words it too."""

    use_ai: bool = False


class ReportArguments(RunArguments):
    """Arguments of `get_report`."""

    format: ReportFormat = "html"
    baseline: str | None = None


class StatisticsArguments(Model):
    """Arguments of `get_statistics`: how many days to look back."""

    days: float = Field(default=30, gt=0, le=3650)


class NoArguments(Model):
    """Arguments of a method that has none."""


async def ask(call: Call) -> OneShotAnswer:
    """Return the answer to a method in `ASKING`; raises K6McpError."""
    return await _QUERIES[call.method](call)


async def _plan(call: Call) -> OneShotAnswer:
    return answer_plan(
        await call.service.plan(parse_load_test(load_arguments(call.params), judge=call.service.excess))
    )


async def _get_run(call: Call) -> OneShotAnswer:
    asked = _arguments(GetRunArguments, call.params)
    told = answer_run(await call.service.wait(asked.run_id, asked.wait_s))
    match asked.detail:
        case "timeline":
            return told.changed(result=await call.service.timeline(asked.run_id))
        case "log":
            text = await call.service.log(asked.run_id)
        case "script":
            text = await call.service.script(asked.run_id)
        case "summary" | "full":
            return told
    return told.changed(result=RunText(run_id=asked.run_id, detail=asked.detail, text=text))


async def _stop_run(call: Call) -> OneShotAnswer:
    return answer_run(await call.service.stop(_arguments(RunArguments, call.params).run_id))


async def _history(call: Call) -> OneShotAnswer:
    query = _arguments(HistoryQuery, call.params)
    told = _page(await call.service.history(query))
    # The next one begins where a shorter one ends
    while (bytes_ := len(to_line(told))) > _PAGE_BYTES and query.limit > 1:
        query = query.changed(limit=max(1, min(query.limit - 1, query.limit * _PAGE_BYTES // bytes_)))
        told = _page(await call.service.history(query))
    return told


def _page(page: HistoryPage) -> OneShotAnswer:
    return _result(page.changed(runs=tuple(_short(run) for run in page.runs)))


def _short(run: Run) -> Run:
    """Return `run` without what makes a page of runs long; get_run has every metric."""
    metrics = run.metrics.changed(rows=()) if run.metrics else None
    return run.changed(metrics=metrics, plan=None)


async def _analyze(call: Call) -> OneShotAnswer:
    asked = _arguments(AnalyzeArguments, call.params)
    return _result(await call.service.kept_runs.explain(asked.run_id, use_ai=asked.use_ai))


async def _report(call: Call) -> OneShotAnswer:
    asked = _arguments(ReportArguments, call.params)
    return _result(await call.service.kept_runs.report(asked.run_id, asked.format, asked.baseline))


async def _compare(call: Call) -> OneShotAnswer:
    asked = _arguments(CompareArguments, call.params)
    return _result(await call.service.kept_runs.compare(asked.baseline, asked.candidate))


async def _set_baseline(call: Call) -> OneShotAnswer:
    asked = _arguments(BaselineArguments, call.params)
    return _result(await call.service.kept_runs.set_baseline(asked.run_id, asked.name))


async def _statistics(call: Call) -> OneShotAnswer:
    return _result(await call.service.kept_runs.statistics(_arguments(StatisticsArguments, call.params).days))


async def _health(call: Call) -> OneShotAnswer:
    _arguments(NoArguments, call.params)
    return _result(await call.service.maintenance.health())


def _result(value: Model) -> OneShotAnswer:
    return OneShotAnswer(success=True, result=value)


def _arguments(model: type[M], params: Mapping[str, object]) -> M:
    try:
        return model.model_validate({name: value for name, value in params.items() if value is not None})
    except ValidationError as error:
        reasons = shape_violations(error, model.model_fields)
        raise InvalidArguments(*reasons, hint="correct these params and send the line again") from None


_QUERIES: Mapping[str, Callable[[Call], Awaitable[OneShotAnswer]]] = {
    "plan_k6_test": _plan,
    "get_run": _get_run,
    "stop_run": _stop_run,
    "get_history": _history,
    "analyze_run": _analyze,
    "compare_runs": _compare,
    "set_baseline": _set_baseline,
    "get_statistics": _statistics,
    "get_report": _report,
    "check_health": _health,
}
