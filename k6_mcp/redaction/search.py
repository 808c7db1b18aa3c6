"""Search for many secrets in one pass over a text, by the parts of them that are never escaped."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

PLAIN = re.compile(r"[0-9A-Za-z_.~-]+")
"""Characters that no format escapes."""
# Masking shorter values ("1", "GET") would mask ordinary text.
SHORTEST = 4
_GRAM = 4
# Up to this many secrets are searched one by one.
_FEW = 64
_MOST_READY = 8


class Secret(NamedTuple):
    """A secret and its anchor, the longest part of it that is written the same everywhere."""

    text: str
    anchor: str


class Anchors:
    """Plain words by their first characters and length: thousands are searched as fast as one."""

    def __init__(self, words: Iterable[str]) -> None:
        by_gram: dict[str, dict[int, set[str]]] = {}
        for word in words:
            by_gram.setdefault(word[:_GRAM], {}).setdefault(len(word), set()).add(word)
        self._by_gram = {gram: sorted(by_length.items(), reverse=True) for gram, by_length in by_gram.items()}

    def occurrences(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the position of each word in `text`, in order, the longest first at one position."""
        if not self._by_gram:
            return
        for at in range(len(text) - _GRAM + 1):
            for length, words in self._by_gram.get(text[at : at + _GRAM], ()):
                if (word := text[at : at + length]) in words:
                    yield at, word


class Search(NamedTuple):
    """Secrets prepared for a search.

    The `few` are searched one by one, longest first. Of the others, `plain` ones need no escaping, and the
    rest are found by their anchor.
    """

    few: tuple[Secret, ...]
    plain: Anchors
    anchors: Anchors
    by_anchor: dict[str, list[Secret]]

    def one_by_one(self, text: str) -> Iterable[Secret]:
        """Return the secrets to search one by one in `text`, longest first."""
        if not self.by_anchor:
            return self.few
        anchors = {anchor for _, anchor in self.anchors.occurrences(text)}
        secrets = (*self.few, *(secret for anchor in anchors for secret in self.by_anchor[anchor]))
        return sorted(secrets, key=_length, reverse=True)

    def without_plain(self, text: str, mask: str) -> str:
        """Return `text` with every plain secret replaced by `mask`."""
        kept, past = list[str](), 0
        for at, secret in self.plain.occurrences(text):
            if at >= past:
                kept += (text[past:at], mask)
                past = at + len(secret)
        return "".join((*kept, text[past:])) if kept else text


_ready: list[tuple[tuple[str, ...], Search]] = []


def search_for(known: Iterable[str]) -> Search:
    """Return the `known` secrets prepared for a search; the same tuple is prepared only once."""
    values = known if isinstance(known, tuple) else tuple(known)
    if len(values) <= _FEW:
        return _few(values)
    # Compared by identity: hashing a hundred thousand secrets for each log line would take longer than the
    # search.
    for prepared_values, prepared in [*_ready]:
        if prepared_values is values:
            return prepared
    prepared = _indexed(values)
    _ready[_MOST_READY - 1 :] = []
    _ready.insert(0, (values, prepared))
    return prepared


@lru_cache(maxsize=16)
def _few(values: tuple[str, ...]) -> Search:
    return Search(tuple(_secrets(values)), Anchors(()), Anchors(()), {})


def _indexed(values: Iterable[str]) -> Search:
    few, plain = list[Secret](), list[str]()
    by_anchor: dict[str, list[Secret]] = {}
    for secret in _secrets(values):
        if secret.anchor == secret.text:
            plain.append(secret.text)
        elif len(secret.anchor) < _GRAM:
            few.append(secret)
        else:
            by_anchor.setdefault(secret.anchor, []).append(secret)
    return Search(tuple(few), Anchors(plain), Anchors(by_anchor), by_anchor)


def _secrets(values: Iterable[str]) -> list[Secret]:
    wanted = sorted({value for value in values if len(value) >= SHORTEST}, key=len, reverse=True)
    return [Secret(value, max(PLAIN.findall(value), key=len, default="")) for value in wanted]


def _length(secret: Secret) -> int:
    return len(secret.text)
