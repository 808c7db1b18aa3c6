"""The choice of a model: the settings' own, else Gemini if its key is set, else the client's model."""

from importlib.util import find_spec

from k6_mcp.advice.advisor import Advisor
from k6_mcp.models.advice import CLIENT, GEMINI, OFF, Ai
from k6_mcp.models.service_answers import Component

_HOW = (
    "set GEMINI_API_KEY, or K6_MCP_AI_MODEL and the key of its provider,"
    " or use a client that supports sampling"
)
_NO_SAMPLING = "this client does not support sampling"
_EXTRA = "pydantic_ai"


def choose(ai: Ai, own: Advisor | None) -> Advisor | str:
    """Return the advisor to use, or the reason why there is none.

    `own` is the model of the client that calls.
    """
    if ai.provider == OFF:
        return "advice is turned off (K6_MCP_AI_MODEL=off)"
    if ai.provider in (None, CLIENT):
        return own or f"no model available: {_HOW if ai.provider is None else _NO_SAMPLING}"
    if missing := _missing(ai):
        return missing
    if ai.provider == GEMINI:
        from k6_mcp.advice.gemini import Gemini

        return Gemini(ai)
    from k6_mcp.advice.library import Library

    return Library(ai)


def advice_health(ai: Ai) -> Component:
    """Return which provider would be used, without a request to it."""
    if ai.provider == OFF:
        return Component(name="advice", state="ok", detail="turned off (K6_MCP_AI_MODEL=off)")
    if ai.provider in (None, CLIENT):
        return Component(
            name="advice",
            state="ok",
            detail="no provider configured; the client's own model is used if it supports sampling",
        )
    place = f" at {ai.base_url}" if ai.base_url else ""
    detail = (
        f"{ai.provider} {ai.model}{place}, key from {ai.key_name}"
        if ai.api_key
        else f"{ai.provider} {ai.model}{place}, no key"
    )
    if missing := _missing(ai):
        return Component(name="advice", state="degraded", detail=detail, hint=missing)
    return Component(name="advice", state="ok", detail=detail)


def _missing(ai: Ai) -> str | None:
    # A self-hosted server may need no key
    if not ai.api_key and (ai.provider == GEMINI or not ai.base_url):
        return f"{ai.key_name} is not set, but K6_MCP_AI_MODEL={ai.provider}:{ai.model} needs it"
    if ai.provider != GEMINI and find_spec(_EXTRA) is None:
        return f"{ai.provider} needs the extra: pip install './k6-mcp[ai]'"
    return None
