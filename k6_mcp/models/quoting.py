"""What of a wrong value an error may repeat: a secret may have slipped into any argument."""

import re

# A number, a status or a duration, also a wrong one, and a short word such as `soon`.
_HARMLESS = re.compile(r"[-+]?[\d.,]{1,20}(?:-\d{1,3}|e[-+]?\d{1,3})?\s?[a-zA-Z%]{0,3}\Z|[a-zA-Z]{1,5}\Z")
_LONGEST = 60


def echoed(value: str | float) -> str:
    """Return what was given in quotes if it is a figure or a short word, and of any other text how long it
    is.
    """
    if isinstance(value, str) and not _HARMLESS.match(value):
        return f"a text of {len(value)} characters"
    return repr(str(value)[:_LONGEST])
