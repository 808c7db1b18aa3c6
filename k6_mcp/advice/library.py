"""Every other provider, through pydantic-ai (the extra `ai`)."""

import inspect
from typing import Any

import httpx2
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ContentFilterError, ModelAPIError, ModelHTTPError, UnexpectedModelBehavior
from pydantic_ai.messages import ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart
from pydantic_ai.models import Model, infer_model
from pydantic_ai.providers import Provider, infer_provider_class
from pydantic_ai.settings import ModelSettings

from k6_mcp.advice.advisor import NoReply, Question, Reply
from k6_mcp.advice.http import TooLong, http_client, refused, unreachable, without_key
from k6_mcp.models.advice import Ai

# A model's thinking counts toward the limit too
_MOST_TOKENS = 8192


class Library:
    """An advisor behind any provider that pydantic-ai knows."""

    def __init__(self, ai: Ai) -> None:
        self._ai = ai

    @property
    def provider(self) -> str:
        """The library's word for the provider."""
        return self._ai.provider or ""

    @property
    def model(self) -> str | None:
        """The model's name."""
        return self._ai.model

    async def ask(self, question: Question) -> Reply | NoReply:
        """Return the text that the model generates."""
        messages = [ModelRequest(parts=[SystemPromptPart(question.system), UserPromptPart(question.text)])]
        # `advise` decides whether to try again
        settings = ModelSettings(max_tokens=_MOST_TOKENS, timeout=self._ai.timeout_s, max_retries=0)
        async with http_client(self._ai.timeout_s) as client:
            try:
                model = self._model(client)
            # The provider is unknown, needs more than a key, or its package is missing
            except Exception as error:
                return NoReply(f"K6_MCP_AI_MODEL cannot be used: {without_key(str(error), self._ai)}")
            try:
                return _reply(await model_request(model, messages, model_settings=settings))
            except ContentFilterError:
                return NoReply("the provider refused the question or its answer (content filter)")
            except ModelHTTPError as error:
                return refused(error.status_code, _message(error.body), self._ai)
            except Exception as error:
                # The library and its clients raise hundreds of different classes
                return self._failed(error)

    def _model(self, client: httpx2.AsyncClient) -> Model:
        ai = self._ai

        def provider(name: str) -> Provider[Any]:
            kind = infer_provider_class(name)
            takes = inspect.signature(kind).parameters
            options = {"api_key": ai.api_key, "base_url": ai.base_url, "http_client": client}
            return kind(
                **{key: value for key, value in options.items() if value is not None and key in takes}
            )

        # Servers that are compatible with OpenAI have its chat API; few have its newer one.
        word = "openai-chat" if ai.provider == "openai" and ai.base_url else ai.provider
        return infer_model(f"{word}:{ai.model}", provider)

    def _failed(self, error: BaseException) -> NoReply:
        causes: list[BaseException] = [error]
        while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and len(causes) < 10:
            causes.append(cause)
        for cause in causes:
            if isinstance(cause, TooLong):
                return unreachable(cause, self._ai)
        for cause in causes:
            if isinstance(cause, httpx2.HTTPError):
                return unreachable(cause, self._ai)
        if isinstance(error, UnexpectedModelBehavior | ModelAPIError | ValueError):
            return NoReply("the provider's answer doesn't follow its API")
        return NoReply(f"the library failed ({type(error).__name__})")


def _reply(response: ModelResponse) -> Reply | NoReply:
    if response.finish_reason == "content_filter":
        return NoReply("the provider refused the question or its answer (content filter)")
    if response.finish_reason == "length":
        return NoReply("the model did not finish its answer (finish_reason length)")
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    return Reply(text, (response.model_name or "")[:80] or None)


def _message(body: object) -> str:
    match body:
        case {"message": str(message)} | {"error": {"message": str(message)}}:
            return message
        case _:
            return ""
