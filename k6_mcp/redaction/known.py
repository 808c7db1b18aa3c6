"""Secrets whose values are known: what else they are written as, and how they are masked."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import cast
from urllib.parse import unquote, unquote_plus, urlsplit

from k6_mcp.redaction.words import MASK, is_secret_name

# Shorter values ("1", "GET") would mask ordinary text.
_SHORTEST = 4
_LONGEST_TO_SPELL = 2_000
# Nobody escapes these.
_PLAIN = re.compile(r"[0-9A-Za-z_.~-]+")
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
# Of a query, a form or a cookie.
_PAIR = re.compile(r"(?:^|[?&#;])\s{0,9}([^=&;\s'\"?#]{1,80})=([^&;\s'\"#]+)")

_COOKIES = re.compile(r"[^=&;\s'\"?#]{1,80}+=[^;\s]++(?:;\s{0,9}+[^=&;\s'\"?#]{1,80}+=[^;\s]++){0,100}+;?")
_OPAQUE = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=[^0-9]*[0-9])[\w.%+/=-]{12,}\Z")


def with_parts(secrets: Iterable[str]) -> frozenset[str]:
    """Return `secrets` and the credentials inside them: whoever refuses a request may quote only the token of its header or body."""
    return frozenset(part for secret in secrets for part in (secret, *_parts(secret)))


def with_forms(secrets: Iterable[str]) -> frozenset[str]:
    """Return `secrets` and what each becomes in upper and lower case, in hexadecimal, and in base64 wherever it stands in there.

    Forms that escape single characters, as of URLs and JSON, `mask_known` finds by itself.
    """
    return frozenset(form for secret in secrets for form in (secret, *(_forms(secret) if len(secret) >= _SHORTEST else ())))


def mask_known(text: str, known: Iterable[str]) -> str:
    """Return `text` with `known` secret values replaced by `***`, and nothing else; also as URLs and JSON inside JSON spell them."""
    for secret, anchor in _longest_first(tuple(known)):
        if anchor and anchor not in text:
            continue
        text = (
            text.replace(secret, MASK)
            if anchor == secret or len(secret) > _LONGEST_TO_SPELL
            else _respelled(text, secret, anchor)
        )
    return text


@lru_cache(maxsize=16)
def _longest_first(known: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The secrets worth masking, each with the longest part of it that is written the same everywhere."""
    secrets = sorted({secret for secret in known if len(secret) >= _SHORTEST}, key=len, reverse=True)
    return tuple((secret, max(_PLAIN.findall(secret), key=len, default="")) for secret in secrets)


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    yield from (secret.upper(), secret.lower(), data.hex(), data.hex().upper(), base64.b64encode(data).decode())
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        # The outermost characters hold bits of what stands beside the secret too.
        whole = encoded[(0, 2, 3)[before] : len(encoded) - ((before + len(data)) % 3 > 0)]
        if len(whole) >= _SHORTEST:
            yield from (whole, whole.translate({ord("+"): "-", ord("/"): "_"}))


def _respelled(text: str, secret: str, anchor: str) -> str:
    """Mask what may be escaped in any way: looked for around the part that is not, unless that is everywhere."""
    pattern = _spelled(secret)
    if len(anchor) < _SHORTEST_ANCHOR or text.count(anchor) > _MOST_ANCHORS:
        return pattern.sub(MASK, text)
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


@lru_cache(maxsize=512)
def _spelled(secret: str) -> re.Pattern[str]:
    """A pattern of `secret` in which each character may be escaped as a URL, HTML or JSON does, JSON within JSON too.

    Its repetitions are possessive: a text full of backslashes costs no backtracking.
    """
    return re.compile("".join(_any_spelling(char, len([*run])) for char, run in groupby(secret)))


def _any_spelling(char: str, times: int) -> str:
    if char == "\\":
        return _ANY_BACKSLASHES
    one = _any_spelling_of_one(char)
    # Indentation costs no more to compile than a blank.
    return one if times == 1 else f"(?:{one}){{{times}}}"


def _any_spelling_of_one(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = r"\\{1,8}+".join(f"u(?i:{units[at]:02x}{units[at + 1]:02x})" for at in range(0, len(units), 2))
    in_url = "".join(f"%(?:25)?(?i:{byte:02x})" for byte in char.encode("utf-8", "surrogatepass"))
    ways = (_ENTITIES.get(char, ""), re.escape(char), escaped, in_url, _SHORT_ESCAPES.get(char, ""))
    return rf"\\{{0,16}}+(?:{'|'.join(filter(None, ways))})"


def _parts(secret: str) -> Iterator[str]:
    for basic, credential in _SCHEME.findall(secret):
        yield credential
        if basic:
            yield from _of_basic(credential)
    try:
        user, at, _ = urlsplit(secret).netloc.rpartition("@")
        fields = cast(object, json.loads(secret)) if secret.lstrip()[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        user, at, fields = "", "", None
    if at:
        yield from (base64.b64encode(unquote(user).encode()).decode(), *(unquote(word) for word in user.split(":")[-1:]))
    if fields is not None:
        yield from _leaves(fields, secret=False)
        return
    cookies = _COOKIES.fullmatch(secret)
    for name, value in _PAIR.findall(secret):
        # A session's cookie may have any name.
        if is_secret_name(name) or (cookies and _OPAQUE.match(value)):
            yield from (value, unquote_plus(value))


def _of_basic(credential: str) -> Iterator[str]:
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
