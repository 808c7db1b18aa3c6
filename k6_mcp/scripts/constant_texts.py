"""Texts that a script builds from constants, found without running it."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from k6_mcp.scripts.tokens import Sign, Template, Text, Token, Word

DECLARING = frozenset({"const", "let", "var"})
# What would make more of an expression than a sum of texts
_GOES_ON = frozenset(".([?*/%-<>&|=+")
_ENV = "__ENV"
_MOST_PARTS = 50
# Far above the longest name that is of use
_LONGEST_TEXT = 1000
_DEEPEST = 20
# Looks at the parts of texts: some ten times what the largest honest scripts need, which have chains of
# 100,000
_MOST_LOOKS = 300_000


class EnvValue(NamedTuple):
    """The value of `__ENV.name`, which only the script's run may see."""

    name: str


Parts = tuple[str | EnvValue, ...]


class Found(NamedTuple):
    """A text that stands at tokens `start` to `end`."""

    parts: Parts
    start: int
    end: int


class Constants:
    """Folds sums of string literals, templates, top-level constants and environment variables; `env` are the
    names of those set.
    """

    def __init__(self, env: AbstractSet[str], known: Mapping[str, Parts] | None = None) -> None:
        self._env = env
        self._depth = 0
        self._looks = _MOST_LOOKS
        self.values: dict[str, Parts] = dict(known or {})

    def learn(self, tokens: Sequence[Token]) -> frozenset[int]:
        """Take in the constants that `tokens` declare at the top level; return where the texts of the
        declarations start.
        """
        depth, starts = 0, set[int]()
        for at, token in enumerate(tokens):
            if isinstance(token, Sign):
                depth += (token.text in "{([") - (token.text in "})]")
            elif depth == 0 and isinstance(token, Word) and token.text in DECLARING:
                starts.update(self._declarations(tokens, at + 1))
        return frozenset(starts)

    def _declarations(self, tokens: Sequence[Token], at: int) -> Iterator[int]:
        while at + 1 < len(tokens):
            name, at = tokens[at], at + 1
            # A type annotation of TypeScript
            if _sign(tokens, at) == ":":
                at += 2
            found = self.fold(tokens, at + 1) if isinstance(name, Word) and _sign(tokens, at) == "=" else None
            if found is None or not isinstance(name, Word):
                return
            if sum(len(part) for part in found.parts if isinstance(part, str)) <= _LONGEST_TEXT:
                self.values[name.text] = found.parts
            yield found.start
            if _sign(tokens, found.end) != ",":
                return
            at = found.end + 1

    def may_begin(self, token: Token) -> bool:
        """Whether a text could begin with `token` (a parenthesis aside): all others are most of a script."""
        return not isinstance(token, Sign) and (
            not isinstance(token, Word) or token.text == _ENV or token.text in self.values
        )

    def fold(self, tokens: Sequence[Token], start: int) -> Found | None:
        """Return the whole text that begins at `start`, None where it is not made of constants alone."""
        parts, at = self._sum(tokens, start)
        while at and _sign(tokens, at) == _sign(tokens, at + 1) and _sign(tokens, at) in ("|", "?"):
            other, at = self._sum(tokens, at + 2)
            parts = other if parts is None else parts
        if not at or parts is None or _sign(tokens, at) in _GOES_ON:
            return None
        return Found(parts, start, at)

    def _sum(self, tokens: Sequence[Token], at: int) -> tuple[Parts | None, int]:
        """Return a sum and where it ends: parts None for an unset variable, end 0 for what is no constant."""
        parts, at = self._operand(tokens, at)
        while at and _sign(tokens, at) == "+":
            more, at = self._operand(tokens, at + 1)
            if parts is None or more is None or len(parts) + len(more) > _MOST_PARTS:
                return None, 0
            parts = (*parts, *more)
        return parts, at

    def _operand(self, tokens: Sequence[Token], at: int) -> tuple[Parts | None, int]:
        self._looks -= 1
        match tokens[at] if at < len(tokens) and self._looks > 0 else None:
            case Text(value):
                return (value,), at + 1
            case Template(parts):
                folded = self._template(parts)
                return folded, at + 1 if folded is not None else 0
            case Word(name) if name == _ENV:
                return self._variable(tokens, at + 1)
            case Word(name) if name in self.values:
                return self.values[name], at + 1
            case Sign("(") if self._depth < _DEEPEST:
                self._depth += 1
                found = self.fold(tokens, at + 1)
                self._depth -= 1
                return (
                    (found.parts, found.end + 1) if found and _sign(tokens, found.end) == ")" else (None, 0)
                )
            case _:
                return None, 0

    def _variable(self, tokens: Sequence[Token], at: int) -> tuple[Parts | None, int]:
        match tokens[at : at + 3]:
            case [Sign("."), Word(name), *_]:
                end = at + 2
            case [Sign("["), Text(name), Sign("]")]:
                end = at + 3
            case _:
                return None, 0
        return ((EnvValue(name),) if name in self._env else None), end

    def _template(self, parts: Sequence[str | tuple[Token, ...]]) -> Parts | None:
        folded: list[str | EnvValue] = []
        for part in parts:
            if isinstance(part, str):
                folded.append(part)
                continue
            found = self.fold(part, 0)
            if found is None or found.end != len(part):
                return None
            folded += found.parts
            if len(folded) > _MOST_PARTS:
                return None
        return tuple(folded)


def _sign(tokens: Sequence[Token], at: int) -> str:
    token = tokens[at] if at < len(tokens) else None
    return token.text if isinstance(token, Sign) else " "
