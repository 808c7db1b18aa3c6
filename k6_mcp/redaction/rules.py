"""Masking of everything that looks like a credential.

Each rule reads only the text around its words, so that the largest allowed text takes milliseconds.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit, urlunsplit

from k6_mcp.redaction.known import mask_known
from k6_mcp.redaction.words import MASK, SCHEMES, WORDS, ends_of, lowered

Span = tuple[int, int]
_Rule = Callable[[str, int], Span | None]

# Most values of one kind that are masked elsewhere too; where they are recognized, all are masked.
_MOST = 200
# Repetitions are bounded and possessive: otherwise a target could send a line that takes quadratic time.
_SCHEME_REST = re.compile(r"\s++([A-Za-z0-9._~+/=-]{6,}+)")
_LONGEST_SCHEME = max(map(len, SCHEMES))
# JavaScript's own "Unexpected token ILLEGAL" holds no credential.
_NO_SCHEME = "unexpected "
_JWT_RUN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{11,}+(?=\.[A-Za-z0-9_-]{8})")
_JWT_START = re.compile(r"\beyJ(?=[A-Za-z0-9_-]{8})")
_JWT_REST = re.compile(r"\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?")
_USERINFO = re.compile(r"://[^\s/@:'\"]{1,256}+:[^\s/@'\"]{1,256}+(?=@)")
_QUERY_REST = re.compile(r"[^=&;\s'\"?#]{0,110}+=([^&;\s'\"#]++)")
# Fragments carry tokens too.
_QUERY_STARTS = "?&#;"
_QUERY_NAME = re.compile(r"[^=&;\s'\"]{0,80}+\Z")
_LONGEST_QUERY_NAME = 81
# Quotes may be escaped: k6 writes JSON that a script logs into JSON of its own.
_FIELD_REST = re.compile(
    r"""[\w-]{0,70}+(?:\\{0,3}+["'`])?+\s{0,20}+[:=]\s{0,20}+(?P<q>\\{0,3}+["'`])(?P<v>(?:(?!(?P=q))(?:\\.|[^\\])){0,10000}+)(?P=q)""",
    re.DOTALL,
)
# A value after a colon only with a digit in it: "token: expired" explains a failure.
_BARE_REST = re.compile(
    r"""[\w-]{0,70}+(?:=|:\s{1,3}+(?=[^\s"'`\\&,;<>(){}]{0,200}\d))([^\s"'`\\&,;<>(){}=:]{4,}+)"""
)
_LONGEST_WORD = max(map(len, WORDS))
_HEADER_LINE = re.compile(
    r"^((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,20}+:\s{0,20}+).++$", re.IGNORECASE | re.MULTILINE
)


def credentials_in(text: str) -> frozenset[str]:
    """Return the credentials in `text` that follow an authorization scheme.

    They can then be masked elsewhere too.
    """
    values = (text[start:end] for start, end in _spans(text, lowered(text), SCHEMES, _scheme))
    return _distinct(value for value in values if any(char.isdigit() for char in value))


def redact_text(text: str, known: Iterable[str] = ()) -> str:
    """Return `text` with `known` secret values and everything like a credential replaced by `***`."""
    text = mask_known(text, known)
    lower = lowered(text)
    # Most texts contain none of these words, and the search for a word is much cheaper than the pattern.
    if "authorization" in lower or "cookie" in lower:
        text = _HEADER_LINE.sub(rf"\1\2{MASK}", text)
    for words, rule in ((WORDS, _field), (WORDS, _query), (SCHEMES, _scheme)):
        text = _masked(text, words, rule)
    if "eyJ" in text:
        text = _without_jwts(text)
    return _USERINFO.sub(f"://{MASK}", text) if "@" in text else text


def redact_said(text: str, known: Iterable[str] = ()) -> str:
    """Return a target's or script's output like `redact_text`, also without bare values of secret names.

    This isn't for scripts, where such a value is an expression.
    """
    return _masked(redact_text(text, known), WORDS, _bare)


def redact_url(url: str) -> str:
    """Return `url` without its user information and with secret query values replaced by `***`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return redact_text(url)
    host = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{host[2]}" if host[1] else parts.netloc
    return redact_text(urlunsplit(parts._replace(netloc=netloc)))


def passwords_in_urls(text: str) -> frozenset[str]:
    """Return the passwords and the values of secret query parameters in the URLs of `text`."""
    users = _USERINFO.finditer(text) if "@" in text else ()
    passwords = _distinct(match[0].removeprefix("://").partition(":")[2] for match in users)
    return passwords | _distinct(text[start:end] for start, end in _spans(text, lowered(text), WORDS, _query))


def _distinct(values: Iterable[str]) -> frozenset[str]:
    distinct = set[str]()
    for value in values:
        distinct.add(value)
        if len(distinct) >= _MOST:
            break
    return frozenset(distinct)


def _masked(text: str, words: Iterable[str], rule: _Rule) -> str:
    kept, at = list[str](), 0
    for start, end in _spans(text, lowered(text), words, rule):
        kept += (text[at:start], MASK)
        at = end
    return "".join((*kept, text[at:])) if kept else text


def _without_jwts(text: str) -> str:
    """Mask everything that looks like a JSON web token.

    Each run of letters is tried once, since all its parts end at the same place.
    """
    kept, past = list[str](), 0
    for run in _JWT_RUN.finditer(text):
        start = _JWT_START.search(text, max(run.start(), past), run.end())
        if start and (rest := _JWT_REST.match(text, run.end())):
            kept += (text[past : start.start()], MASK)
            past = rest.end()
    return "".join((*kept, text[past:])) if kept else text


def _spans(text: str, lower: str, words: Iterable[str], rule: _Rule) -> Iterator[Span]:
    """Yield the spans that `rule` finds after each of the `words`, in order and without overlap."""
    past = 0
    for end in ends_of(words, lower):
        if end >= past and (span := rule(text, end)):
            past = span[1]
            yield span


def _field(text: str, at: int) -> Span | None:
    match = _FIELD_REST.match(text, at)
    return match.span("v") if match else None


def _query(text: str, at: int) -> Span | None:
    if not (match := _QUERY_REST.match(text, at)):
        return None
    before = text[max(0, at - _LONGEST_QUERY_NAME) : at]
    start = max(map(before.rfind, _QUERY_STARTS))
    return match.span(1) if start >= 0 and _QUERY_NAME.match(before, start + 1) else None


def _scheme(text: str, at: int) -> Span | None:
    if not (match := _SCHEME_REST.match(text, at)):
        return None
    before = text[max(0, at - _LONGEST_SCHEME - len(_NO_SCHEME)) : at].lower()
    word = next(word for word in SCHEMES if before.endswith(word))
    before = before.removesuffix(word)
    if before.endswith(_NO_SCHEME) or (before and (before[-1].isalnum() or before[-1] == "_")):
        return None
    return match.span(1)


def _bare(text: str, at: int) -> Span | None:
    if not (match := _BARE_REST.match(text, at)):
        return None
    before = text[max(0, at - _LONGEST_WORD - 1) : at]
    word = next(word for word in WORDS if lowered(before).endswith(word))
    outside = before[: -len(word)]
    return None if outside and (outside[-1].isalnum() or outside[-1] in "_$.-") else match.span(1)
