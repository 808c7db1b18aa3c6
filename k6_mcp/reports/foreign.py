"""Text that a target, a script or a caller chose, made fit to be shown: bounded, and without characters that rearrange a page."""

import re

_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]")
_NAME = 160


def shown(text: str, limit: int = _NAME) -> str:
    """Return `text` of at most `limit` characters; control characters and those that turn or hide text stand as their code."""
    told = _HIDDEN.sub(lambda match: f"⟨{ord(match[0]):04X}⟩", text[: limit + 1].replace("\r\n", "\n"))
    return told if len(told) <= limit else f"{told[: limit - 1]}…"


def one_line(text: str, limit: int = _NAME) -> str:
    """Return `text` as `shown`, on one line."""
    return shown(" ".join(text[: 4 * limit].split()), limit)
