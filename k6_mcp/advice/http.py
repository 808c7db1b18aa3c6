"""HTTP requests to a provider, with bounded answers and protected keys.

Answers are neither endless nor compressed, redirects are not followed, and no key is logged or shown.
"""

import logging
import re
from collections.abc import AsyncIterator

import httpx2

from k6_mcp.advice.advisor import NoReply
from k6_mcp.models.advice import Ai
from k6_mcp.models.wording import cut
from k6_mcp.redaction import MASK, redact_text

LONGEST_BYTES = 1_000_000
# Below WARNING these log requests with their headers, and so the key
_CHATTY = (
    "httpx2",
    "httpcore2",
    "openai",
    "anthropic",
)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504, 529})
# Providers quote the beginning of a key that they reject
_KEY_BEGIN = 6


class TooLong(httpx2.ReadError):
    """Raised when a provider's answer is compressed or longer than any useful answer."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for chunk in self._stream:
            taken += len(chunk)
            if taken > LONGEST_BYTES:
                raise TooLong(f"the answer is longer than {LONGEST_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def http_client(timeout_s: float) -> httpx2.AsyncClient:
    """Return a client with bounded answers; its proxies are those of the environment."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx2.AsyncClient(
        timeout=timeout_s,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [_bound]},
    )


def refused(status: int, message: str, ai: Ai, pause_s: float | None = None) -> NoReply:
    """Return the result for an HTTP status that isn't a success; 429 and 5xx may be tried again."""
    detail = f": {without_key(message, ai)}" if message else ""
    again = status in _TRY_AGAIN
    return NoReply(f"the provider answered HTTP {status}{detail}", again, pause_s)


def unreachable(error: Exception, ai: Ai) -> NoReply:
    """Return the result for a failed connection or read; a failed connection may be tried again."""
    if isinstance(error, TooLong):
        return NoReply(str(error))
    if isinstance(error, httpx2.TimeoutException):
        return NoReply("the provider did not answer in time (K6_MCP_AI_TIMEOUT)")
    reason = without_key(str(error) or type(error).__name__, ai)
    return NoReply(
        f"the provider cannot be reached: {reason}", again=isinstance(error, httpx2.TransportError)
    )


def without_key(text: str, ai: Ai) -> str:
    """Return foreign text, shortened, without the key and without the key's beginning."""
    if ai.api_key:
        text = redact_text(text[:2000], [ai.api_key])
        text = re.sub(re.escape(ai.api_key[:_KEY_BEGIN]) + r"\S*", MASK, text)
    return cut(redact_text(text[:2000]), 200)


async def _bound(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise TooLong("the answer is compressed, although compression was not requested")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)
