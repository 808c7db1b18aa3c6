"""Masking of secrets in everything that is stored or shown.

One set of rules covers requests, scripts, logs and URLs.
"""

from k6_mcp.redaction.known import mask_known, with_forms, with_parts
from k6_mcp.redaction.literals import literals_in, redact_script
from k6_mcp.redaction.metrics import is_ordinary, mask_metric
from k6_mcp.redaction.rules import credentials_in, redact_said, redact_text, redact_url
from k6_mcp.redaction.words import MASK, is_secret_name, names_secret

__all__ = [
    "MASK",
    "credentials_in",
    "is_ordinary",
    "is_secret_name",
    "literals_in",
    "mask_known",
    "mask_metric",
    "names_secret",
    "redact_said",
    "redact_script",
    "redact_text",
    "redact_url",
    "with_forms",
    "with_parts",
]
