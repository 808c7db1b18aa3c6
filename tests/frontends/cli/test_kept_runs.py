"""`k6-mcp stats` and `k6-mcp show --ai`: what a person sees of past runs and of a model's words."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from k6_mcp.frontends.cli import main
from k6_mcp.history.history import History
from k6_mcp.models.run import Run
from k6_mcp.models.run_id import new_run_id
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace
from tests.advice.provider import GOOD, failing, gemini, provider
from tests.history.samples import a_run

KEY = "secret-key-0123456789"


@pytest.fixture
def kept(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Ten runs of a test, each slower than the one before, in the history that the commands open."""
    monkeypatch.setenv("K6_RESULTS_DIR", str(settings.results_dir))
    runs = [_slower(number) for number in range(10)]

    async def keep() -> None:
        async with History(Workspace(settings.results_dir), settings.database) as history:
            for run in runs:
                assert await history.save(run) == ()

    asyncio.run(keep())
    return runs


def _slower(number: int) -> Run:
    created_at = datetime.now(UTC) - timedelta(hours=20 - number)
    run = a_run(name="check\x1b[31mout", p95_ms=100.0 + 10 * number)
    return run.model_copy(update={"run_id": new_run_id(created_at), "created_at": created_at})


def test_stats_show_the_counts_and_the_test_that_gets_slower(
    kept: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stats", "--days", "7"]) == 0
    shown = capsys.readouterr().out
    assert "10 runs in 7 days: 10 completed" in shown
    assert "✗" in shown and "190 ms" in shown and "96.20% of http_req_duration p(95)<5000" in shown
    assert kept[-1].run_id in shown
    assert "\x1b" not in shown


def test_stats_as_json_hold_every_run(kept: list[Run], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "--json"]) == 0
    (trend,) = json.loads(capsys.readouterr().out)["trends"]
    assert trend["run_ids"] == [run.run_id for run in kept]
    assert trend["direction"] == "worse"


def test_show_with_ai_adds_what_gemini_wrote(
    kept: list[Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = {**GOOD, "diagnosis": "p95 was 190 ms \x1b[31mred"}
    with provider(gemini(written)) as standing_in:
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        monkeypatch.setenv("K6_MCP_AI_BASE_URL", standing_in.url)
        assert main(["show", "--ai"]) == 0
    shown = capsys.readouterr().out
    assert "worded by gemini gemini-stand-in from the computed facts" in shown
    assert "p95 was 190 ms red" in shown
    assert "\x1b" not in shown
    assert standing_in.requests[0].headers["x-goog-api-key"] == KEY


def test_show_with_ai_says_why_there_is_no_advice_and_shows_the_run_all_the_same(
    kept: list[Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with provider(failing(403, f"bad key {KEY}")) as standing_in:
        monkeypatch.setenv("K6_MCP_AI_MODEL", "gemini:some-model")
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        monkeypatch.setenv("K6_MCP_AI_BASE_URL", standing_in.url)
        assert main(["show", "--ai", "--json"]) == 0
        explained = json.loads(capsys.readouterr().out)
        assert main(["show", "--ai"]) == 0
    shown = capsys.readouterr().out
    assert explained["advice"]["state"] == "failed"
    assert explained["headline"]
    assert "no advice from gemini some-model (failed): the provider answered HTTP 403" in shown
    assert kept[-1].run_id in shown
    assert KEY not in shown + json.dumps(explained)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("K6_MCP_AI_MODEL", "openai:", "provider:model"),
        ("K6_MCP_AI_MODEL", "a b", "provider:model"),
        ("K6_MCP_AI_BASE_URL", "ftp://x", "http(s)"),
        ("K6_MCP_AI_TIMEOUT", "soon", "K6_MCP_AI_TIMEOUT"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["stats"]) == 2
    assert words in capsys.readouterr().err
