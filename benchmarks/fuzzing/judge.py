"""What may never come of a message, and what was found."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

LONGEST_ANSWER_BYTES = 10_240
_INTERNAL_ERROR = -32603
_LONG_BY_NATURE = (
    "tools/list",
    "resources/read",
    "resources/list",
    "resources/templates/list",
    "prompts/list",
    "server/discover",
    "initialize",
)


class Finding(NamedTuple):
    """One thing that may never be: its kind, the number of the message from the seed's beginning, and what
    was seen.
    """

    kind: str
    number: int
    detail: str


@dataclass
class Tally:
    """What one mode sent and saw."""

    mode: str
    seed: int
    sent: int = 0
    answered: int = 0
    wall_s: float = 0.0
    memory_mb: str = ""
    findings: list[Finding] = field(default_factory=list[Finding])

    def found(self, kind: str, number: int, detail: object) -> None:
        """Keep a finding; of each kind the first twenty."""
        if sum(one.kind == kind for one in self.findings) < 20:
            self.findings.append(Finding(kind, number, str(detail)[:300]))


def judge_answer(
    tally: Tally, number: int, method: str, message: Mapping[str, Any], size: int, canary: str
) -> None:
    """Hold one JSON-RPC answer against what answers may be."""
    text = json.dumps(message, ensure_ascii=False)
    error = cast("Mapping[str, Any]", message.get("error") or {})
    result = cast("Mapping[str, Any]", message.get("result") or {})
    if error.get("code") == _INTERNAL_ERROR or any(part.startswith("internal:") for part in _texts(result)):
        tally.found("internal error", number, text)
    judge_text(tally, number, text, canary)
    longest = (
        max((len(part.encode("utf-8", "replace")) for part in _texts(result)), default=0)
        if method == "tools/call"
        else size
    )
    if (error or method not in _LONG_BY_NATURE) and longest > LONGEST_ANSWER_BYTES:
        tally.found("answer too long", number, f"{longest} bytes to {method}: {text[:120]}")


def judge_text(tally: Tally, number: int, text: str, canary: str) -> None:
    """Look for what no text of ours may hold."""
    if "Traceback (most recent call last)" in text:
        tally.found("traceback", number, text[text.find("Traceback") :])
    if canary in text:
        at = text.find(canary)
        tally.found("secret", number, text[max(at - 100, 0) : at + 40])


def judge_log(tally: Tally, log: Path, canary: str) -> None:
    """Look at what the server wrote to its standard error."""
    judge_text(
        tally, tally.sent, log.read_text(encoding="utf-8", errors="replace") if log.exists() else "", canary
    )


def _texts(result: Mapping[str, Any]) -> Iterator[str]:
    for part in cast("list[Mapping[str, Any]]", result.get("content") or []):
        if isinstance(text := part.get("text"), str):
            yield text
    if structured := result.get("structuredContent"):
        yield json.dumps(structured, ensure_ascii=False, separators=(",", ":"))
