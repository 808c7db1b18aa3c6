"""The results of use cases as answers of the one-shot mode.

A run is the answer itself. Everything else is the answer's `result`.
"""

from k6_mcp.answers.details import RunDetail
from k6_mcp.answers.oneshot import OneShotAnswer, answer_plan, answer_run
from k6_mcp.answers.report import WrittenReport
from k6_mcp.models.base import Model
from k6_mcp.models.history import HistoryPage
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import PlanReport, RunText


def answer_result(result: object) -> OneShotAnswer:
    """Return what a use case found as the answer to a request."""
    match result:
        case Run():
            return answer_run(result)
        case RunDetail():
            return _detail(result)
        case PlanReport():
            return answer_plan(result)
        case HistoryPage():
            return OneShotAnswer(success=True, result=_page(result))
        case WrittenReport():
            return OneShotAnswer(success=True, result=result.file)
        case Model():
            return OneShotAnswer(success=True, result=result)
        case _:
            raise TypeError(f"no answer is made of {type(result).__name__}")


def _detail(found: RunDetail) -> OneShotAnswer:
    answer = answer_run(found.run)
    match found.detail:
        case "timeline":
            return answer.changed(result=found.timeline)
        case "log" | "script":
            text = RunText(run_id=found.run.run_id, detail=found.detail, text=found.text)
            return answer.changed(result=text)
        # The answer about a run has every metric
        case "summary" | "full":
            return answer


def _page(page: HistoryPage) -> HistoryPage:
    return page.changed(runs=tuple(_short(run) for run in page.runs))


def _short(run: Run) -> Run:
    """Return `run` without what makes a page of runs long; get_run has every metric."""
    metrics = run.metrics.changed(rows=()) if run.metrics else None
    return run.changed(metrics=metrics, plan=None)
