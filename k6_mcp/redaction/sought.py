"""Which of many secrets stand in a text: found by what nobody escapes in them, in one pass over the text."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

PLAIN = re.compile(r"[0-9A-Za-z_.~-]+")
"""What nobody escapes."""
# Shorter values ("1", "GET") would mask ordinary text.
SHORTEST = 4
_GRAM = 4
# Up to this many values are looked for one by one
_FEW = 64
_MOST_READY = 8


class Secret(NamedTuple):
    """A secret and its anchor, the longest part of it that is written the same everywhere."""

    text: str
    anchor: str


class Anchors:
    """Plain words by how they begin and how long they are: a text is compared with thousands as fast as with
    one.
    """

    def __init__(self, words: Iterable[str]) -> None:
        by_gram: dict[str, dict[int, set[str]]] = {}
        for word in words:
            by_gram.setdefault(word[:_GRAM], {}).setdefault(len(word), set()).add(word)
        self._by_gram = {gram: sorted(by_length.items(), reverse=True) for gram, by_length in by_gram.items()}

    def found(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield where each word stands in `text`, in order, at one place the longest first."""
        if not self._by_gram:
            return
        for at in range(len(text) - _GRAM + 1):
            for length, words in self._by_gram.get(text[at : at + _GRAM], ()):
                if (word := text[at : at + length]) in words:
                    yield at, word


class Sought(NamedTuple):
    """Secrets to look for: `few` one by one, longest first; of the others the `plain` ones, and those by
    anchor that may be escaped.
    """

    few: tuple[Secret, ...]
    plain: Anchors
    anchors: Anchors
    by_anchor: dict[str, list[Secret]]

    def one_by_one(self, text: str) -> Iterable[Secret]:
        """Return those to be looked for one by one in `text`, longest first."""
        if not self.by_anchor:
            return self.few
        anchors = {anchor for _, anchor in self.anchors.found(text)}
        found = (*self.few, *(secret for anchor in anchors for secret in self.by_anchor[anchor]))
        return sorted(found, key=_length, reverse=True)

    def without_plain(self, text: str, mask: str) -> str:
        """Return `text` with `mask` for each secret that is plain."""
        kept, past = list[str](), 0
        for at, secret in self.plain.found(text):
            if at >= past:
                kept += (text[past:at], mask)
                past = at + len(secret)
        return "".join((*kept, text[past:])) if kept else text


_ready: list[tuple[tuple[str, ...], Sought]] = []


def sought(known: Iterable[str]) -> Sought:
    """Return the `known` secrets ready to be looked for; of the same tuple again and again at no cost."""
    values = known if isinstance(known, tuple) else tuple(known)
    if len(values) <= _FEW:
        return _few(values)
    # Found by identity: to hash a hundred thousand secrets for each line of a log takes longer than to look
    # for them.
    for held, found in [*_ready]:
        if held is values:
            return found
    found = _indexed(values)
    _ready[_MOST_READY - 1 :] = []
    _ready.insert(0, (values, found))
    return found


@lru_cache(maxsize=16)
def _few(values: tuple[str, ...]) -> Sought:
    return Sought(tuple(_secrets(values)), Anchors(()), Anchors(()), {})


def _indexed(values: Iterable[str]) -> Sought:
    few, plain = list[Secret](), list[str]()
    by_anchor: dict[str, list[Secret]] = {}
    for secret in _secrets(values):
        if secret.anchor == secret.text:
            plain.append(secret.text)
        elif len(secret.anchor) < _GRAM:
            few.append(secret)
        else:
            by_anchor.setdefault(secret.anchor, []).append(secret)
    return Sought(tuple(few), Anchors(plain), Anchors(by_anchor), by_anchor)


def _secrets(values: Iterable[str]) -> list[Secret]:
    wanted = sorted({value for value in values if len(value) >= SHORTEST}, key=len, reverse=True)
    return [Secret(value, max(PLAIN.findall(value), key=len, default="")) for value in wanted]


def _length(secret: Secret) -> int:
    return len(secret.text)
