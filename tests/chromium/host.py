"""A client that shows views: a page that speaks MCP Apps with our views.

It answers from a server or from the test.
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client import ClientExtension

from k6_mcp.reports.app_view import AppView, app_page
from tests.chromium.browser import Browser

PAGE = Path(__file__).with_name("host.html")
EVERYTHING: dict[str, Any] = {"serverTools": {}, "serverResources": {}}
Answer = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
_TIMEOUT_S = 60.0
_POLL_S = 0.05


class ShowsViews(ClientExtension):
    """What a client declares that can show views."""

    identifier = "io.modelcontextprotocol/ui"

    def settings(self) -> dict[str, Any]:
        return {"mimeTypes": ["text/html;profile=mcp-app"]}


class Host:
    """One view in its frame; `asked` holds its requests so far."""

    def __init__(self, browser: Browser, answer: Answer) -> None:
        self.browser = browser
        self.asked: list[str] = []
        self._answer = answer

    def open(
        self,
        page: str | None = None,
        *,
        capabilities: Mapping[str, Any] = EVERYTHING,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Show `page` and wait until it has introduced itself."""
        self.browser.open(PAGE.as_uri())
        given = (page or app_page(), capabilities, context or {"theme": "light"})
        self.browser.evaluate(f"host.open({', '.join(map(json.dumps, given))})")
        self.browser.until("host.ready")

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Send the view a notification."""
        self.browser.evaluate(f"host.post({json.dumps({'method': method, 'params': params})})")

    def tool_result(self, result: Mapping[str, Any]) -> None:
        """Tell the view what the tool answered that it was opened for."""
        self.tell("ui/notifications/tool-input", {"arguments": {}})
        self.tell("ui/notifications/tool-result", result)

    async def until(self, expression: str) -> Any:
        """Answer the view's requests until `expression` is true in it; return its value.

        In the expression, `view` is the document of the view.
        """
        end = time.monotonic() + _TIMEOUT_S
        while not (value := self.look(expression)):
            assert time.monotonic() < end, (
                f"never became true in the view: {expression}; it shows {self.look('view.body.innerText')}"
            )
            for message in self.browser.evaluate("host.take()"):
                self.asked.append(message["method"])
                reply = {"id": message["id"], **await self._answer(message["method"], message["params"])}
                self.browser.evaluate(f"host.post({json.dumps(reply)})")
            await anyio.sleep(_POLL_S)
        return value

    def complaints(self) -> list[str]:
        """Return what the console reported, except complaints about this host's sandbox.

        Those complaints come because this host looks into the frame.
        """
        return [text for text in self.browser.complaints() if "can escape its sandboxing" not in text]

    def look(self, expression: str) -> Any:
        """Return the value of an expression about the view's document, called `view`."""
        return self.browser.evaluate(f"((view) => {expression})(host.frame.contentDocument)")


def told_by(*views: AppView) -> Answer:
    """Answer every read with the next of `views`, at last with the last one again and again."""
    left = list(views)

    async def answer(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        assert (method, params["uri"]) == ("resources/read", f"k6://runs/{views[0].run_id}/view")
        view = left.pop(0) if len(left) > 1 else left[0]
        return {"result": {"contents": [{"uri": params["uri"], "text": view.model_dump_json()}]}}

    return answer


def told_by_server(client: Client) -> Answer:
    """Hand everything on to a server."""

    async def answer(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if method == "tools/call":
            result = await client.call_tool(params["name"], params["arguments"])
        else:
            assert method == "resources/read"
            result = await client.read_resource(params["uri"])
        return {"result": result.model_dump(mode="json", by_alias=True, exclude_none=True)}

    return answer
