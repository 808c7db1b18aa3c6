"""Texts that a script builds from constants, found without running it."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from k6_mcp.scripts.tokens import Sign, Template, Text, Token, Word

DECLARING = frozenset({"const", "let", "var"})
# Signs that continue an expression beyond a sum of texts
_GOES_ON = frozenset(".([?*/%-<>&|=+")
_ENV = "__ENV"
_MOST_PARTS = 50
# Far longer than any useful name
_LONGEST_TEXT = 1000
_DEEPEST = 20
# About ten times the operands that the largest honest scripts need; some hostile ones have chains of 100 000
_MOST_LOOKS = 300_000


class EnvValue(NamedTuple):
    """The value of `__ENV.name`, which only the script's run may see."""

    name: str


Parts = tuple[str | EnvValue, ...]


class FoldedText(NamedTuple):
    """A text that tokens `start` to `end` form."""

    parts: Parts
    start: int
    end: int


class Constants:
    """Folds sums of string literals, templates, top-level constants and environment variables.

    `env` are the names of the variables that are set.
    """

    def __init__(self, env: AbstractSet[str], known: Mapping[str, Parts] | None = None) -> None:
        self._env = env
        self._depth = 0
        self._looks = _MOST_LOOKS
        self.values: dict[str, Parts] = dict(known or {})

    def learn(self, tokens: Sequence[Token]) -> frozenset[int]:
        """Store the constants that `tokens` declare at the top level.

        Return the positions where the texts of the declarations start.
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
            # TypeScript puts a type after the name
            if _sign(tokens, at) == ":":
                at += 2
            folded = (
                self.fold(tokens, at + 1) if isinstance(name, Word) and _sign(tokens, at) == "=" else None
            )
            if folded is None or not isinstance(name, Word):
                return
            if sum(len(part) for part in folded.parts if isinstance(part, str)) <= _LONGEST_TEXT:
                self.values[name.text] = folded.parts
            yield folded.start
            if _sign(tokens, folded.end) != ",":
                return
            at = folded.end + 1

    def may_begin(self, token: Token) -> bool:
        """Return whether a text could begin with `token` (a parenthesis aside).

        Most tokens of a script cannot begin a text, and this check is cheap.
        """
        return not isinstance(token, Sign) and (
            not isinstance(token, Word) or token.text == _ENV or token.text in self.values
        )

    def fold(self, tokens: Sequence[Token], start: int) -> FoldedText | None:
        """Return the whole text that begins at `start`, None if it contains more than constants."""
        parts, at = self._sum(tokens, start)
        while at and _sign(tokens, at) == _sign(tokens, at + 1) and _sign(tokens, at) in ("|", "?"):
            alternative, at = self._sum(tokens, at + 2)
            parts = alternative if parts is None else parts
        if not at or parts is None or _sign(tokens, at) in _GOES_ON:
            return None
        return FoldedText(parts, start, at)

    def _sum(self, tokens: Sequence[Token], at: int) -> tuple[Parts | None, int]:
        """Return a sum and its end: parts are None for an unset variable, the end is 0 for no constant."""
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
                folded = self.fold(tokens, at + 1)
                self._depth -= 1
                return (
                    (folded.parts, folded.end + 1)
                    if folded and _sign(tokens, folded.end) == ")"
                    else (None, 0)
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
            inserted = self.fold(part, 0)
            if inserted is None or inserted.end != len(part):
                return None
            folded += inserted.parts
            if len(folded) > _MOST_PARTS:
                return None
        return tuple(folded)


def _sign(tokens: Sequence[Token], at: int) -> str:
    token = tokens[at] if at < len(tokens) else None
    return token.text if isinstance(token, Sign) else " "
