"""Secrets that a script contains as literals, so that they can be masked wherever else they appear.

`const password = "…"` is masked in the script whatever the value. Elsewhere only a value that no ordinary
text contains may be masked: one with digits or signs in it, or a long one of letters that isn't a name.
`test`, `required` and `X-Api-Key` stay.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from k6_mcp.redaction.escapes import unescaped
from k6_mcp.redaction.known import with_forms, with_parts
from k6_mcp.redaction.rules import credentials_in, passwords_in_urls, redact_text
from k6_mcp.redaction.words import MASK, WORDS, describes, ends_of, is_secret_name, lowered

_STRING = r"""(?:"(?:[^"\\\n]|\\.){0,5000}+"|'(?:[^'\\\n]|\\.){0,5000}+'|`(?:[^`\\]|\\.){0,5000}+`)"""
# The rest of a name, maybe in quotes or brackets, then a value: assigned (TypeScript adds a type), or passed
# as the next argument.
_ASSIGNED = re.compile(
    rf"""(?P<rest>[\w$-]{{0,70}}+)["'`]?+\s{{0,20}}+\]?+\s{{0,20}}+(?::\s{{0,20}}+[\w<>|\[\].]{{1,40}}+\s{{0,20}}+=|[:=]|,(?<=["'`],))\s{{0,20}}+"""
    rf"""\(?+\s{{0,20}}+(?P<value>{_STRING}(?:\s{{0,20}}+\+\s{{0,20}}+{_STRING}){{0,20}}+)""",
    re.DOTALL,
)
_ONE_STRING = re.compile(_STRING, re.DOTALL)
_MOST = 200
_SHORTEST = 6
_SHORTEST_WORD = 10
_ADDRESS = re.compile(r"[/.#\[$]|[\w.+-]*://")
_ALGORITHM = re.compile(
    r"(?:sha|md|hs|rs|es|ps|hmac|aes|utf|oauth|openid|base|ed|x)[-_/]?v?\d[\d.a-z_-]{0,8}\Z", re.IGNORECASE
)
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# A tag in a threshold's metric, as in http_reqs{token:abc}.
_TAG = re.compile(
    r"\w\{\s{0,9}+[\w-]{0,40}?(?i:token|secret|passw\w{1,3}|api[-_]?key)[\w-]{0,20}+\s{0,9}+:\s{0,9}+([^\s,}'\"`]{4,200}+)"
)


def literals_in(text: str) -> frozenset[str]:
    """Return the secrets in the script `text` that are literals and that no ordinary text contains."""
    secrets = {*credentials_in(text), *(value for value in passwords_in_urls(text) if _is_unusual(value))}
    secrets.update(match[1] for match in islice(_TAG.finditer(text), _MOST) if _is_unusual(match[1]))
    for rest, strings in _assigned(text):
        secrets.update(_secrets_of(rest, _value(strings)))
    return frozenset(secrets)


def redact_script(text: str) -> str:
    """Return a script without secrets: its credentials, and every repetition of their values."""
    return redact_text(text, tuple(with_forms(literals_in(text))))


def _assigned(text: str) -> Iterable[tuple[str, str]]:
    """Return the assignments to names that contain a secret's word, each once.

    An item is the rest of the name after that word, and the string literals.
    """
    assignments: dict[tuple[str, str], None] = {}
    past = 0
    for end in ends_of(WORDS, lowered(text)):
        if end >= past and (match := _ASSIGNED.match(text, end)):
            assignments[match["rest"], match["value"]] = None
            past = match.end()
        if len(assignments) >= _MOST:
            break
    return assignments


def _value(strings: str) -> str:
    return "".join(unescaped(one[0][1:-1]) for one in _ONE_STRING.finditer(strings))


def _secrets_of(rest: str, value: str) -> Iterator[str]:
    """Yield the secret parts of `value`.

    `value` is assigned to a name that contains a secret's word; `rest` is the name's part after the word.
    """
    for part in with_parts((value,)):
        if part == value and (describes(rest) or _ADDRESS.match(value)):
            continue
        if _is_unusual(part) or (part.isdigit() and len(part) >= _SHORTEST) or _is_long_word(part):
            yield part


def _is_unusual(value: str) -> bool:
    """Return whether `value` mixes letters with digits or signs as no word, name or address does."""
    if len(value) < _SHORTEST or "${" in value or MASK in value or any(char.isspace() for char in value):
        return False
    if _ALGORITHM.match(value):
        return False
    signs = any(not (char.isalnum() or char in "-_. :/") for char in value)
    return any(char.isalpha() for char in value) and (signs or any(char.isdigit() for char in value))


def _is_long_word(value: str) -> bool:
    """Return whether `value` is only letters, too many for an ordinary word.

    The name of a field or header doesn't count.
    """
    if len(value) < _SHORTEST_WORD or not value.replace("-", "").replace("_", "").isalpha():
        return False
    parts = _NAME_PARTS.findall(value)
    return not is_secret_name(value) or (len(parts) == 1 and lowered(value) not in WORDS)
