"""Guesses of the names that k6 will give to a script's requests, made from the script's text.

k6 then keeps figures of each (see _options.js). A name that never occurs costs next to nothing and is dropped
after the run. The guesses are absolute URLs, names in tags, names by http.url, and every combination of a
base URL and a path.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import Path
from urllib.parse import quote, unquote

from k6_mcp.models.request import is_script_name
from k6_mcp.redaction import redact_text, redact_url
from k6_mcp.scripts.constant_texts import DECLARING, Constants, EnvValue, Parts
from k6_mcp.scripts.tokens import Sign, Template, Text, Token, Word, tokens

# Characters of a script that are read
_MOST_CHARS = 200_000
_MOST_IMPORTS = 10
# The wrapper takes the first names that k6 accepts
_MOST = 60
_MOST_CANDIDATES = 500
_LONGEST = 250
# Characters that Go leaves as they are in a URL
_UNESCAPED = "%/:=&?~#+!$,;'@()*[]"
_TAGS = Word("tags")
# Within this many tokens `name:` belongs to `tags:`
_NEAR = 12


def endpoints(
    text: str, env: AbstractSet[str], folder: Path | None = None
) -> list[list[str | Mapping[str, str]]]:
    """Return the likely names, most likely first, each as its parts.

    A part is a text, or `{env: NAME}` for a variable's value. `env` names the variables that will be set;
    `folder` contains the local modules that the script imports.
    """
    constants = Constants(env)
    main = tokens(text[:_MOST_CHARS])
    sources = [*map(tokens, imported(text, folder)), main]
    declared = [constants.learn(source) for source in sources]
    names = _Names()
    for source, starts in zip(sources, declared, strict=True):
        names.collect(source, constants, starts)
    combined = islice(names.combined(constants.values.values()), _MOST)
    whole = [*dict.fromkeys(map(_joined, (*names.likely[:_MOST_CANDIDATES], *combined)))]
    declared_names = [*dict.fromkeys(map(_joined, names.declared))][:_MOST_CANDIDATES]
    alone = (parts for parts in declared_names if not any(_begins_with(name, parts) for name in whole))
    shown = (
        parts
        for parts in dict.fromkeys((*whole, *alone, *map(_joined, names.unlikely[:_MOST_CANDIDATES])))
        if _is_usable(parts)
    )
    return [
        [{"env": part.name} if isinstance(part, EnvValue) else part for part in parts]
        for parts in islice(shown, _MOST)
    ]


class _Names:
    def __init__(self) -> None:
        self.likely: list[Parts] = []
        self.declared: list[Parts] = []
        self.unlikely: list[Parts] = []
        self._paths: dict[Parts, None] = {}

    def collect(self, source: Sequence[Token], constants: Constants, declared: AbstractSet[int]) -> None:
        """Store every text of `source` that could be a request's name.

        `declared` are the positions where constants' values start.
        """
        at, tags = 0, -_NEAR
        while at < len(source):
            token, before = source[at], source[at - 1] if at else None
            tags = at if token == _TAGS else tags
            if isinstance(token, Template) and before == Word("url"):
                self.likely.append(
                    ("".join(part if isinstance(part, str) else "${}" for part in token.parts),)
                )
                at += 1
                continue
            folded = (
                constants.fold(source, at) if constants.may_begin(token) and _begins_text(before) else None
            )
            if folded is not None:
                named = (
                    before == Sign(":") and source[at - 2] in (Word("name"), Text("name"))
                    if at > 1
                    else False
                )
                self._sort(folded.parts, named, near_tags=at - tags <= _NEAR, declared=at in declared)
            at = folded.end if folded is not None else at + 1

    def _sort(self, parts: Parts, named: bool, *, near_tags: bool, declared: bool) -> None:
        first = parts[0] if parts else ""
        if named and near_tags:
            self.likely.append(parts)
        elif _is_base(first):
            (self.declared if declared else self.likely).append(_as_go_writes(parts))
        elif isinstance(first, str) and first.startswith("/") and len(first) > 1 and " " not in first:
            self._paths[_as_go_writes(parts)] = None
        elif named:
            self.unlikely.append(parts)

    def combined(self, constants: Iterable[Parts]) -> Iterator[Parts]:
        """Yield every combination of a base URL and a path."""
        bases = [_as_go_writes(parts) for parts in constants if parts and _is_base(parts[0])]
        for path in self._paths:
            for base in bases:
                yield (*base, *path)


def _begins_with(parts: Parts, base: Parts) -> bool:
    """Return whether a constant is only the beginning of another name, such as a base URL."""
    if not parts or len(base) != 1:
        return False
    first, start = parts[0], base[0]
    return first == start or (isinstance(first, str) and isinstance(start, str) and first.startswith(start))


def _begins_text(before: Token | None) -> bool:
    """Return whether a text may begin after `before`.

    It may not where `before` continues an expression or declares a constant.
    """
    if isinstance(before, Sign):
        return before.text not in "+."
    return not (isinstance(before, Word) and before.text in DECLARING)


def _is_base(first: str | EnvValue) -> bool:
    return isinstance(first, EnvValue) or first.startswith(("http://", "https://"))


def _as_go_writes(parts: Parts) -> Parts:
    return tuple(part if isinstance(part, EnvValue) else quote(part, safe=_UNESCAPED) for part in parts)


def _joined(parts: Parts) -> Parts:
    """Return the same parts with neighboring texts joined."""
    joined: list[str | EnvValue] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(last := joined[-1], str):
            joined[-1] = last + part
        elif part:
            joined.append(part)
    return tuple(joined)


def _is_usable(parts: Parts) -> bool:
    """Return whether k6 accepts the name (no comma) and it may be stored (no secret)."""
    text = "".join(part if isinstance(part, str) else "x" for part in parts)
    if not 0 < len(text) <= _LONGEST or "," in text or not text.isprintable():
        return False
    return redact_text(text) == text and not ("://" in text and redact_url(text).count("***") > 0)


def imported(text: str, folder: Path | None) -> Iterator[str]:
    """Yield the texts of the local modules that a script imports, directly or through other modules.

    Relative paths start at `folder`; without one only absolute paths are followed.
    """
    waiting, seen = [(text, folder)], set[Path]()
    while waiting:
        source, here = waiting.pop(0)
        for path in filter(None, (_local(specifier, here) for specifier in _specifiers(source))):
            if path in seen or len(seen) == _MOST_IMPORTS:
                continue
            seen.add(path)
            with contextlib.suppress(OSError, ValueError):
                if path.is_file() and is_script_name(path.resolve().name):
                    with path.open(encoding="utf-8", errors="replace") as file:
                        module = file.read(_MOST_CHARS)
                    yield module
                    waiting.append((module, path.parent))


def _specifiers(text: str) -> Iterator[str]:
    before_last = last = None
    for token in tokens(text[:_MOST_CHARS]):
        called = last == Sign("(") and before_last in (Word("require"), Word("import"))
        if isinstance(token, Text) and (called or last in (Word("from"), Word("import"))):
            yield token.value
        before_last, last = last, token


def _local(specifier: str, folder: Path | None) -> Path | None:
    if specifier.startswith("file://"):
        specifier = unquote(specifier.removeprefix("file://"))
    if not specifier.startswith("/") and not (folder and specifier.startswith(".")):
        return None
    return Path(os.path.normpath((folder or Path("/")) / specifier))
