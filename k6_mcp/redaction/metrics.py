"""Masking of known secrets in metric names, which a script can choose freely."""

import re
from collections.abc import Iterable

from k6_mcp.redaction.known import mask_known
from k6_mcp.redaction.rules import redact_url
from k6_mcp.redaction.words import is_secret_name

_K6_METRIC = re.compile(
    r"(?:vus|vus_max|iterations|iteration_duration|dropped_iterations|checks|data_sent|data_received|group_duration|time"
    r"|(?:http|ws|grpc|browser)_\w+)\Z"
)
_K6_TAG = re.compile(
    r"(?:scenario|name|group|check|url|method|status|error|error_code|expected_response|proto|subproto|service|tls_version)\Z"
)
_K6_VALUE = re.compile(
    r"(?:status|error_code|expected_response|method|proto|tls_version):[\w./]*\Z|scenario:default\Z"
)
_LONGEST_WORD = 20


def is_ordinary(name: str, value: str) -> bool:
    """Return whether a variable holds a plain word or an address without credentials.

    Such a value needs no masking in a metric's name.
    """
    word = value.isalpha() and len(value) <= _LONGEST_WORD
    return not is_secret_name(name) and (word or ("://" in value and redact_url(value) == value))


def mask_metric(name: str, known: Iterable[str]) -> str:
    """Return the name of a metric or sub-metric with `known` secrets masked where a script chose it.

    k6's own metrics, tags and words stay.
    """
    base, brace, tags = name.partition("{")
    shown = base if _K6_METRIC.match(base) else mask_known(base, known)
    if not brace:
        return shown
    key, colon, value = tags.removesuffix("}").partition(":")
    shown_value = value if _K6_VALUE.match(f"{key}:{value}") else mask_known(value, known)
    shown_key = key if _K6_TAG.match(key) else mask_known(key, known)
    end = "}" if tags.endswith("}") else ""
    return f"{shown}{{{shown_key}{colon}{shown_value}{end}"
