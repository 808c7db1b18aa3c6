"""Parsing a line to a message, or to the error that answers it.

The transport would drop unreadable lines silently, and their senders would wait.
"""

import json
import logging
from typing import NamedTuple, cast

from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError
from pydantic_core import from_json

logger = logging.getLogger(__name__)
NO_REQUEST = "the message is not a JSON-RPC 2.0 request; params must be an object"
_REASON_CHARS = 200
# Ids and progress tokens are part of every answer.
_LONGEST_ID = 200


class Read(NamedTuple):
    """What a line holds.

    Both fields are None if the line is not a message and has no id, so that nobody can be answered.
    """

    message: JSONRPCMessage | None = None
    error: JSONRPCError | None = None


def read_line(line: str) -> Read:
    """Return the message on a line, or the error that answers a line without one.

    The JSON is parsed before it is validated. Otherwise the models would parse it once for each kind of
    message, which takes five times as long for a megabyte of lists.
    """
    try:
        document = from_json(line)
    except ValueError as error:
        reason = f"Invalid JSON: {error}"[:_REASON_CHARS]
        text = (
            f"the message cannot be read: {reason} (next step: send whole Unicode characters, not halves of"
            " surrogate pairs)"
        )
        return _refused(line, reason, ErrorData(code=PARSE_ERROR, message=text))
    try:
        message = jsonrpc_message_adapter.validate_python(document, by_name=False)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        return _refused(line, reason, ErrorData(code=INVALID_REQUEST, message=NO_REQUEST))
    if error := too_long(getattr(message, "id", None), getattr(message, "params", None)):
        return Read(error=error)
    return Read(message)


def too_long(request_id: object, params: object) -> JSONRPCError | None:
    """Return the error for an id or progress token that is too long to send back, None if neither is."""
    meta = cast("dict[str, object]", params).get("_meta") if isinstance(params, dict) else None
    token = cast("dict[str, object]", meta).get("progressToken") if isinstance(meta, dict) else None
    for name, value in (("id", request_id), ("progressToken", token)):
        if not _can_return(value):
            data = ErrorData(
                code=INVALID_REQUEST,
                message=f"the {name} is longer than {_LONGEST_ID} characters; send a shorter one",
            )
            return JSONRPCError(jsonrpc="2.0", id=None, error=data)
    return None


def _can_return(value: object) -> bool:
    if isinstance(value, int):
        return value.bit_length() <= _LONGEST_ID
    return not isinstance(value, str) or len(value) <= _LONGEST_ID


def _refused(line: str, reason: str, data: ErrorData) -> Read:
    logger.warning("a line is not a message: %s", reason)
    request_id = _request_id(line)
    return (
        Read() if request_id is None else Read(error=JSONRPCError(jsonrpc="2.0", id=request_id, error=data))
    )


def _request_id(line: str) -> int | str | None:
    """Return the id of a request that Python's more lenient JSON parser accepts."""
    try:
        message: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or "method" not in message:
        return None
    request_id = cast("dict[str, object]", message).get("id")
    return (
        request_id
        if isinstance(request_id, str | int)
        and not isinstance(request_id, bool)
        and _encodable(request_id)
        and _can_return(request_id)
        else None
    )


def _encodable(request_id: str | int) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in str(request_id))
