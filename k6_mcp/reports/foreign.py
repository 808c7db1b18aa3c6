"""Text that a target, a script or a caller chose, made fit to be shown: bounded, and without characters that
rearrange a page.
"""

from k6_mcp.models.hidden_characters import visible

_NAME = 160


def shown(text: str, limit: int = _NAME) -> str:
    """Return `text` of at most `limit` characters; control characters and those that turn or hide text stand
    as their code.
    """
    told = visible(text[: limit + 1])
    return told if len(told) <= limit else f"{told[: limit - 1]}…"


def one_line(text: str, limit: int = _NAME) -> str:
    """Return `text` as `shown`, on one line."""
    return shown(" ".join(text[: 4 * limit].split()), limit)
