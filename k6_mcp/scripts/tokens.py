"""A script's text cut into the tokens that matter for reading constants out of it: not a parser, and never wrong in a harmful way."""

import re
from typing import NamedTuple

_BLANK = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-z_$][\w$]*|\d[\w.]*")
_STRING = re.compile(r""""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'""", re.DOTALL)
_REGEX = re.compile(
    r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,200}\]){1,500}/[a-z]*"
)  # bounded, since hostile ones take quadratic time
_TEXT = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))+", re.DOTALL)
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
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


def tokens(source: str) -> tuple[Token, ...]:
    """Return the tokens of JavaScript or TypeScript `source`; comments and regular expressions are left out."""
    return _Tokens(source).until("", 0)


class _Tokens:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def until(self, end: str, depth: int) -> tuple[Token, ...]:
        """Read up to the bracket `end` that closes what is being read, or to the end of the text."""
        found: list[Token] = []
        opened = 0
        while self._skip() < len(self._source):
            char = self._source[self._at]
            if char == end and not opened:
                self._at += 1
                break
            opened += (char == "{") - (char == "}")
            token = self._next(char, found[-1] if found else None, depth)
            if token is not None:
                found.append(token)
        return tuple(found)

    def _skip(self) -> int:
        """Go past blanks and comments."""
        while True:
            if match := _BLANK.match(self._source, self._at):
                self._at = match.end()
            if self._source.startswith("//", self._at):
                self._at = self._past("\n")
            elif self._source.startswith("/*", self._at):
                self._at = self._past("*/")
            else:
                return self._at

    def _past(self, mark: str) -> int:
        found = self._source.find(mark, self._at + 2)
        return len(self._source) if found < 0 else found + len(mark)

    def _next(self, char: str, before: Token | None, depth: int) -> Token | None:
        if char == "`" and depth < _DEEPEST:
            return self._template(depth)
        for kind in (_WORD, _STRING):
            if match := kind.match(self._source, self._at):
                self._at = match.end()
                return Word(match[0]) if kind is _WORD else Text(_unescaped(match[1] if match[1] is not None else match[2]))
        if char == "/" and _regex_may_follow(before) and (match := _REGEX.match(self._source, self._at)):
            self._at = match.end()
            return None
        self._at += 1
        return Sign(char)

    def _template(self, depth: int) -> Template:
        parts: list[str | tuple[Token, ...]] = []
        self._at += 1
        while self._at < len(self._source) and self._source[self._at] != "`":
            if match := _TEXT.match(self._source, self._at):
                self._at = match.end()
                parts.append(_unescaped(match[0]))
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


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_resolved, text) if "\\" in text else text


def _resolved(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1 and code[0] in "ux":
        number = int(code[1:].strip("{}"), 16)
        return chr(number) if number < 0x110000 else ""
    return _ESCAPES.get(code, code)
