"""HTTP to a provider: nothing endless, nothing compressed, no redirects, and no key in what is logged or
told.
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
# Their detailed logs hold requests with headers
_CHATTY = (
    "httpx2",
    "httpcore2",
    "openai",
    "anthropic",
)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504, 529})
# Characters of a key: providers quote the beginning of one that they refuse
_KEY_BEGIN = 6


class TooLong(httpx2.ReadError):
    """Raised when a provider sends more than any answer can need, or sends it compressed."""


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
    """Return a client whose answers are bounded; proxies are those of the environment."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx2.AsyncClient(
        timeout=timeout_s,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [_bound]},
    )


def refused(status: int, message: str, ai: Ai, pause_s: float | None = None) -> NoReply:
    """Return the answer to an HTTP status that is no success; 429 and 5xx may pass."""
    said = f": {without_key(message, ai)}" if message else ""
    again = status in _TRY_AGAIN
    return NoReply(f"the provider answered HTTP {status}{said}", again, pause_s)


def unreachable(error: Exception, ai: Ai) -> NoReply:
    """Return the answer to a failure to connect or to read; a failure to connect may pass."""
    if isinstance(error, TooLong):
        return NoReply(str(error))
    if isinstance(error, httpx2.TimeoutException):
        return NoReply("the provider did not answer in time (K6_MCP_AI_TIMEOUT)")
    reason = without_key(str(error) or type(error).__name__, ai)
    return NoReply(
        f"the provider cannot be reached: {reason}", again=isinstance(error, httpx2.TransportError)
    )


def without_key(text: str, ai: Ai) -> str:
    """Return foreign text, cut, without the key and without its beginning."""
    if ai.api_key:
        text = redact_text(text[:2000], [ai.api_key])
        text = re.sub(re.escape(ai.api_key[:_KEY_BEGIN]) + r"\S*", MASK, text)
    return cut(redact_text(text[:2000]), 200)


async def _bound(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise TooLong("the answer is compressed, though nobody asked for that")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)
