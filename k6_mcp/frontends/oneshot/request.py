"""Requests of the one-shot mode: from a line to a method and its params."""

import json
from collections.abc import Mapping
from typing import NamedTuple, cast

from k6_mcp.errors import NotUnderstood
from k6_mcp.frontends.use_cases.catalog import EXECUTE, EXECUTE_WITH_OPTIONS, NAMES
from k6_mcp.models.argument_rules import DEEPEST
from k6_mcp.models.request import LOAD_ARGUMENTS

EXECUTING = (EXECUTE, EXECUTE_WITH_OPTIONS)
METHODS = (*EXECUTING, *(name for name in NAMES if name not in EXECUTING))
# The defaults of this protocol when a client leaves out one of the two.
DEFAULT_VUS, DEFAULT_DURATION = 10, "30s"
HINT = (
    "send one line like"
    ' {"method":"execute_k6_test","params":{"script_file":"t.js","duration":"10s","vus":10}}'
)


class Request(NamedTuple):
    """One understood line."""

    method: str
    params: Mapping[str, object]


def parse(line: bytes) -> Request:
    """Return the request on `line`.

    Raises:
        NotUnderstood: If it is not a JSON object with a known method and object params.
    """
    try:
        document: object = json.loads(line, parse_constant=_refuse_constant)
    except ValueError as error:
        raise NotUnderstood(f"the line is not JSON ({error})", hint=HINT) from None
    except RecursionError:
        raise NotUnderstood(f"the line is JSON nested deeper than {DEEPEST} levels", hint=HINT) from None
    if not isinstance(document, dict):
        raise NotUnderstood("the line is JSON but not an object", hint=HINT)
    fields = cast("dict[str, object]", document)
    method, params = fields.get("method"), fields.get("params")
    if "jsonrpc" in fields and method not in METHODS:
        raise NotUnderstood(
            "this is a JSON-RPC message in a one-shot session",
            hint="to speak MCP, send it as the first line to a new process",
        )
    if not isinstance(method, str) or method not in METHODS:
        what = f"unknown method {method[:60]!r}" if isinstance(method, str) else "there is no method"
        raise NotUnderstood(f"{what}; known methods: {', '.join(METHODS)}", hint=HINT)
    if params is not None and not isinstance(params, dict):
        raise NotUnderstood("params is not an object", hint=HINT)
    return Request(method, cast("dict[str, object]", params or {}))


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def load_arguments(params: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments that `params` stand for.

    In this protocol, load arguments replace the script's own load, and `vus` and `duration` have defaults.
    """
    arguments = {name: value for name, value in params.items() if value is not None and name != "wait_s"}
    given = [name for name in LOAD_ARGUMENTS if name in arguments]
    if given == ["vus"]:
        arguments["duration"] = DEFAULT_DURATION
    if not given or "url" in arguments:
        return arguments
    if given == ["duration"]:
        arguments["vus"] = DEFAULT_VUS
    return {"override_load": True, **arguments}
