"""Environment variables that look like settings but aren't."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

# Names that begin like this are meant for us. k6's own variables begin with K6_ too.
_OURS = re.compile(r"K6[_-]?MCP", re.IGNORECASE)
# The test suite's own setting: if it is set, no test may be skipped.
_OF_TESTS = ("K6_MCP_CI",)
_MOST, _NEAR = 20, 0.7


def misspelt(names: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each of `names` that resembles a setting but is not `known`."""
    found = sorted(name for name in names if name not in _OF_TESTS and _is_meant_for_us(name, known))
    return tuple(_with_nearest(name, known) for name in found[:_MOST])


def _is_meant_for_us(name: str, known: Collection[str]) -> bool:
    """Return whether a name is a likely misspelling of a setting.

    It begins as ours do, or is a setting without `MCP_`, with a character missing or with an extra one.
    """
    if _OURS.match(name) or f"K6_MCP_{name.removeprefix('K6_')}" in known:
        return True
    pairs = [(setting, name) if len(setting) > len(name) else (name, setting) for setting in known]
    return any(
        shorter == longer[:at] + longer[at + 1 :] for longer, shorter in pairs for at in range(len(longer))
    )


def _with_nearest(name: str, known: Collection[str]) -> str:
    nearest = get_close_matches(name.upper(), known, 1, _NEAR)
    meant = f"did you mean {nearest[0]}?" if nearest else "docs/settings.md lists all settings"
    return f"{name[:80]} is not a setting and changes nothing; {meant}"
