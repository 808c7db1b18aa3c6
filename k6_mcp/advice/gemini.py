"""Gemini over its REST API (https://ai.google.dev/api/generate-content), with a schema for the answer."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from k6_mcp.advice.advisor import NoReply, Question, Reply
from k6_mcp.advice.http import http_client, refused, unreachable
from k6_mcp.advice.prompt import SCHEMA
from k6_mcp.models.advice import GEMINI, Ai

_BASE_URL = "https://generativelanguage.googleapis.com"
# A model's thinking counts toward the limit too
_MOST_TOKENS = 8192


class _Json(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _Part(_Json):
    text: str = ""
    thought: bool = False


class _Content(_Json):
    parts: Sequence[_Part] = ()


class _Candidate(_Json):
    content: _Content = Field(default_factory=_Content)
    finish_reason: str = "STOP"


class _Feedback(_Json):
    block_reason: str | None = None


class _Generated(_Json):
    candidates: Sequence[_Candidate] = ()
    prompt_feedback: _Feedback | None = None
    model_version: str | None = None


class Gemini:
    """An advisor behind Gemini's API."""

    provider = GEMINI

    def __init__(self, ai: Ai) -> None:
        self._ai = ai

    @property
    def model(self) -> str | None:
        """The model's name."""
        return self._ai.model

    async def ask(self, question: Question) -> Reply | NoReply:
        """Return the text that the model generates."""
        base = (self._ai.base_url or _BASE_URL).rstrip("/")
        url = f"{base}/v1beta/models/{quote(self._ai.model or '', safe='')}:generateContent"
        try:
            async with http_client(self._ai.timeout_s) as client:
                response = await client.post(
                    url, json=_body(question), headers={"x-goog-api-key": self._ai.api_key or ""}
                )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return unreachable(error, self._ai)
        if not response.is_success:
            return refused(response.status_code, _message(response), self._ai, _pause_s(response))
        return _reply(response)


def _body(question: Question) -> Mapping[str, object]:
    return {
        "systemInstruction": {"parts": [{"text": question.system}]},
        "contents": [{"role": "user", "parts": [{"text": question.text}]}],
        "generationConfig": {
            "responseMimeType": "application/json",
            "responseSchema": SCHEMA,
            # The model should put facts into words, not vary them
            "temperature": 0.2,
            "maxOutputTokens": _MOST_TOKENS,
        },
    }


def _reply(response: httpx2.Response) -> Reply | NoReply:
    try:
        generated = _Generated.model_validate_json(response.content)
    except ValidationError:
        return NoReply("the provider's answer doesn't follow its API")
    if generated.prompt_feedback is not None and generated.prompt_feedback.block_reason:
        return NoReply(
            f"the provider refused the question (blockReason {generated.prompt_feedback.block_reason[:40]})"
        )
    if not generated.candidates:
        return NoReply("the provider's answer has no text")
    candidate = generated.candidates[0]
    if candidate.finish_reason != "STOP":
        return NoReply(f"the model did not finish its answer (finishReason {candidate.finish_reason[:40]})")
    text = "".join(part.text for part in candidate.content.parts if not part.thought)
    return Reply(text, (generated.model_version or "")[:80] or None)


def _message(response: httpx2.Response) -> str:
    try:
        error: object = response.json()["error"]["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return error if isinstance(error, str) else ""


def _pause_s(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
