"""Secrets out of anything that is stored or shown: one set of rules for requests, scripts, logs and URLs."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import cast
from urllib.parse import unquote, unquote_plus, urlsplit, urlunsplit

MASK = "***"
# Repetitions are bounded: unbounded ones take quadratic time on a long line, which a target could send on purpose.
_SECRET_WORD = r"(?:authorization|cookie|token|secret|passw(?:or)?d|pwd|api[-_]?key|access[-_]?key|private[-_]?key|credential|session[-_]?id|signature)"
SECRET_NAME = re.compile(_SECRET_WORD, re.IGNORECASE)
# JavaScript's own "Unexpected token ILLEGAL" holds no credential.
_SCHEME = re.compile(r"(?<!\bUnexpected )\b(Bearer|Basic|Digest|Token)(\s+)([A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
_USERINFO = re.compile(r"(?<=://)[^\s/@:'\"]{1,256}:[^\s/@'\"]{1,256}(?=@)")
_QUERY = re.compile(r"([?&#;])([^=&;\s'\"]{1,80})=([^&;\s'\"#]+)")  # fragments carry tokens too
_PAIR = re.compile(r"(?:^|[?&#;])\s{0,9}([^=&;\s'\"?#]{1,80})=([^&;\s'\"#]+)")  # of a query, a form or a cookie
_FIELD = re.compile(  # quotes may be escaped: k6 writes JSON that a script logs into JSON of its own
    rf"""({_SECRET_WORD}[\w-]{{0,40}}(?:\\{{0,3}}["'`])?\s{{0,20}}[:=]\s{{0,20}})(?P<v>\\{{0,3}}["'`])"""
    r"""(?:(?!(?P=v))(?:\\.|[^\\])){0,10000}(?P=v)""",
    re.IGNORECASE,
)
_BARE = re.compile(  # a value after a colon only with a digit in it: "token: expired" explains a failure
    rf"""(?<![\w$.-])({_SECRET_WORD}[\w-]{{0,40}})(=|:\s{{1,3}}(?=[^\s"'`\\&,;<>(){{}}]{{0,200}}\d))([^\s"'`\\&,;<>(){{}}=:]{{4,}})""",
    re.IGNORECASE,
)
_HEADER_LINE = re.compile(r"^((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*).+$", re.IGNORECASE | re.MULTILINE)
_PLAIN = re.compile(r"[0-9A-Za-z_.~-]+")  # nobody escapes these
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", " ": r"\+"}
_ANY_BACKSLASHES = r"(?:\\|%(?:25)?5[Cc]){1,64}+"
_K6_METRIC = re.compile(
    r"(?:vus|vus_max|iterations|iteration_duration|dropped_iterations|checks|data_sent|data_received|group_duration|time"
    r"|(?:http|ws|grpc|browser)_\w+)\Z"
)
_K6_TAG = re.compile(
    r"(?:scenario|name|group|check|url|method|status|error|error_code|expected_response|proto|subproto|service|tls_version)\Z"
)
_K6_VALUE = re.compile(r"(?:status|error_code|expected_response|method|proto|tls_version):[\w./]*\Z|scenario:default\Z")
_LONGEST_WORD = 20
_SHORTEST_KNOWN_SECRET = 4  # shorter values ("1", "GET") would mask ordinary text


def is_secret_name(name: str) -> bool:
    """Return whether a header, field or query parameter of this name holds a secret."""
    return bool(SECRET_NAME.search(name))


def credentials_in(text: str) -> frozenset[str]:
    """Return the credentials that stand in `text` behind an authorization scheme, so that they can be masked elsewhere too."""
    return frozenset(match.group(3) for match in _SCHEME.finditer(text) if any(char.isdigit() for char in match.group(3)))


def with_parts(secrets: Iterable[str]) -> frozenset[str]:
    """Return `secrets` and the credentials inside them: whoever refuses a request may quote only the token of its header or body."""
    return frozenset(part for secret in secrets for part in (secret, *_parts(secret)))


def redact_text(text: str, known: Iterable[str] = ()) -> str:
    """Return `text` with `known` secret values and everything that looks like a credential replaced by `***`."""
    text = mask_known(text, known)
    if SECRET_NAME.search(text):
        text = _HEADER_LINE.sub(rf"\1\2{MASK}", text)
        text = _FIELD.sub(rf"\1\g<v>{MASK}\g<v>", text)
        text = _QUERY.sub(_mask_parameter, text)
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    text = _JWT.sub(MASK, text)
    return _USERINFO.sub(MASK, text)


def redact_said(text: str, known: Iterable[str] = ()) -> str:
    """Return what a target or a script said like `redact_text`, and without values that stand bare behind the name of a secret.

    Not for scripts: there such a value is an expression.
    """
    text = redact_text(text, known)
    return _BARE.sub(rf"\1\2{MASK}", text) if SECRET_NAME.search(text) else text


def mask_known(text: str, known: Iterable[str]) -> str:
    """Return `text` with `known` secret values replaced by `***`, and nothing else; also as URLs and JSON inside JSON spell them."""
    for secret in sorted({s for s in known if len(s) >= _SHORTEST_KNOWN_SECRET}, key=len, reverse=True):
        text = text.replace(secret, MASK) if _PLAIN.fullmatch(secret) else _spelled(secret).sub(MASK, text)
    return text


@lru_cache(maxsize=512)
def _spelled(secret: str) -> re.Pattern[str]:
    """A pattern of `secret` in which each character may be escaped as a URL or JSON does, JSON within JSON too.

    Its repetitions are possessive: a text full of backslashes costs no backtracking.
    """
    return re.compile("".join(_any_spelling(char, len([*run])) for char, run in groupby(secret)))


def _any_spelling(char: str, times: int) -> str:
    if char == "\\":
        return _ANY_BACKSLASHES
    one = _any_spelling_of_one(char)
    return one if times == 1 else f"(?:{one}){{{times}}}"  # indentation costs no more to compile than a blank


def _any_spelling_of_one(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    units = char.encode("utf-16-be")
    escaped = r"\\{1,8}+".join(f"u(?i:{units[at]:02x}{units[at + 1]:02x})" for at in range(0, len(units), 2))
    in_url = "".join(f"%(?:25)?(?i:{byte:02x})" for byte in char.encode())
    short = _SHORT_ESCAPES.get(char, re.escape(char))
    return rf"\\{{0,16}}+(?:{re.escape(char)}|{escaped}|{in_url}|{short})"


def is_ordinary(name: str, value: str) -> bool:
    """Return whether a variable holds a plain word or an address without credentials, which no name of a metric need hide."""
    word = value.isalpha() and len(value) <= _LONGEST_WORD
    return not is_secret_name(name) and (word or ("://" in value and redact_url(value) == value))


def mask_metric(name: str, known: Iterable[str]) -> str:
    """Return k6's name of a metric or sub-metric with `known` secrets masked where a script chose it: not k6's own metrics, tags and words."""
    base, brace, tags = name.partition("{")
    shown = base if _K6_METRIC.match(base) else mask_known(base, known)
    if not brace:
        return shown
    key, colon, value = tags.removesuffix("}").partition(":")
    told = value if _K6_VALUE.match(f"{key}:{value}") else mask_known(value, known)
    return f"{shown}{{{key if _K6_TAG.match(key) else mask_known(key, known)}{colon}{told}{'}' if tags.endswith('}') else ''}"


def redact_url(url: str) -> str:
    """Return `url` without its user information and with secret query values replaced by `***`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return redact_text(url)
    host = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{host[2]}" if host[1] else parts.netloc
    return redact_text(urlunsplit(parts._replace(netloc=netloc)))


def _parts(secret: str) -> Iterator[str]:
    yield from (match.group(3) for match in _SCHEME.finditer(secret))
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
    for name, value in _PAIR.findall(secret):
        if is_secret_name(name):
            yield from (value, unquote_plus(value))


def _leaves(value: object, *, secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in cast(Mapping[str, object], value).items():
            yield from _leaves(item, secret=secret or is_secret_name(name))
    elif isinstance(value, list):
        for item in cast(list[object], value):
            yield from _leaves(item, secret=secret)
    elif secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _mask_parameter(match: re.Match[str]) -> str:
    start, name, value = match.groups()
    return f"{start}{name}={MASK if is_secret_name(name) else value}"
