"""Which wrong values an error may repeat: any argument may contain a secret by mistake."""

import re

# A number, a status or a duration, even a wrong one, or a short word such as `soon`.
_HARMLESS = re.compile(r"[-+]?[\d.,]{1,20}(?:-\d{1,3}|e[-+]?\d{1,3})?\s?[a-zA-Z%]{0,3}\Z|[a-zA-Z]{1,5}\Z")
_LONGEST = 60


def echoed(value: str | float) -> str:
    """Return `value` in quotes if it is a figure or a short word, otherwise only its length."""
    if isinstance(value, str) and not _HARMLESS.match(value):
        return f"a text of {len(value)} characters"
    return repr(str(value)[:_LONGEST])
