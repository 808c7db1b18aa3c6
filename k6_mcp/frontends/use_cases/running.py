"""Use cases that plan, run and stop load tests."""

from k6_mcp.answers.plan import plan_answer
from k6_mcp.answers.run import RunAnswer, run_answer
from k6_mcp.frontends.use_cases.arguments import (
    ExecuteArguments,
    Execution,
    OptionsArguments,
    RunArguments,
    execution,
    execution_with_options,
    load_test,
    of_model,
)
from k6_mcp.frontends.use_cases.declaration import (
    CHANGES_RUNS,
    LOADS_A_TARGET,
    READS,
    Caller,
    Shape,
    UseCase,
)
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import PlanReport


async def _execute(caller: Caller, wanted: Execution) -> Run:
    return await caller.service.execute(wanted.test, wait_s=wanted.wait_s, emit=caller.emit)


async def _plan(caller: Caller, test: LoadTest) -> PlanReport:
    return await caller.service.plan(test)


async def _stop(caller: Caller, wanted: RunArguments) -> Run:
    return await caller.service.stop(wanted.run_id)


EXECUTE = UseCase(
    name="execute_k6_test",
    title="Run a k6 load test",
    description=(
        "Run a k6 load test against an HTTP target and return its judged result: status, what failed and why,"
        " thresholds with observed values, latency, error rate. Give exactly one of script, script_file, url."
        " Load: vus+duration, vus+iterations, stages, or rate_per_s+duration; a url alone runs preset low."
        " Load arguments for a script that declares its own scenarios need override_load. A test longer than"
        " wait_s comes back as running: call get_run with its run_id; do not start it again. Load only"
        " targets that you are allowed to load."
    ),
    effect=LOADS_A_TARGET,
    arguments=ExecuteArguments,
    parse=execution,
    call=_execute,
    answer=run_answer,
    shape=Shape(RunAnswer, depth=9),
    takes_load_test=True,
)
EXECUTE_WITH_OPTIONS = UseCase(
    name="execute_k6_test_with_options",
    title="Run a k6 script with other load",
    description=(
        "Run a k6 script with this duration and these VUs instead of its own load (for clients of older"
        " servers)."
    ),
    effect=LOADS_A_TARGET,
    arguments=OptionsArguments,
    parse=execution_with_options,
    call=_execute,
    answer=run_answer,
    shape=Shape(RunAnswer),
    takes_load_test=True,
    listed=False,
)
PLAN = UseCase(
    name="plan_k6_test",
    title="Plan a k6 load test",
    description=(
        "Check a load test without sending traffic: the script that would run, its scenarios, peak VUs,"
        " duration and thresholds, every limit it violates; for a broken script, the error with line and"
        " column. Takes the arguments of execute_k6_test except wait_s."
    ),
    effect=READS,
    arguments=LoadTest,
    parse=load_test,
    call=_plan,
    answer=plan_answer,
    shape=Shape(PlanReport, depth=1),
    takes_load_test=True,
)
STOP = UseCase(
    name="stop_run",
    title="Stop a load test",
    description=(
        "Stop a running or queued load test gracefully and return its result with the figures measured so"
        " far. A test that has ended is returned unchanged."
    ),
    effect=CHANGES_RUNS,
    arguments=RunArguments,
    parse=of_model(RunArguments),
    call=_stop,
    answer=run_answer,
    shape=Shape(RunAnswer),
)
