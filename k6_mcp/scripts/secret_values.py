"""Secrets in a request: kept out of the script's text, and masked where the request is shown."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pydantic import JsonValue, SecretStr

from k6_mcp.errors import InvalidArguments
from k6_mcp.redaction import MASK, is_secret_name, redact_text, redact_url
from k6_mcp.scripts.javascript import Code

# Each value is searched in all of k6's output
_LARGEST_VALUE_BYTES = 100_000
# Linux refuses an environment and arguments of more than 2 MiB together
_LARGEST_TOTAL = 1_000_000
_SHOWN_BODY_CHARS = 2000


class Environment:
    """Collects the values that a script reads through `__ENV`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._values = dict(env)
        self._sources = {name: f"env.{name}" for name in env}

    def hold(self, source: str, name: str, value: str) -> Code:
        """Store the secret `value` of argument `source` and return the expression that reads it."""
        name, wanted, number = f"K6_MCP_{name}", f"K6_MCP_{name}", 1
        while name in self._values:
            number += 1
            name = f"{wanted}_{number}"
        self._values[name] = value
        self._sources[name] = source
        return Code(f"__ENV.{name}")

    def values(self) -> Mapping[str, SecretStr]:
        """Return all stored values.

        Raises:
            InvalidArguments: With every value that is too large.
        """
        reasons = [
            reason for name, value in self._values.items() for reason in _unfit(self._sources[name], value)
        ]
        total = len(json.dumps(self._values))
        if not reasons and total > _LARGEST_TOTAL:
            reasons = [
                f"env: has {total} characters as JSON with \\u escapes;"
                f" the most that k6 can take is {_LARGEST_TOTAL}"
            ]
        if reasons:
            hint = "shorten these values, or read them in a script from a file with open()"
            raise InvalidArguments(*reasons, hint=hint)
        return {name: SecretStr(value) for name, value in self._values.items()}


def _unfit(source: str, value: str) -> Iterator[str]:
    size = len(value.encode())
    if size > _LARGEST_VALUE_BYTES:
        yield (
            f"{source}: has {size} bytes; the most for a value that the script reads through __ENV is"
            f" {_LARGEST_VALUE_BYTES}"
        )


def is_secret_url(url: str) -> bool:
    """Return whether `url` contains user information or a secret query value."""
    parts = urlsplit(url)
    named = any(is_secret_name(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return named or redact_url(url) != urlunsplit(parts)


def is_secret_header(name: str, value: str) -> bool:
    """Return whether a header's name or value marks it as a credential."""
    return is_secret_name(name) or redact_text(value) != value


def is_secret_body(body: JsonValue, text: str) -> bool:
    """Return whether a body contains a field with a secret name or a text like a credential."""
    return masked_body(body, text, len(text) + len(MASK)) != text


def masked_body(body: JsonValue, text: str, longest: int = _SHOWN_BODY_CHARS) -> str:
    """Return `text`, the body as sent, with secrets masked and cut to `longest` characters."""
    if isinstance(body, str):
        text = _masked_text(body)
    elif (masked := _masked(body)) != body:
        text = json_text(masked)
    text = redact_text(text)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def json_text(value: JsonValue) -> str:
    """Return compact JSON, as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _masked_text(text: str) -> str:
    try:
        value = cast(JsonValue, json.loads(text))
    except (ValueError, RecursionError):
        return _masked_form(text)
    masked = _masked(value)
    return text if masked == value else json_text(masked)


def _masked_form(text: str) -> str:
    pairs = [pair.partition("=") for pair in text.split("&")]
    return "&".join(
        f"{name}={MASK}" if equals and value and is_secret_name(name) else f"{name}{equals}{value}"
        for name, equals, value in pairs
    )


def _masked(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {
            name: _mask_leaf(item) if is_secret_name(name) else _masked(item) for name, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_masked(item) for item in value]
    return value


def _mask_leaf(value: JsonValue) -> JsonValue:
    return value if value is None or value == "" or isinstance(value, bool) else MASK
