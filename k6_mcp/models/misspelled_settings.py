"""Variables of the environment that look like settings and are none."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

# Whatever begins so is meant for us; k6's own variables begin with K6_ too.
_OURS = re.compile(r"K6[_-]?MCP", re.IGNORECASE)
# The test suite's own setting: where it is set, no test may be left out.
_OF_TESTS = ("K6_MCP_CI",)
_MOST, _NEAR = 20, 0.7


def misspelt(names: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each of `names` that is meant as one of the `known` settings but is none of
    them.
    """
    found = sorted(name for name in names if name not in _OF_TESTS and _is_meant_for_us(name, known))
    return tuple(_with_nearest(name, known) for name in found[:_MOST])


def _is_meant_for_us(name: str, known: Collection[str]) -> bool:
    """Whether a name begins as ours do, or lacks only `MCP_` or one character of a setting, or has one too
    much.
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
