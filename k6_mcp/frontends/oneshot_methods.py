"""What one-shot requests can ask for: each method turns its params into a call of the service and the result into an answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from pydantic import Field, ValidationError

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.base import Model
from k6_mcp.models.comparison import Baseline, Comparison, Statistics
from k6_mcp.models.history import HistoryPage, HistoryQuery
from k6_mcp.models.reports import Explanation, Health, PlanReport, ReportFile, ReportFormat
from k6_mcp.models.request import LoadTest
from k6_mcp.models.rules import parse_load_test, shape_violations
from k6_mcp.models.run import FINAL, Run
from k6_mcp.reports.oneshot_answer import OneShotAnswer, answer_run
from k6_mcp.runners.signals import Stop

DEFAULT_VUS, DEFAULT_DURATION = 10, "30s"  # what clients of this protocol mean by leaving out one of the two
_LOAD = ("vus", "duration", "iterations", "stages", "rate_per_s")
_WAIT_S = 3600.0  # one wait; repeated until the run is final
M = TypeVar("M", bound=Model)


class Insights(Protocol):
    """What this front end needs of `k6_mcp.insights.Insights`."""

    async def explain(self, run_id: str, *, use_ai: bool = False) -> Explanation: ...
    async def compare(self, baseline: str, candidate: str | None = None) -> Comparison: ...
    async def set_baseline(self, run_id: str, name: str | None = None) -> Baseline: ...
    async def statistics(self, days: float) -> Statistics: ...
    async def report(self, run_id: str, format: ReportFormat, baseline: str | None = None) -> ReportFile: ...


class Service(Protocol):
    """What this front end needs of `k6_mcp.service.LoadTests`."""

    @property
    def insights(self) -> Insights: ...
    async def plan(self, test: LoadTest) -> PlanReport: ...
    async def start(self, test: LoadTest) -> Run: ...
    async def wait(self, run_id: str, wait_s: float, emit: Callable[[Run], None] | None = None) -> Run: ...
    async def stop(self, run_id: str) -> Run: ...
    async def history(self, query: HistoryQuery) -> HistoryPage: ...
    async def health(self) -> Health: ...


class Call(NamedTuple):
    """What a method works with; `stop` asks for the end, `reader_gone` tells that nobody can read the answer any more."""

    service: Service
    params: Mapping[str, object]
    stop: Stop
    reader_gone: Callable[[], bool]


class RunArguments(Model):
    """Arguments of the methods about one run."""

    run_id: str = Field(min_length=1, max_length=200)


class WaitArguments(RunArguments):
    """Arguments of `get_run`: how long to wait for the end of the run, in seconds."""

    wait_s: float = Field(default=0, ge=0, le=_WAIT_S)


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


async def _execute(call: Call) -> OneShotAnswer:
    """Run a test to its end, however long that takes; asked to stop, or without a reader, k6 is stopped gracefully."""
    run = await call.service.start(parse_load_test(_load_arguments(call.params)))
    stopper = asyncio.create_task(_stop_when_asked(call, run.run_id))

    def notice_a_gone_reader(_: Run) -> None:
        if call.reader_gone():
            call.stop.ask()

    try:
        while run.status not in FINAL:
            run = await call.service.wait(run.run_id, _WAIT_S, notice_a_gone_reader)
    finally:
        stopper.cancel()
    return answer_run(run)


async def _stop_when_asked(call: Call, run_id: str) -> None:
    await call.stop.wait()
    await call.service.stop(run_id)


def _load_arguments(params: Mapping[str, object]) -> dict[str, object]:
    """Return `params` with what this protocol means beyond its words: load arguments replace the script's own load."""
    arguments = {name: value for name, value in params.items() if value is not None and name != "wait_s"}
    given = [name for name in _LOAD if name in arguments]
    if not given or "url" in arguments:
        return arguments
    if given == ["vus"]:
        arguments["duration"] = DEFAULT_DURATION
    elif given == ["duration"]:
        arguments["vus"] = DEFAULT_VUS
    return {"override_load": True, **arguments}


async def _plan(call: Call) -> OneShotAnswer:
    return _result(await call.service.plan(parse_load_test(_load_arguments(call.params))))


async def _get_run(call: Call) -> OneShotAnswer:
    asked = _arguments(WaitArguments, call.params)
    return answer_run(await call.service.wait(asked.run_id, asked.wait_s))


async def _stop_run(call: Call) -> OneShotAnswer:
    return answer_run(await call.service.stop(_arguments(RunArguments, call.params).run_id))


async def _history(call: Call) -> OneShotAnswer:
    page = await call.service.history(_arguments(HistoryQuery, call.params))
    return _result(page.model_copy(update={"runs": tuple(_short(run) for run in page.runs)}))


def _short(run: Run) -> Run:
    """Return `run` without what makes a page of runs long; get_run has every metric."""
    metrics = run.metrics.model_copy(update={"rows": ()}) if run.metrics else None
    return run.model_copy(update={"metrics": metrics, "plan": None})


async def _analyze(call: Call) -> OneShotAnswer:
    asked = _arguments(AnalyzeArguments, call.params)
    return _result(await call.service.insights.explain(asked.run_id, use_ai=asked.use_ai))


async def _report(call: Call) -> OneShotAnswer:
    asked = _arguments(ReportArguments, call.params)
    return _result(await call.service.insights.report(asked.run_id, asked.format, asked.baseline))


async def _compare(call: Call) -> OneShotAnswer:
    asked = _arguments(CompareArguments, call.params)
    return _result(await call.service.insights.compare(asked.baseline, asked.candidate))


async def _set_baseline(call: Call) -> OneShotAnswer:
    asked = _arguments(BaselineArguments, call.params)
    return _result(await call.service.insights.set_baseline(asked.run_id, asked.name))


async def _statistics(call: Call) -> OneShotAnswer:
    return _result(await call.service.insights.statistics(_arguments(StatisticsArguments, call.params).days))


async def _health(call: Call) -> OneShotAnswer:
    _arguments(NoArguments, call.params)
    return _result(await call.service.health())


def _result(value: Model) -> OneShotAnswer:
    return OneShotAnswer(success=True, result=value)


def _arguments(model: type[M], params: Mapping[str, object]) -> M:
    try:
        return model.model_validate({name: value for name, value in params.items() if value is not None})
    except ValidationError as error:
        reasons = shape_violations(error, model.model_fields)
        raise InvalidArguments(*reasons, hint="correct these params and send the line again") from None


METHODS: Mapping[str, Callable[[Call], Awaitable[OneShotAnswer]]] = {
    "execute_k6_test": _execute,
    "execute_k6_test_with_options": _execute,
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
