"""The judgment of answers that must never come, and the findings."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

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


@dataclass(frozen=True, slots=True)
class Finding:
    """One forbidden answer: its kind, the number of its message since the seed, and the details."""

    kind: str
    number: int
    detail: str


@dataclass
class Tally:
    """The numbers and findings of one mode."""

    mode: str
    seed: int
    sent: int = 0
    answered: int = 0
    wall_s: float = 0.0
    memory_mb: str = ""
    findings: list[Finding] = field(default_factory=list[Finding])

    def found(self, kind: str, number: int, detail: object) -> None:
        """Record a finding, up to twenty of each kind."""
        if sum(one.kind == kind for one in self.findings) < 20:
            self.findings.append(Finding(kind, number, str(detail)[:300]))


def judge_answer(
    tally: Tally, number: int, method: str, message: Mapping[str, Any], size: int, canary: str
) -> None:
    """Judge one JSON-RPC answer."""
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
    """Look for content that no output of the server may have."""
    if "Traceback (most recent call last)" in text:
        tally.found("traceback", number, text[text.find("Traceback") :])
    if canary in text:
        at = text.find(canary)
        tally.found("secret", number, text[max(at - 100, 0) : at + 40])


def judge_log(tally: Tally, log: Path, canary: str) -> None:
    """Judge the server's standard error."""
    judge_text(
        tally, tally.sent, log.read_text(encoding="utf-8", errors="replace") if log.exists() else "", canary
    )


def _texts(result: Mapping[str, Any]) -> Iterator[str]:
    for part in cast("list[Mapping[str, Any]]", result.get("content") or []):
        if isinstance(text := part.get("text"), str):
            yield text
    if structured := result.get("structuredContent"):
        yield json.dumps(structured, ensure_ascii=False, separators=(",", ":"))
