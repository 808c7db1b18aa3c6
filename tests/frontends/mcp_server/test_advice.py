"""analyze_run with use_ai: the calling client's own model in both eras.

Also the answer when there is no model.
"""

import json
from dataclasses import replace
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client import ClientRequestContext
from mcp.types import CreateMessageRequestParams, CreateMessageResult, ErrorData, ImageContent, TextContent

from k6_mcp.frontends.mcp_server.server import build_server
from k6_mcp.models.advice import Ai
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import ERAS, SCRIPT, Mode, answer
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted

FINE = {"diagnosis": "All 10 requests were answered.", "causes": [], "next_steps": ["Raise the load."]}


class Model:
    """The model of a client; answers as a test wants and remembers its requests."""

    def __init__(self, said: object) -> None:
        self.said = said
        self.asked: list[CreateMessageRequestParams] = []

    async def __call__(
        self, context: ClientRequestContext, params: CreateMessageRequestParams
    ) -> CreateMessageResult | ErrorData:
        self.asked.append(params)
        if isinstance(self.said, ErrorData):
            return self.said
        if self.said is None:
            await anyio.sleep_forever()
        text = self.said if isinstance(self.said, str) else json.dumps(self.said)
        content = (
            ImageContent(type="image", data="", mime_type="image/png")
            if text == "image"
            else TextContent(type="text", text=text)
        )
        return CreateMessageResult(role="assistant", content=content, model="stand-in")


async def advice(settings: Settings, mode: Mode, model: Model | None) -> dict[str, Any]:
    """Return the advice in analyze_run's answer about a test that has ended."""
    k6 = ScriptedK6()
    k6.finish()
    async with Client(
        build_server(lambda: open_scripted(settings, k6)), mode=mode, sampling_callback=model
    ) as client:
        await client.list_tools()
        run_id = answer(await client.call_tool("execute_k6_test", SCRIPT))["run_id"]
        explained = answer(await client.call_tool("analyze_run", {"run_id": run_id, "use_ai": True}))
    assert explained["headline"]
    return dict(explained.get("advice", {}))


@pytest.mark.parametrize("mode", ERAS)
async def test_the_clients_own_model_words_the_diagnosis(settings: Settings, mode: Mode) -> None:
    model = Model(FINE)
    told = await advice(settings, mode, model)
    assert told == {
        "state": "written",
        "provider": "client",
        "model": "stand-in",
        "text": "All 10 requests were answered.\nNext steps:\n- Raise the load.",
    }
    (asked,) = model.asked
    assert asked.system_prompt and "k6" in asked.system_prompt
    assert '"requests": 10' in str(asked.messages[0].content)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        ({**FINE, "diagnosis": "It took 870 ms."}, "rejected", "870 ms"),
        ("no JSON", "failed", "not JSON"),
        ("", "failed", "empty"),
        ("image", "failed", "without text"),
    ],
)
async def test_what_the_clients_model_says_is_checked(
    settings: Settings, mode: Mode, said: object, state: str, words: str
) -> None:
    told = await advice(settings, mode, Model(said))
    assert told["state"] == state
    assert words in told["reason"]
    assert "text" not in told


async def test_a_client_that_refuses_leaves_the_findings_standing(settings: Settings) -> None:
    told = await advice(settings, "legacy", Model(ErrorData(code=-1, message="the user said no")))
    assert (told["state"], told["reason"]) == ("failed", "the client refused: the user said no")


async def test_a_client_that_refuses_in_the_newer_way_ends_its_own_call_and_may_go_on_without_a_model(
    settings: Settings,
) -> None:
    k6 = ScriptedK6()
    k6.finish()
    model = Model(ErrorData(code=-1, message="the user said no"))
    async with Client(build_server(lambda: open_scripted(settings, k6)), sampling_callback=model) as client:
        run_id = answer(await client.call_tool("execute_k6_test", SCRIPT))["run_id"]
        with pytest.raises(MCPError, match="the user said no"):
            await client.call_tool("analyze_run", {"run_id": run_id, "use_ai": True})
        assert "advice" not in answer(await client.call_tool("analyze_run", {"run_id": run_id}))


@pytest.mark.slow
async def test_a_client_whose_model_does_not_answer_is_left(settings: Settings) -> None:
    told = await advice(replace(settings, ai=Ai(timeout_s=0.2)), "legacy", Model(None))
    assert told["state"] == "failed"
    assert "K6_MCP_AI_TIMEOUT" in told["reason"]


@pytest.mark.parametrize("mode", ERAS)
async def test_without_any_model_the_answer_says_how_to_get_one(settings: Settings, mode: Mode) -> None:
    told = await advice(settings, mode, None)
    assert told["state"] == "unavailable"
    assert "GEMINI_API_KEY" in told["reason"]


@pytest.mark.parametrize("mode", ERAS)
async def test_a_model_that_settings_turn_off_is_not_asked(settings: Settings, mode: Mode) -> None:
    model = Model(FINE)
    told = await advice(replace(settings, ai=Ai(provider="off")), mode, model)
    assert told["state"] == "unavailable"
    assert model.asked == []


@pytest.mark.parametrize("mode", ERAS)
async def test_a_running_test_gets_no_advice_yet(settings: Settings, mode: Mode) -> None:
    model = Model(FINE)
    async with Client(
        build_server(lambda: open_scripted(settings, ScriptedK6())), mode=mode, sampling_callback=model
    ) as client:
        run_id = answer(await client.call_tool("execute_k6_test", {**SCRIPT, "wait_s": 0}))["run_id"]
        told = answer(await client.call_tool("analyze_run", {"run_id": run_id, "use_ai": True}))["advice"]
    assert told["state"] == "unavailable"
    assert "ended" in told["reason"]
    assert model.asked == []


@pytest.mark.parametrize(
    ("ai", "state", "detail"),
    [
        (Ai(), "ok", "client's own model"),
        (
            Ai(provider="gemini", model="m", key_name="GEMINI_API_KEY", api_key="secret-key"),
            "ok",
            "gemini m, key from GEMINI_API_KEY",
        ),
        (Ai(provider="openai", model="m", key_name="OPENAI_API_KEY"), "degraded", "openai m, no key"),
    ],
)
async def test_health_tells_who_would_be_asked(settings: Settings, ai: Ai, state: str, detail: str) -> None:
    async with Client(build_server(lambda: open_scripted(replace(settings, ai=ai), ScriptedK6()))) as client:
        health = answer(await client.call_tool("check_health", {}))
    (component,) = [item for item in health["components"] if item["name"] == "advice"]
    assert component["state"] == state
    assert detail in component["detail"]
    assert "secret-key" not in json.dumps(health)
