"""Masking of secrets whose values are known, in every form that they are written in."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import cast
from urllib.parse import unquote, unquote_plus, urlsplit

from k6_mcp.redaction.search import PLAIN, SHORTEST, search_for
from k6_mcp.redaction.words import MASK, is_secret_name

# A longer value is searched part by part: compiled as a whole it takes seconds, and so does the search in a
# text that almost contains it.
_LONGEST_AT_ONCE, _RUNS_IN_A_PART = 200, 100
_PIECE = 20_000
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", " ": r"\+"}
_ENTITIES = {
    "&": "&(?:amp|#38|#x26);",
    "<": "&(?:lt|#60);",
    ">": "&(?:gt|#62);",
    '"': "&(?:quot|#34);",
    "'": "&(?:apos|#0?39|#x27);",
}
_ANY_BACKSLASHES = r"(?:\\|%(?:25)?5[Cc]){1,64}+"
_LONGEST_ESCAPE = 40
_SHORTEST_ANCHOR, _MOST_ANCHORS = 4, 500
_SCHEME = re.compile(r"\b(?:Bearer|(Basic)|Digest|Token)\s+([A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE)
# A pair of a query, a form or a cookie.
_PAIR = re.compile(r"(?:^|[?&#;])\s{0,9}([^=&;\s'\"?#]{1,80})=([^&;\s'\"#]+)")

_COOKIES = re.compile(r"[^=&;\s'\"?#]{1,80}+=[^;\s]++(?:;\s{0,9}+[^=&;\s'\"?#]{1,80}+=[^;\s]++){0,100}+;?")
_OPAQUE = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=[^0-9]*[0-9])[\w.%+/=-]{12,}\Z")


def with_parts(secrets: Iterable[str]) -> frozenset[str]:
    """Return `secrets` and the credentials inside them.

    A target that refuses a request may quote only the token of its header or body.
    """
    return frozenset(part for secret in secrets for part in (secret, *_parts(secret)))


def with_forms(secrets: Iterable[str]) -> frozenset[str]:
    """Return `secrets` and their other forms: upper and lower case, hexadecimal and base64.

    The base64 forms match at any offset in an encoded text. `mask_known` itself finds forms that escape
    single characters, as in URLs and JSON.
    """
    return frozenset(
        form for secret in secrets for form in (secret, *(_forms(secret) if len(secret) >= SHORTEST else ()))
    )


def mask_known(text: str, known: Iterable[str]) -> str:
    """Return `text` with the `known` secret values replaced by `***`, and nothing else.

    Values are also found as URLs, and JSON inside JSON, spell them.
    """
    search = search_for(known)
    for secret, anchor in search.one_by_one(text):
        if anchor and anchor not in text:
            continue
        if anchor == secret:
            text = text.replace(secret, MASK)
        elif len(secret) > _LONGEST_AT_ONCE:
            text = _in_parts(text, secret)
        else:
            text = _respelled(text, secret, anchor)
    return search.without_plain(text, MASK)


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    yield from (
        secret.upper(),
        secret.lower(),
        data.hex(),
        data.hex().upper(),
        base64.b64encode(data).decode(),
    )
    # Base64 encodes three bytes at a time, so the offset of a secret gives it three possible forms.
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        # The outermost characters also hold bits of the bytes around the secret.
        whole = encoded[(0, 2, 3)[before] : len(encoded) - ((before + len(data)) % 3 > 0)]
        if len(whole) >= SHORTEST:
            yield from (whole, whole.translate({ord("+"): "-", ord("/"): "_"}))


def _respelled(text: str, secret: str, anchor: str) -> str:
    """Mask a value that may be escaped in any way.

    The search starts at the part that is never escaped, unless that part occurs almost everywhere.
    """
    pattern = _spelled(secret)
    if len(anchor) < _SHORTEST_ANCHOR or text.count(anchor) > _MOST_ANCHORS:
        return _in_parts(text, secret)
    start = secret.index(anchor)
    rest, before, kept, past = _spelled(secret[start:]), start * _LONGEST_ESCAPE, list[str](), 0
    at = text.find(anchor)
    while at >= 0:
        end = rest.match(text, at)
        match = pattern.search(text, max(past, at - before), end.end()) if end else None
        if match:
            kept += (text[past : match.start()], MASK)
            past = match.end()
        at = text.find(anchor, max(past, at + 1))
    return "".join((*kept, text[past:])) if kept else text


def _in_parts(text: str, secret: str) -> str:
    """Mask a long value that may be escaped in any way, from its beginning as far as the text has it."""
    first, *rest = _parts_of(secret)
    kept, past = list[str](), 0
    while match := _search(_spelled(first), text, past, len(first) * _LONGEST_ESCAPE):
        kept += (text[past : match.start()], MASK)
        past = match.end()
        for part in rest:
            if (more := _spelled(part).match(text, past)) is None:
                break
            past = more.end()
    return "".join((*kept, text[past:])) if kept else text


def _search(pattern: re.Pattern[str], text: str, at: int, reach: int) -> re.Match[str] | None:
    """Return the first match from `at` on; no match is longer than `reach`.

    The text is searched piece by piece, since Python runs nothing else during a search.
    """
    while at < len(text):
        match = pattern.search(text, at, at + _PIECE + reach)
        if match and match.start() < at + _PIECE:
            return match
        at += _PIECE
    return None


@lru_cache(maxsize=512)
def _parts_of(secret: str) -> tuple[str, ...]:
    """Cut a value where its characters change.

    A run of backslashes stays whole, since it may be shorter where the value is escaped.
    """
    runs = ["".join(run) for _, run in groupby(secret)]
    return tuple("".join(runs[at : at + _RUNS_IN_A_PART]) for at in range(0, len(runs), _RUNS_IN_A_PART))


@lru_cache(maxsize=512)
def _spelled(secret: str) -> re.Pattern[str]:
    """Return a pattern of `secret` in which each character may be escaped as in a URL, HTML or JSON.

    JSON inside JSON counts too. The pattern's repetitions and choices are possessive, so that neither a text
    full of backslashes nor one that is almost the secret causes backtracking.
    """
    return re.compile("".join(_any_spelling(char, len([*run])) for char, run in groupby(secret)))


def _any_spelling(char: str, times: int) -> str:
    if char == "\\":
        return _ANY_BACKSLASHES
    one = _any_spelling_of_one(char)
    # One group with a count keeps a long run, such as indentation, as cheap to compile as one character.
    return one if times == 1 else f"(?:{one}){{{times}}}"


def _any_spelling_of_one(char: str) -> str:
    if PLAIN.fullmatch(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = r"\\{1,8}+".join(f"u(?i:{units[at]:02x}{units[at + 1]:02x})" for at in range(0, len(units), 2))
    in_url = "".join(f"%(?:25)?(?i:{byte:02x})" for byte in char.encode("utf-8", "surrogatepass"))
    ways = (_ENTITIES.get(char, ""), re.escape(char), escaped, in_url, _SHORT_ESCAPES.get(char, ""))
    # Only these characters begin another spelling of themselves.
    once = ":" if char in "%&" else ">"
    return rf"\\{{0,16}}+(?{once}{'|'.join(filter(None, ways))})"


def _parts(secret: str) -> Iterator[str]:
    for basic, credential in _SCHEME.findall(secret):
        yield credential
        if basic:
            yield from _basic_parts(credential)
    try:
        user, at, _ = urlsplit(secret).netloc.rpartition("@")
        fields = cast(object, json.loads(secret)) if secret.lstrip()[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        user, at, fields = "", "", None
    if at:
        yield from (
            base64.b64encode(unquote(user).encode()).decode(),
            *(unquote(word) for word in user.split(":")[-1:]),
        )
    if fields is not None:
        yield from _leaves(fields, secret=False)
        return
    cookies = _COOKIES.fullmatch(secret)
    for name, value in _PAIR.findall(secret):
        # A session cookie may have any name.
        if is_secret_name(name) or (cookies and _OPAQUE.match(value)):
            yield from (value, unquote_plus(value))


def _basic_parts(credential: str) -> Iterator[str]:
    try:
        user, colon, password = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return
    if colon:
        yield from (f"{user}:{password}", password)


def _leaves(value: object, *, secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in cast(Mapping[str, object], value).items():
            yield from _leaves(item, secret=secret or is_secret_name(name))
    elif isinstance(value, list):
        for item in cast(list[object], value):
            yield from _leaves(item, secret=secret)
    elif secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
