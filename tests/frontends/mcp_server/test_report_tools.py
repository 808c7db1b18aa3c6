"""get_report and its resources: a file, a link, few words; the view where a client can show it."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from mcp import Client, MCPError
from mcp.client import ClientExtension
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from k6_mcp.models.report_formats import FILE_TYPES, ReportFormat
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import ERAS, SCRIPT, Door, Mode, connected, over_every_door, refusal
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6

VIEW = "k6-mcp/view"
FORMATS = tuple(FILE_TYPES)


class ShowsViews(ClientExtension):
    """What a client declares that can show views."""

    identifier = "io.modelcontextprotocol/ui"

    def settings(self) -> dict[str, Any]:
        return {"mimeTypes": ["text/html;profile=mcp-app"]}


async def finished(client: Client, k6: ScriptedK6) -> str:
    """The id of a run that has ended."""
    k6.finish()
    done = await client.call_tool("execute_k6_test", {**SCRIPT, "name": "shop"})
    return id_in(done)


def id_in(result: CallToolResult) -> str:
    """The id of the run that an answer is about."""
    assert result.structured_content is not None
    return str(result.structured_content["run_id"])


def written(answer: Mapping[str, Any]) -> bytes:
    """Return the content of the file that an answer names."""
    return Path(answer["path"]).read_bytes()


def size_and_mode(answer: Mapping[str, Any]) -> tuple[int, int]:
    """The size of the file that an answer names, and who may read it."""
    status = Path(answer["path"]).stat()
    return status.st_size, status.st_mode & 0o777


async def text_of(client: Client, uri: str) -> str:
    """The text of a resource."""
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content.text


async def report(client: Client, run_id: str, **arguments: object) -> tuple[Mapping[str, Any], list[str]]:
    """The structured answer, which the first text repeats, and the types of all blocks."""
    result = await client.call_tool("get_report", {"run_id": run_id, **arguments})
    first = result.content[0]
    assert isinstance(first, TextContent)
    assert not result.is_error, first.text
    answer = result.structured_content
    assert answer is not None and json.loads(first.text) == answer
    return answer, [block.type for block in result.content]


@pytest.mark.parametrize("mode", ERAS)
@over_every_door
async def test_a_report_is_html_unless_said_otherwise_and_lies_in_the_folder_of_its_run(
    settings: Settings, mode: Mode, door: Door
) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, mode=mode, door=door) as client:
        run_id = await finished(client, k6)
        answer, blocks = await report(client, run_id)

    assert Path(answer["path"]) == settings.results_dir / "runs" / run_id / "reports" / "report.html"
    assert written(answer).startswith(b"<!doctype html>")
    assert size_and_mode(answer) == (answer["bytes"], 0o600)
    assert blocks == ["text", "resource_link"]


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@over_every_door
async def test_every_format_is_a_file_and_a_resource_of_its_type(
    settings: Settings, format: ReportFormat, door: Door
) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, door=door) as client:
        run_id = await finished(client, k6)
        result = await client.call_tool("get_report", {"run_id": run_id, "format": format})
        (link,) = [block for block in result.content if isinstance(block, ResourceLink)]
        (content,) = (await client.read_resource(link.uri)).contents

    kind = FILE_TYPES[format]
    assert (link.mime_type, content.mime_type) == (kind.media_type, kind.media_type)
    assert str(link.uri) == f"k6://runs/{run_id}/report.{kind.extension}"
    assert isinstance(content, TextResourceContents if kind.text else BlobResourceContents)


@over_every_door
async def test_a_chart_is_part_of_the_answer_as_an_image(settings: Settings, door: Door) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, door=door) as client:
        run_id = await finished(client, k6)
        result = await client.call_tool("get_report", {"run_id": run_id, "format": "png"})

    (image,) = [block for block in result.content if isinstance(block, ImageContent)]
    assert image.mime_type == "image/png"
    assert base64.b64decode(image.data) == written(result.structured_content or {})


async def test_short_markdown_stands_in_the_answer(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6) as client:
        answer, _ = await report(client, await finished(client, k6), format="markdown")

    assert answer["markdown"] == written(answer).decode()


async def test_a_running_test_is_told_as_far_as_it_is(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6) as client:
        begun = await client.call_tool("execute_k6_test", {**SCRIPT, "wait_s": 0})
        run_id = id_in(begun)
        answer, _ = await report(client, run_id, format="junit")
        k6.finish()

    case = ET.fromstring(written(answer))[0].find("testcase")
    assert case is not None and case[0].tag == "skipped"


async def test_a_later_report_takes_the_place_of_the_earlier_one(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6) as client:
        run_id = await finished(client, k6)
        first, _ = await report(client, run_id)
        second, _ = await report(client, run_id)

    assert first["path"] == second["path"]
    assert [path.name for path in Path(first["path"]).parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"run_id": "r-0"}, "unknown_run: "),
        ({"run_id": "../x"}, "unknown_run: "),
        ({"run_id": "r-0", "format": "pdf"}, "invalid_arguments: format: should be 'html', 'markdown', "),
        ({}, "invalid_arguments: run_id"),
    ],
)
@over_every_door
async def test_what_cannot_be_reported_is_refused_with_a_code(
    settings: Settings, arguments: dict[str, object], code: str, door: Door
) -> None:
    async with connected(settings, ScriptedK6(), door=door) as client:
        assert refusal(await client.call_tool("get_report", arguments)).startswith(code)


async def test_a_comparison_in_a_format_without_one_is_refused(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6) as client:
        first, second = await finished(client, k6), await finished(client, k6)
        told = await client.call_tool("get_report", {"run_id": second, "baseline": first, "format": "csv"})

    assert refusal(told).startswith(
        "report_unavailable: there is no comparison report in format csv (next step: use html or markdown"
    )


@pytest.mark.parametrize("format", ["html", "markdown"])
async def test_a_comparison_is_a_file_beside_the_report(settings: Settings, format: ReportFormat) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6) as client:
        first, second = await finished(client, k6), await finished(client, k6)
        answer, blocks = await report(client, second, baseline=first, format=format)

    path = Path(answer["path"])
    assert (path.stem, path.parents[1].name, blocks) == ("comparison", second, ["text"])
    assert first in written(answer).decode()


async def test_a_folder_that_is_gone_is_said(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6) as client:
        run_id = await finished(client, k6)
        folder = settings.results_dir / "runs" / run_id
        folder.rename(folder.with_name("elsewhere"))
        told = await client.call_tool("get_report", {"run_id": run_id})

    assert refusal(told).startswith(f"report_unavailable: the folder of run {run_id} no longer exists")


@over_every_door
async def test_the_report_of_an_unknown_run_is_no_resource(settings: Settings, door: Door) -> None:
    async with connected(settings, ScriptedK6(), door=door) as client:
        with pytest.raises(MCPError, match="unknown_run"):
            await client.read_resource("k6://runs/r-0/report.html")


@pytest.mark.slow
@pytest.mark.parametrize("mode", ERAS)
async def test_the_page_is_listed_with_its_type_and_no_domain(settings: Settings, mode: Mode) -> None:
    async with connected(settings, ScriptedK6(), mode=mode) as client:
        (page,) = [
            resource
            for resource in (await client.list_resources()).resources
            if str(resource.uri).startswith("ui://")
        ]
        tools = (await client.list_tools()).tools
        html = await text_of(client, str(page.uri))

    assert page.mime_type == "text/html;profile=mcp-app"
    assert (page.meta or {})["ui"]["csp"] == {
        domains: [] for domains in ("connectDomains", "resourceDomains", "frameDomains", "baseUriDomains")
    }
    named = {tool.name for tool in tools if (tool.meta or {}).get("ui") == {"resourceUri": str(page.uri)}}
    assert named == {"execute_k6_test", "get_run", "get_report"}
    assert html.startswith("<!doctype html>") and "default-src" in html


@pytest.mark.slow
@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("shows", [True, False])
async def test_the_view_goes_only_where_it_can_be_shown(settings: Settings, mode: Mode, shows: bool) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, mode=mode, extensions=(ShowsViews(),) if shows else ()) as client:
        run_id = await finished(client, k6)
        result = await client.call_tool("get_run", {"run_id": run_id, "detail": "timeline"})
        summary = await client.call_tool("get_run", {"run_id": run_id})
        read = json.loads(await text_of(client, f"k6://runs/{run_id}/view"))

    assert (VIEW in (result.meta or {})) is shows
    assert VIEW not in (summary.meta or {})
    assert (read["run_id"], read["final"]) == (run_id, True)
    if shows:
        assert (result.meta or {})[VIEW]["data"]["title"] == "shop"
