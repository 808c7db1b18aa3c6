"""Makes text from a target, a script or a caller safe to show.

It is limited in length and has no characters that rearrange a page.
"""

from k6_mcp.models.hidden_characters import visible

_NAME = 160


def shown(text: str, limit: int = _NAME) -> str:
    """Return at most `limit` characters of `text`.

    Control characters, and characters that reorder or hide text, are replaced with their codes.
    """
    readable = visible(text[: limit + 1])
    return readable if len(readable) <= limit else f"{readable[: limit - 1]}…"


def one_line(text: str, limit: int = _NAME) -> str:
    """Return `text` as `shown` does, on one line."""
    return shown(" ".join(text[: 4 * limit].split()), limit)
