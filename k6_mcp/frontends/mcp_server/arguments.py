"""Arguments of the tools: their shapes, and how what a client sent becomes them."""

import json
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.mcp_server.schemas import Schema
from k6_mcp.models.argument_rules import Judge, parse_load_test, shape_violations
from k6_mcp.models.base import Model
from k6_mcp.models.request import Duration, LoadTest
from k6_mcp.models.service_answers import Detail

M = TypeVar("M", bound=Model)

RunId = Annotated[
    str, Field(min_length=1, max_length=120, description="as returned by execute_k6_test or get_history")
]


class Wait(Model):
    """How long a call of execute_k6_test stays open."""

    wait_s: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description=(
                "seconds to wait for the end, 0 to 3600, default 45; then the run goes on, see get_run"
            ),
        ),
    ] = 45


class ExecuteArguments(LoadTest, Wait):
    """What execute_k6_test takes: a load test and how long to wait."""


class GetRunArguments(Model):
    """What get_run takes."""

    run_id: RunId
    wait_s: Annotated[
        float | None,
        Field(
            ge=0,
            le=50,
            description=(
                "seconds to wait for a running test's end, 0 to 50; default 45 with summary and full, else 0"
            ),
        ),
    ] = None
    detail: Annotated[
        Detail,
        Field(
            description=(
                "summary (default), full: every metric, timeline: over time and by stage, log: its end,"
                " script as run"
            )
        ),
    ] = "summary"


class RunArguments(Model):
    """What stop_run takes."""

    run_id: RunId


class AnalyzeArguments(Model):
    """What analyze_run takes."""

    run_id: RunId
    use_ai: Annotated[
        bool, Field(description="let a model word a diagnosis from the computed facts too; default false")
    ] = False


class NoArguments(Model):
    """What check_health takes: nothing."""


class OptionsArguments(Model):
    """What execute_k6_test_with_options takes."""

    script_file: str
    duration: Duration | None = None
    vus: Annotated[int | None, Field(ge=1)] = None


def parse(model: type[M], arguments: Mapping[str, object]) -> M:
    """Return `arguments` as `model`; null means not given.

    Raises:
        InvalidArguments: With one sentence for every violation.
    """
    try:
        return model.model_validate(_given(arguments))
    except ValidationError as error:
        reasons = shape_violations(error, model.model_fields)
        raise InvalidArguments(*reasons, hint="correct these arguments and call again") from None


def parse_execute(arguments: Mapping[str, object], judge: Judge) -> tuple[LoadTest, float]:
    """Return the load test and the seconds to wait for it.

    Raises:
        InvalidArguments: With one sentence for every violation in both, and for what `judge` says besides.
    """
    waiting = {name: value for name, value in arguments.items() if name in Wait.model_fields}
    rest = {name: value for name, value in arguments.items() if name not in Wait.model_fields}
    reasons: list[str] = []
    wait_s, test = 0.0, None
    try:
        wait_s = parse(Wait, waiting).wait_s
    except InvalidArguments as error:
        reasons.extend(error.reasons)
    try:
        test = parse_load_test(rest, beside=Wait.model_fields, judge=judge)
    except InvalidArguments as error:
        reasons[:0] = error.reasons
    if test is None or reasons:
        # Where the test could be parsed, its excess is not among the reasons yet
        excess = judge(test) if test is not None else ()
        raise InvalidArguments(
            *reasons, *excess, hint="correct these arguments and call again; nothing was run"
        )
    return test, wait_s


def unwrapped(arguments: Mapping[str, object], schema: Schema) -> dict[str, object]:
    """Return `arguments` with objects and arrays that came as JSON text parsed; some clients send them so."""
    properties = schema.get("properties", {})
    return {name: _parsed(value, properties.get(name, {}).get("type")) for name, value in arguments.items()}


def _parsed(value: object, expected: object) -> object:
    opening = {"object": "{", "array": "["}.get(str(expected))
    if opening is None or not isinstance(value, str) or not value.lstrip().startswith(opening):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _given(arguments: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in arguments.items() if value is not None}
