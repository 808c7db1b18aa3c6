"""Use cases about several runs: comparisons, baselines, statistics."""

from k6_mcp.answers.comparison import baseline_answer, comparison_answer
from k6_mcp.answers.statistics import StatisticsAnswer, statistics_answer
from k6_mcp.frontends.use_cases.arguments import (
    BaselineArguments,
    CompareArguments,
    StatisticsArguments,
    of_model,
)
from k6_mcp.frontends.use_cases.declaration import CHANGES_RUNS, READS, Caller, Shape, UseCase
from k6_mcp.models.comparison import Baseline, Comparison, Statistics


async def _compare(caller: Caller, wanted: CompareArguments) -> Comparison:
    return await caller.service.kept_runs.compare(wanted.baseline, wanted.candidate)


async def _set_baseline(caller: Caller, wanted: BaselineArguments) -> Baseline:
    return await caller.service.kept_runs.set_baseline(wanted.run_id, wanted.name)


async def _statistics(caller: Caller, wanted: StatisticsArguments) -> Statistics:
    return await caller.service.kept_runs.statistics(wanted.days)


COMPARE = UseCase(
    name="compare_runs",
    title="Compare load tests",
    description=(
        "Find out whether a load test got better or worse: each metric is regressed, improved, no_evidence or"
        " not_comparable, with its change and interval, and one sentence sums it up. Refuses to compare tests"
        " that differ. Repeats of a run (execute_k6_test repeat) count with it; use 3 on each side for a"
        " reliable result."
    ),
    effect=READS,
    arguments=CompareArguments,
    parse=of_model(CompareArguments),
    call=_compare,
    answer=comparison_answer,
    shape=Shape(Comparison),
)
SET_BASELINE = UseCase(
    name="set_baseline",
    title="Set the baseline of a test",
    description=(
        "Make a run and its repeats the baseline of their test, which compare_runs finds by name. A baseline"
        " is never cleaned up."
    ),
    effect=CHANGES_RUNS,
    arguments=BaselineArguments,
    parse=of_model(BaselineArguments),
    call=_set_baseline,
    answer=baseline_answer,
    shape=Shape(Baseline),
)
STATISTICS = UseCase(
    name="get_statistics",
    title="Load tests over days",
    description=(
        "Summarize the load tests of the last days: runs by status and failure kind, the share with a warning"
        " or critical finding, and for each named test the trend of error rate and p95 (worse, better,"
        " steady, too_few) and how far its thresholds are from being crossed."
    ),
    effect=READS,
    arguments=StatisticsArguments,
    parse=of_model(StatisticsArguments),
    call=_statistics,
    answer=statistics_answer,
    shape=Shape(StatisticsAnswer),
)
