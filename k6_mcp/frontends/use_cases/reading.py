"""Use cases that read: one run, the history, an explanation, the server's health."""

from k6_mcp.answers.details import DETAIL_PROPERTIES, RunDetail, detail_answer
from k6_mcp.answers.explanation import explanation_answer
from k6_mcp.answers.history import HistoryAnswer, history_answer
from k6_mcp.answers.run import RunAnswer
from k6_mcp.frontends.use_cases.arguments import AnalyzeArguments, GetRunArguments, NoArguments, of_model
from k6_mcp.frontends.use_cases.declaration import ASKS_A_MODEL, READS, Caller, Shape, UseCase
from k6_mcp.models.history import HistoryPage, HistoryQuery
from k6_mcp.models.service_answers import Explanation, Health

# Callers want to see these at once, even while a test is running.
_WITHOUT_WAITING = ("timeline", "log", "script")


async def _get_run(caller: Caller, wanted: GetRunArguments) -> RunDetail:
    service, run_id, detail = caller.service, wanted.run_id, wanted.detail
    wait_s = 0.0 if detail in _WITHOUT_WAITING else caller.door.default_wait_s
    run = await service.wait(run_id, wait_s if wanted.wait_s is None else wanted.wait_s, caller.emit)
    if run.series and detail != "summary":
        # Details are about this one repeat of the series.
        run = await service.get(run_id)
    match detail:
        case "timeline":
            return RunDetail(run, detail, timeline=await service.timeline(run))
        case "log":
            return RunDetail(run, detail, text=await service.log(run))
        case "script":
            return RunDetail(run, detail, text=await service.script(run))
        case "summary" | "full":
            return RunDetail(run, detail)


async def _history(caller: Caller, query: HistoryQuery) -> HistoryPage:
    """Return one page, with fewer runs than requested if they would not fit into an answer.

    The next page begins where this one ends.
    """
    page = await caller.service.history(query)
    while (share := caller.share(page)) > 1 and query.limit > 1:
        fitting = min(query.limit - 1, int(len(page.runs) / share))
        query = query.changed(limit=max(1, fitting))
        page = await caller.service.history(query)
    return page


async def _analyze(caller: Caller, wanted: AnalyzeArguments) -> Explanation:
    kept_runs = caller.service.kept_runs
    return await kept_runs.explain(wanted.run_id, use_ai=wanted.use_ai, advisor=caller.advisor)


async def _health(caller: Caller, _: NoArguments) -> Health:
    return await caller.service.maintenance.health()


def _as_it_is(health: Health) -> Health:
    return health


GET_RUN = UseCase(
    name="get_run",
    title="Get a load test",
    description=(
        "Get one load test by run_id, waiting for its end while it runs: its result, every metric, figures"
        " over time, k6's log or its script. While status is running or queued, call it again with the same"
        " run_id. Canceling this call does not stop the test."
    ),
    effect=READS,
    arguments=GetRunArguments,
    parse=of_model(GetRunArguments),
    call=_get_run,
    answer=detail_answer,
    shape=Shape(RunAnswer, more=DETAIL_PROPERTIES, required=("run_id", "status")),
)
HISTORY = UseCase(
    name="get_history",
    title="List load tests",
    description=(
        "List past and running load tests, newest first, with status, failure kind, p95 and error rate. A run"
        " must match all given filters; pass next_cursor as cursor for the next page."
    ),
    effect=READS,
    arguments=HistoryQuery,
    parse=of_model(HistoryQuery),
    call=_history,
    answer=history_answer,
    shape=Shape(HistoryAnswer, depth=9),
)
ANALYZE = UseCase(
    name="analyze_run",
    title="Explain a load test",
    description=(
        "Explain the result of one load test: what broke, findings (when and at what load it broke, outages,"
        " drift, stalls, causes) with severity, confidence 0-1, evidence and next step, figures per phase."
    ),
    effect=ASKS_A_MODEL,
    arguments=AnalyzeArguments,
    parse=of_model(AnalyzeArguments),
    call=_analyze,
    answer=explanation_answer,
    shape=Shape(Explanation),
)
HEALTH = UseCase(
    name="check_health",
    title="Check the load test server",
    description=(
        "Check whether load tests can run here: k6 path and version, database, disk, limits, running and"
        " queued tests."
    ),
    effect=READS,
    arguments=NoArguments,
    parse=of_model(NoArguments),
    call=_health,
    answer=_as_it_is,
    shape=Shape(Health),
)
