"""A script's text as the tokens that matter for reading constants: not a parser.

A wrong token costs a guess (see `endpoints`) and does no harm.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from k6_mcp.redaction.escapes import unescaped

# Blanks and comments, and the token after them: one match per token, since bundled scripts have 100 000.
_TOKEN = re.compile(
    r"""(?:\s+|//[^\n]*|/\*.*?(?:\*/|\Z))*+
    (?:(?P<word>[A-Za-z_$][\w$]*+|\d[\w.]*+)|(?P<sign>.))?""",
    re.DOTALL | re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*+")
# Bounded, since hostile texts would take quadratic time
_LONGEST_REGEX, _MOST_NO_REGEXES = 1000, 2000
_STRINGS = {quote: re.compile(rf"(?:[^{quote}\\\n]|\\.)*+", re.DOTALL) for quote in "\"'"}
_TEXT = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))++", re.DOTALL)
_BEFORE_REGEX = frozenset("(,=:[!&|?{};+-*%<>~^")
_WORDS_BEFORE_REGEX = frozenset({"return", "typeof", "case", "in", "of"})
_DEEPEST = 10


class Word(NamedTuple):
    """A name, keyword or number."""

    text: str


class Sign(NamedTuple):
    """An operator or bracket of one character."""

    text: str


class Text(NamedTuple):
    """A string literal, its escapes resolved."""

    value: str


class Template(NamedTuple):
    """A template literal: texts, and the tokens of what is inserted between them."""

    parts: "tuple[str | tuple[Token, ...], ...]"


Token = Word | Sign | Text | Template


# A script is read more than once: for the plan, then for the run
@lru_cache(maxsize=8)
def tokens(source: str) -> tuple[Token, ...]:
    """Return the tokens of JavaScript or TypeScript `source`, without comments and regular expressions."""
    return _Tokens(source).until("", 0)


class _Tokens:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._known: dict[str, Word | Sign] = {}
        self._no_regexes = 0
        # For each quote, the position up to which none closes a string
        self._unclosed = dict.fromkeys(_STRINGS, 0)

    def until(self, end: str, depth: int) -> tuple[Token, ...]:
        """Read up to the bracket `end` that closes the current part, or to the end of the text."""
        result: list[Token] = []
        opened = 0
        while match := _TOKEN.match(self._source, self._at):
            kind, self._at = match.lastgroup, match.end()
            if kind is None:
                break
            text = match[kind]
            if kind == "sign":
                if text == end and not opened:
                    break
                opened += (text == "{") - (text == "}")
                if text in "`/'\"" and self._is_more_than_a_sign(text, result, depth):
                    continue
            result.append(
                self._known.get(text)
                or self._known.setdefault(text, Word(text) if kind == "word" else Sign(text))
            )
        return tuple(result)

    def _is_more_than_a_sign(self, text: str, result: list[Token], depth: int) -> bool:
        """Read the string, template or regular expression that a sign begins; return False if there is none.

        Strings and templates are added to `result`, regular expressions are not.
        """
        if text in self._unclosed:
            return self._string(text, result)
        if text == "`" and depth < _DEEPEST:
            result.append(self._template(depth))
            return True
        if text == "/" and _regex_may_follow(result[-1] if result else None):
            match = (
                _REGEX.match(self._source, self._at - 1, self._at + _LONGEST_REGEX)
                if self._no_regexes < _MOST_NO_REGEXES
                else None
            )
            self._at = match.end() if match else self._at
            self._no_regexes += match is None
            return match is not None
        return False

    def _string(self, quote: str, result: list[Token]) -> bool:
        """Read a string; return False if it is never closed.

        The rest of an unclosed one is searched only once, since every quote in it is escaped.
        """
        if self._at < self._unclosed[quote]:
            return False
        match = _STRINGS[quote].match(self._source, self._at)
        body = match[0] if match else ""
        end = self._at + len(body)
        if not self._source.startswith(quote, end):
            self._unclosed[quote] = end
            return False
        self._at = end + 1
        result.append(Text(unescaped(body)))
        return True

    def _template(self, depth: int) -> Template:
        parts: list[str | tuple[Token, ...]] = []
        while self._at < len(self._source) and self._source[self._at] != "`":
            if match := _TEXT.match(self._source, self._at):
                self._at = match.end()
                parts.append(unescaped(match[0]))
            elif self._source.startswith("${", self._at):
                self._at += 2
                parts.append(self.until("}", depth + 1))
            else:
                self._at += 1
        self._at += 1
        return Template(tuple(parts))


def _regex_may_follow(before: Token | None) -> bool:
    match before:
        case None:
            return True
        case Sign(text):
            return text in _BEFORE_REGEX
        case Word(text):
            return text in _WORDS_BEFORE_REGEX
        case _:
            return False
