"""Untrusted text made safe to show: without characters that reverse, hide or control text.

Only this module knows them: control characters, escape sequences of terminals, direction marks, zero-width
and other invisible characters (also those that can carry whole hidden texts), and halves of surrogate pairs.
All answers pass through here.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import TypeVar, cast

T = TypeVar("T")
_HIDDEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u115f-\u1160\u17b4-\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    r"\ufffe-\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U0001fffe-\U0001ffff"
    r"\U0002fffe-\U0002ffff\U0003fffe-\U0003ffff\U0004fffe-\U0004ffff\U0005fffe-\U0005ffff\U0006fffe-\U0006ffff"
    r"\U0007fffe-\U0007ffff\U0008fffe-\U0008ffff\U0009fffe-\U0009ffff\U000afffe-\U000affff\U000bfffe-\U000bffff"
    r"\U000cfffe-\U000cffff\U000dfffe-\U000e0fff\U000efffe-\U000effff\U000ffffe-\U000fffff\U0010fffe-\U0010ffff"
)
# Characters that may have a style selector of their own: "✔️".
_EMOJI = r"[#*0-9\xa9\xae\u2000-\u3299\U0001f000-\U0001faff]"
_PRINTABLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0" + "".join(
    map(chr, range(0xFE00, 0xFE10))
)
_FIRST_HIDDEN_PLANE = "\U000e0000"
# Colors and cursor moves of a terminal carry no text.
_STYLE = re.compile(r"(?:\x1b\[|\x9b)[0-?]{0,40}[ -/]{0,10}[@-~]")


def visible(text: str) -> str:
    """Return `text` with its hidden characters as codes: `⟨202E⟩`, `⟨E0041+11⟩`.

    Each sequence of hidden characters becomes the code of the first one and how many follow. Line breaks and
    tabs stay, and terminal styles are removed.
    """
    if _harmless(text):
        return text
    return _runs().sub(_code, unstyled(text).replace("\r\n", "\n"))


def unstyled(text: str) -> str:
    """Return `text` without the sequences that change a terminal's colors or move its cursor."""
    return text if text.isprintable() else _STYLE.sub("", text)


def visible_data(data: T) -> T:
    """Return JSON data in which every text, the names of fields included, is `visible`."""
    value = cast("object", data)
    if isinstance(value, str):
        return cast("T", visible(value))
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return cast("T", {visible_data(key): visible_data(item) for key, item in items})
    if isinstance(value, list | tuple):
        return cast("T", [visible_data(item) for item in cast("list[object]", value)])
    return data


def _harmless(text: str) -> bool:
    """Return whether `text` certainly holds no hidden characters.

    This uses Python's own knowledge of characters, because the pattern takes 5 ms to compile.
    """
    line = text.replace("\n", " ").replace("\t", " ")
    if not line.isprintable():
        return False
    return line.isascii() or (
        max(line) < _FIRST_HIDDEN_PLANE and not any(char in line for char in _PRINTABLE)
    )


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(f"(?:[{_HIDDEN}]|(?<!{_EMOJI})\\ufe0f)+")


def _code(run: re.Match[str]) -> str:
    more = f"+{len(run[0]) - 1}" if len(run[0]) > 1 else ""
    return f"⟨{ord(run[0][0]):04X}{more}⟩"
