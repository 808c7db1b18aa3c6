"""The arguments of the use cases: their shapes, and how they are parsed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast, get_args

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.use_cases.declaration import MCP, Caller, Door
from k6_mcp.models.argument_rules import parse_load_test, shape_violations
from k6_mcp.models.base import Model
from k6_mcp.models.report_formats import ReportFormat
from k6_mcp.models.request import Duration, LoadTest
from k6_mcp.models.service_answers import Detail

M = TypeVar("M", bound=Model)
_LONGEST_NAME = 120


def _as_long_as_the_door_waits(wait_s: float | None, info: ValidationInfo) -> float | None:
    longest_s = cast("Door", info.context).longest_wait_s
    if wait_s is not None and wait_s > longest_s:
        raise ValueError(f"should be less than or equal to {longest_s:g}")
    return wait_s


RunId = Annotated[
    str,
    Field(
        min_length=1, max_length=_LONGEST_NAME, description="as returned by execute_k6_test or get_history"
    ),
]


class Wait(Model):
    """How long a call of execute_k6_test stays open."""

    wait_s: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description=(
                "seconds to wait for the end, 0 to 3600, default 45; after that the run goes on, see get_run"
            ),
        ),
    ] = 45


class ExecuteArguments(LoadTest, Wait):
    """The arguments of execute_k6_test: a load test and how long to wait."""


class OptionsArguments(Model):
    """The arguments of execute_k6_test_with_options."""

    script_file: str
    duration: Duration | None = None
    vus: Annotated[int | None, Field(ge=1)] = None


class GetRunArguments(Model):
    """The arguments of get_run."""

    run_id: RunId
    wait_s: Annotated[
        float | None,
        Field(
            ge=0,
            json_schema_extra={"maximum": MCP.longest_wait_s},
            description=(
                "seconds to wait for a running test's end, 0 to 50; default 45 with summary and full, else 0"
            ),
        ),
        AfterValidator(_as_long_as_the_door_waits),
    ] = None
    detail: Annotated[
        Detail,
        Field(
            description=(
                "summary (default); full: every metric; timeline: over time and by stage; log: the end of"
                " k6's log; script: as it ran"
            )
        ),
    ] = "summary"


class RunArguments(Model):
    """The arguments of stop_run."""

    run_id: RunId


class AnalyzeArguments(Model):
    """The arguments of analyze_run."""

    run_id: RunId
    use_ai: Annotated[
        bool, Field(description="also let a model write a diagnosis from the computed facts; default false")
    ] = False


class CompareArguments(Model):
    """The arguments of compare_runs."""

    baseline: Annotated[
        str,
        Field(
            min_length=1,
            max_length=_LONGEST_NAME,
            description="run id, or name of a test (the baseline set for it)",
        ),
    ]
    candidate: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=_LONGEST_NAME,
            description="run id, or name of a test (its latest run); default: latest run of baseline's test",
        ),
    ] = None


class BaselineArguments(Model):
    """The arguments of set_baseline."""

    run_id: RunId
    name: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=_LONGEST_NAME,
            description="name of the test; default: the run's own",
        ),
    ] = None


class StatisticsArguments(Model):
    """The arguments of get_statistics."""

    days: Annotated[float, Field(gt=0, le=3650, description="days to look back, default 30")] = 30


class ReportArguments(Model):
    """The arguments of get_report."""

    run_id: RunId
    format: Annotated[
        ReportFormat, Field(description=f"{', '.join(get_args(ReportFormat))}; default html")
    ] = "html"
    baseline: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=_LONGEST_NAME,
            description="html, markdown: compare with this run id, or with this test's baseline",
        ),
    ] = None


class NoArguments(Model):
    """The arguments of check_health: none."""


@dataclass(frozen=True)
class Execution:
    """A load test and the seconds to wait for its end."""

    test: LoadTest
    wait_s: float


def of_model(model: type[M]) -> Callable[[Mapping[str, object], Caller], M]:
    """Return a parser of arguments of the shape of `model`; null means not given.

    Raises:
        InvalidArguments: With one sentence for every violation.
    """

    def parse(arguments: Mapping[str, object], caller: Caller) -> M:
        return _validated(model, arguments, caller.door)

    return parse


def load_test(arguments: Mapping[str, object], caller: Caller) -> LoadTest:
    """Return the load test that `arguments` describe; see `parse_load_test`."""
    return parse_load_test(arguments, judge=caller.service.excess)


def execution(arguments: Mapping[str, object], caller: Caller) -> Execution:
    """Return the load test and how long to wait for it.

    Raises:
        InvalidArguments: With one sentence for every violation in both, and for every exceeded limit.
    """
    own = {name: value for name, value in arguments.items() if name in Wait.model_fields}
    rest = {name: value for name, value in arguments.items() if name not in Wait.model_fields}
    wait_s, reasons = 0.0, ()
    try:
        wait_s = _validated(Wait, own, caller.door).wait_s
    except InvalidArguments as error:
        reasons = error.reasons
    test = parse_load_test(rest, beside=Wait.model_fields, also=reasons, judge=caller.service.excess)
    return Execution(test, wait_s)


def execution_with_options(arguments: Mapping[str, object], caller: Caller) -> Execution:
    """Return the load test of a script whose own load the options replace."""
    options = _validated(OptionsArguments, arguments, caller.door)
    test = parse_load_test({**options.model_dump(), "override_load": True}, judge=caller.service.excess)
    return Execution(test, Wait().wait_s)


def _validated(model: type[M], arguments: Mapping[str, object], door: Door) -> M:
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return model.model_validate(given, context=door)
    except ValidationError as error:
        raise InvalidArguments(*shape_violations(error, model.model_fields), hint=door.hint) from None
