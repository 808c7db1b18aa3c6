"""The words that mark a name as the name of a secret, and their positions in a text."""

import re
from collections.abc import Iterable, Iterator

MASK = "***"
_KEYS = tuple(f"{kind}{dash}key" for kind in ("api", "access", "private") for dash in ("", "-", "_"))
WORDS = (
    *("authorization", "cookie", "token", "secret", "password", "passwd", "pwd", "credential", "signature"),
    *("sessionid", "session-id", "session_id", *_KEYS),
)
# Another word within this many characters of the same name adds nothing; rules read at least 40 characters
# further.
_ONE_NAME = 30
SCHEMES = ("bearer", "basic", "digest", "token")
_NAME = re.compile("|".join(WORDS))
# An ending that makes the value a description of the secret, not the secret itself.
_DESCRIBES = re.compile(
    r"[a-z0-9_-]*?(?:name|field|ur[li]|path|type|header|param|parameter|selector|id|label|length|size|count|limit|ttl|expir\w*"
    r"|endpoint|prefix|suffix|format|policy|mode|status|errors?|message|file|version|algorithm|method|kind|scope|domain|required)s?\Z"
)


def lowered(text: str) -> str:
    """Return `text` in lower case with every character at its old position.

    A character that would become longer in lower case is replaced.
    """
    # Of all characters only U+0130 (a capital I with a dot) becomes longer.
    lower = text.lower()
    return lower if len(lower) == len(text) else text.replace("\u0130", "I").lower()


def is_secret_name(name: str) -> bool:
    """Return whether a header, field or query parameter of this name holds a secret."""
    return bool(_NAME.search(lowered(name)))


def names_secret(name: str) -> bool:
    """Return whether a value of this name is a secret itself.

    `token` and `api_key` are secrets; `token_type` only describes one.
    """
    matches = [*_NAME.finditer(lowered(name))]
    return bool(matches) and not describes(name[matches[-1].end() :])


def describes(rest: str) -> bool:
    """Return whether `rest`, the part of a name after a secret's word, makes it a description."""
    return bool(rest) and bool(_DESCRIBES.match(lowered(rest)))


def ends_of(words: Iterable[str], lower: str) -> list[int]:
    """Return the end positions of the `words` in a text, in order; `lower` is the text by `lowered`.

    Of several words in one name, such as `tokenToken`, the first in 30 characters represents all.
    """
    ends: list[int] = []
    for word in words:
        at, size = lower.find(word), len(word)
        while at >= 0:
            ends.append(at + size)
            at = lower.find(word, at + size)
    ends.sort()
    return [*_first_of_names(ends, lower)]


def _first_of_names(ends: Iterable[int], lower: str) -> Iterator[int]:
    last = -_ONE_NAME
    for end in ends:
        if end - last >= _ONE_NAME or not lower[last:end].replace("-", "").replace("_", "").isalnum():
            last = end
            yield end
