"""Turn a model's answer into text that can be shown: bounded, plain, without invented numbers."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import cast

from k6_mcp.advice.facts import Facts
from k6_mcp.advice.numbers import invented
from k6_mcp.models.wording import few
from k6_mcp.redaction import redact_text

LONGEST_CHARS = 64_000
_DIAGNOSIS_CHARS = 700
_ITEM_CHARS = 300
_MOST_ITEMS = 4
_LONGEST_WORD = 80
_FENCED = re.compile(r"\A\s*```[a-zA-Z]*\s*(.*?)\s*```\s*\Z", re.DOTALL)
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,10}[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[@-Z\\^_])")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()]{0,2000}\)")
_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,2000}>")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://\S{1,2000}|\bwww\.\S{1,2000}", re.IGNORECASE)
_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_REFERENCE = re.compile(r"\bQ(\d{1,3})\b")


class Unusable(ValueError):
    """Raised when a model's answer cannot be shown.

    `rejected` is set where it was well formed but contained numbers that aren't facts.
    """

    def __init__(self, reason: str, *, rejected: bool = False) -> None:
        super().__init__(reason)
        self.rejected = rejected


def read_reply(text: str, facts: Facts) -> str:
    """Return the advice in `text`, ready to be shown.

    Raises:
        Unusable: If the answer isn't in the requested form, or has numbers that aren't among `facts`.
    """
    parts = list(_parts(_object(text)))
    if unknown := invented("\n".join(parts), facts.numbers):
        named = few(dict.fromkeys(unknown), 3, 30)
        raise Unusable(
            f"its text contains {len(unknown)} numbers that are not among the given facts: {named}",
            rejected=True,
        )
    return "\n".join(_named(part, facts.quotes) for part in parts)


def _object(text: str) -> Mapping[str, object]:
    if not text.strip():
        raise Unusable("the answer is empty")
    if len(text) > LONGEST_CHARS:
        raise Unusable(f"the answer is longer than {LONGEST_CHARS} characters")
    fenced = _FENCED.match(text)
    try:
        document: object = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        raise Unusable("the answer is not JSON") from None
    if not isinstance(document, dict):
        raise Unusable("the answer is not a JSON object")
    return cast("Mapping[str, object]", document)


def _parts(answer: Mapping[str, object]) -> Iterator[str]:
    diagnosis = answer.get("diagnosis")
    if not isinstance(diagnosis, str) or not (shown := plain(diagnosis, _DIAGNOSIS_CHARS)):
        raise Unusable("the answer has no diagnosis")
    yield shown
    for name, heading in (("causes", "Likely causes:"), ("next_steps", "Next steps:")):
        items = answer.get(name, [])
        if not isinstance(items, list) or not all(
            isinstance(item, str) for item in cast("list[object]", items)
        ):
            raise Unusable(f"{name} in the answer is not a list of texts")
        lines = [plain(item, _ITEM_CHARS) for item in cast("list[str]", items)[:_MOST_ITEMS]]
        if lines := [line for line in lines if line]:
            yield heading
            yield from (f"- {line}" for line in lines)


def plain(text: str, limit: int) -> str:
    """Return `text` on one line of at most `limit` characters.

    Markup, links and hidden characters are removed; overlong words are cut.
    """
    # The cut bounds the work of the patterns, before markup is removed
    text = _ESCAPE.sub("", text[: 20 * limit])
    text = " ".join(
        "".join(
            " " if char in "\t\r\n" else char for char in text if char in "\t\r\n" or _visible(char)
        ).split()
    )
    text = _TAG.sub("", _LINK.sub(r"\1", text)).replace("`", "").replace("**", "")
    text = _URL.sub("(link left out)", redact_text(text))
    text = _WORD.sub(lambda match: f"{match[0][:_LONGEST_WORD]}…", " ".join(text.split()))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _named(text: str, quotes: Mapping[str, str]) -> str:
    """Return `text` with its references replaced by the quotations that they stand for."""
    return _REFERENCE.sub(
        lambda match: '"' + plain(quotes.get(match[0], match[0]), 80).replace('"', "'") + '"', text
    )
