"""Definitions: load tests as JSON objects of execute_k6_test's arguments."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from k6_mcp.errors import InvalidArguments

Arguments = dict[str, object]

# Changes are merged into these mappings and replace all other arguments.
_ADDED_TO = ("env", "tags", "headers")
# A stored call of the tool is a definition too, but its waiting time is not part of the test.
_NOT_ABOUT_THE_TEST = ("wait_s",)
_HINT = (
    'give a JSON object of execute_k6_test\'s arguments, as in {"url": "http://127.0.0.1:8080/", "preset":'
    ' "low"}'
)


def from_file(path: Path) -> Arguments:
    """Return the arguments in a JSON file; a relative `script_file` is relative to that file.

    Raises:
        InvalidArguments: If the file cannot be read or holds no JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _unreadable(str(path), error) from None
    arguments = from_text(text, str(path))
    script_file = arguments.get("script_file")
    if isinstance(script_file, str):
        arguments["script_file"] = str(path.parent / script_file)
    return arguments


def from_text(text: str, name: str) -> Arguments:
    """Return the arguments in a JSON text; errors call it `name`. Raises InvalidArguments."""
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, error) from None
    return from_object(content, name)


def from_object(content: object, name: str) -> Arguments:
    """Return the arguments in a parsed JSON value. Raises InvalidArguments if it is not an object."""
    if not isinstance(content, dict):
        raise InvalidArguments(f"the definition {name} is not a JSON object", hint=_HINT)
    arguments = cast("Arguments", content)
    return {key: value for key, value in arguments.items() if key not in _NOT_ABOUT_THE_TEST}


def with_changes(definition: Mapping[str, object], changes: Mapping[str, object]) -> Arguments:
    """Return `definition` with its arguments replaced by `changes`; env, tags and headers are merged."""
    merged = {
        name: {**cast("Arguments", definition[name]), **cast("Arguments", changes[name])}
        for name in _ADDED_TO
        if isinstance(definition.get(name), dict) and isinstance(changes.get(name), dict)
    }
    return {**definition, **changes, **merged}


def _unreadable(name: str, error: Exception) -> InvalidArguments:
    return InvalidArguments(f"the definition {name} cannot be read: {str(error)[:200]}", hint=_HINT)
