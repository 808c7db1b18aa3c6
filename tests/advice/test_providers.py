"""Advice over real HTTP from stand-ins of Gemini's and OpenAI's API, whatever they answer."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from k6_mcp.advice.advise import advise
from k6_mcp.advice.choose import choose
from k6_mcp.analysis.verdict.explain import explain
from k6_mcp.models.advice import Ai
from k6_mcp.models.findings import Advice
from k6_mcp.models.run import Run
from tests.advice.provider import GOOD, Answer, failing, gemini, openai, provider
from tests.history.samples import a_run

pytestmark = pytest.mark.slow

KEY = "sk-secret-0123456789abcdef"
GEMINI = Ai(provider="gemini", model="gemini-stand-in", key_name="GEMINI_API_KEY", api_key=KEY)
OPENAI = Ai(provider="openai", model="stand-in", key_name="OPENAI_API_KEY", api_key=KEY)
Api = tuple[Ai, Callable[..., Answer]]
APIS = [pytest.param((GEMINI, gemini), id="gemini"), pytest.param((OPENAI, openai), id="openai")]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make no pause: a stand-in doesn't recover while a test waits."""
    monkeypatch.setattr("k6_mcp.advice.advise._PAUSE_S", 0.0)


async def advised(ai: Ai, run: Run | None = None) -> Advice:
    """Return the advice of a provider on a run."""
    subject = run or a_run()
    chosen = choose(ai, None)
    assert not isinstance(chosen, str)
    return await advise(subject, explain(subject), chosen, ai.timeout_s)


async def outcome(api: Api, *answers: Answer, timeout_s: float = 20.0) -> tuple[Advice, int]:
    """Return the advice, and the number of requests to the provider."""
    with provider(*answers) as standing_in:
        advice = await advised(replace(api[0], base_url=standing_in.url, timeout_s=timeout_s))
    assert KEY not in advice.model_dump_json()
    return advice, len(standing_in.requests)


@pytest.mark.parametrize("api", APIS)
async def test_a_good_answer_becomes_advice_that_names_its_model(api: Api) -> None:
    advice, requests = await outcome(api, api[1](GOOD))
    assert (advice.state, requests) == ("written", 1)
    assert (
        advice.text
        == "All 150 requests were answered, p95 was 120 ms.\nLikely causes:\n- Nothing failed: the error rate"
        " is 0 %.\nNext steps:\n- Raise the load step by step."
    )
    assert advice.provider == api[0].provider
    assert advice.model and "stand-in" in advice.model


async def test_gemini_gets_the_key_in_a_header_a_schema_and_the_facts() -> None:
    with provider(gemini(GOOD)) as standing_in:
        await advised(replace(GEMINI, base_url=standing_in.url))
    (request,) = standing_in.requests
    assert request.path == "/v1beta/models/gemini-stand-in:generateContent"
    assert request.headers["x-goog-api-key"] == KEY
    assert KEY not in request.text
    assert request.json["generationConfig"]["responseSchema"]["required"] == [
        "diagnosis",
        "causes",
        "next_steps",
    ]
    assert '"p95_ms": 120.0' in request.json["contents"][0]["parts"][0]["text"]


async def test_a_self_hosted_server_is_called_through_openais_api_without_a_key() -> None:
    with provider(openai(GOOD)) as standing_in:
        advice = await advised(replace(OPENAI, base_url=standing_in.url, api_key=None))
    assert advice.state == "written"
    assert standing_in.requests[0].path == "/chat/completions"
    assert standing_in.requests[0].json["model"] == "stand-in"


@pytest.mark.parametrize("api", APIS)
async def test_a_provider_that_does_not_answer_in_time_is_left(api: Api) -> None:
    # A busy machine may need longer than a short timeout to send the request at all.
    for timeout_s in (0.3, 1.5, 6.0, 24.0):
        advice, requests = await outcome(api, Answer(hang=True), timeout_s=timeout_s)
        if requests:
            break
    assert advice.state == "failed"
    assert advice.reason and "K6_MCP_AI_TIMEOUT" in advice.reason
    assert requests == 1


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "first",
    [failing(429, "slow down"), failing(500), failing(503), Answer(drop=True)],
    ids=["429", "500", "503", "drop"],
)
async def test_a_temporary_failure_is_tried_once_more(api: Api, first: Answer) -> None:
    advice, requests = await outcome(api, first, api[1](GOOD))
    assert (advice.state, requests) == ("written", 2)


@pytest.mark.parametrize("api", APIS)
async def test_a_provider_that_stays_broken_gets_two_requests_and_no_more(api: Api) -> None:
    advice, requests = await outcome(api, failing(500, "internal"))
    assert (advice.state, requests) == ("failed", 2)
    assert advice.reason == "the provider answered HTTP 500: internal; tried twice"


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_permanent_failure_is_not_tried_again_and_shows_no_key(api: Api, status: int) -> None:
    advice, requests = await outcome(api, failing(status, f"Incorrect key: {KEY} or {KEY[:9]}***"))
    assert (advice.state, requests) == ("failed", 1)
    assert advice.reason and f"HTTP {status}" in advice.reason
    assert KEY[:9] not in advice.reason


async def test_a_provider_that_wants_a_long_pause_is_not_waited_for() -> None:
    advice, requests = await outcome(
        (GEMINI, gemini), failing(429, "later", **{"retry-after": "3600"}), gemini(GOOD)
    )
    assert (advice.state, requests) == ("failed", 1)


@pytest.mark.parametrize("api", APIS)
async def test_an_unreachable_provider_is_reported(api: Api) -> None:
    advice = await advised(replace(api[0], base_url="http://127.0.0.1:9"))
    assert advice.state == "failed"
    assert advice.reason and advice.reason.startswith("the provider cannot be reached")


@pytest.mark.parametrize(
    ("api", "answer"),
    [
        pytest.param(
            (GEMINI, gemini),
            Answer(json.dumps({"promptFeedback": {"blockReason": "SAFETY"}}).encode()),
            id="gemini-prompt",
        ),
        pytest.param((GEMINI, gemini), gemini("", "SAFETY"), id="gemini-answer"),
        pytest.param((OPENAI, openai), openai("", "content_filter"), id="openai"),
    ],
)
async def test_a_safety_block_is_reported_as_a_refusal(api: Api, answer: Answer) -> None:
    advice, _ = await outcome(api, answer)
    assert advice.state == "failed"
    assert advice.reason and any(word in advice.reason for word in ("SAFETY", "content filter"))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "I am sorry, I cannot help.",
        "[1, 2]",
        '{"diagnosis": 5}',
        '{"diagnosis": "x", "causes": "y"}',
        "{" * 5000,
        '{"diagnosis":""}',
    ],
)
async def test_text_in_another_form_is_not_advice(api: Api, text: str) -> None:
    advice, requests = await outcome(api, api[1](text))
    assert (advice.state, advice.text) == ("failed", None)
    assert advice.reason
    assert requests == 1


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"candidates": 5, "choices": 5}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"x" * 10_000_000,
    ],
)
async def test_an_unreadable_body_is_not_advice(api: Api, body: bytes) -> None:
    advice, _ = await outcome(api, Answer(body))
    assert advice.state == "failed"
    assert advice.reason


@pytest.mark.parametrize("api", APIS)
async def test_a_compressed_answer_is_not_unpacked(api: Api) -> None:
    advice, _ = await outcome(api, Answer(b"\x1f\x8b" + b"0" * 100, headers={"content-encoding": "gzip"}))
    assert advice.state == "failed"
    assert advice.reason and "compressed" in advice.reason


@pytest.mark.parametrize("api", APIS)
async def test_invented_numbers_drop_the_whole_text(api: Api) -> None:
    advice, _ = await outcome(api, api[1]({**GOOD, "causes": ["The database needs 870 ms."]}))
    assert (advice.state, advice.text) == ("rejected", None)
    assert advice.reason and "870 ms" in advice.reason


@pytest.mark.parametrize("api", APIS)
async def test_a_key_is_in_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await outcome(api, failing(500, KEY), failing(401, KEY))
    assert KEY not in caplog.text
    assert KEY not in repr(api[0])


async def test_an_unknown_provider_is_reported() -> None:
    advice = await advised(Ai(provider="nobody", model="x", key_name="NOBODY_API_KEY", api_key=KEY))
    assert advice.state == "failed"
    assert advice.reason and "K6_MCP_AI_MODEL" in advice.reason


@pytest.mark.parametrize(
    ("ai", "words"),
    [
        (Ai(), "GEMINI_API_KEY"),
        (Ai(provider="off"), "turned off"),
        (Ai(provider="client"), "sampling"),
        (replace(GEMINI, api_key=None), "GEMINI_API_KEY is not set"),
        (replace(OPENAI, api_key=None), "OPENAI_API_KEY is not set"),
    ],
)
def test_without_a_model_the_reason_names_what_is_missing(ai: Ai, words: str) -> None:
    chosen: Any = choose(ai, None)
    assert isinstance(chosen, str)
    assert words in chosen
