"""Tools, resources and prompts that the conformance suite calls to see every kind of content."""

import base64
import struct
import zlib

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import Message, UserMessage
from mcp.types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)

from k6_mcp.frontends.mcp_server.service_opening import OpenedService


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


RED_PIXEL_PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    + _chunk(b"IEND", b"")
)
# PCM, mono, 8 kHz, 8 bit
_FMT = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
SILENCE_WAV = (
    b"RIFF"
    + struct.pack("<I", 44)
    + b"WAVEfmt "
    + struct.pack("<I", 16)
    + _FMT
    + b"data"
    + struct.pack("<I", 8)
    + b"\x80" * 8
)
# The suite asks for this pause between notifications
_STEP_S = 0.05


def image() -> ImageContent:
    """Return an image."""
    return ImageContent(type="image", data=base64.b64encode(RED_PIXEL_PNG).decode(), mime_type="image/png")


def resource(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    """Return an embedded text resource."""
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    )


def result(*content: ContentBlock | str) -> CallToolResult:
    """Return a tool result; text may be given as it is."""
    return CallToolResult(
        content=[TextContent(type="text", text=item) if isinstance(item, str) else item for item in content]
    )


async def test_simple_text() -> CallToolResult:
    """Return text."""
    return result("This is a simple text response for testing.")


async def test_image_content() -> CallToolResult:
    """Return an image."""
    return result(image())


async def test_audio_content() -> CallToolResult:
    """Return audio."""
    return result(
        AudioContent(type="audio", data=base64.b64encode(SILENCE_WAV).decode(), mime_type="audio/wav")
    )


async def test_embedded_resource() -> CallToolResult:
    """Return an embedded resource."""
    return result(resource("test://embedded-resource", "text/plain", "This is an embedded resource content."))


async def test_multiple_content_types() -> CallToolResult:
    """Return text, an image and a resource."""
    data = resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return result("Multiple content types test:", image(), data)


async def test_error_handling() -> CallToolResult:
    """Fail always."""
    raise ToolError("This tool intentionally returns an error for testing")


async def test_tool_with_progress(ctx: Context) -> CallToolResult:
    """Report progress three times."""
    for progress in (0, 50, 100):
        await ctx.report_progress(progress, 100)
        await anyio.sleep(_STEP_S)
    return result("progress reported")


async def test_tool_with_logging(ctx: Context) -> CallToolResult:
    """Send three log messages."""
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.info(text)  # pyright: ignore[reportDeprecated] (still part of the 2025 wire, which the suite checks)
        await anyio.sleep(_STEP_S)
    return result("logged")


async def test_trigger_tool_change(ctx: Context) -> CallToolResult:
    """Say that the tools changed."""
    await ctx.notify_tools_changed()
    return result("announced")


async def test_trigger_prompt_change(ctx: Context) -> CallToolResult:
    """Say that the prompts changed."""
    await ctx.notify_prompts_changed()
    return result("announced")


def test_simple_prompt() -> list[Message]:
    """Return one message."""
    return [UserMessage("This is a simple prompt for testing.")]


def test_prompt_with_arguments(arg1: str, arg2: str) -> list[Message]:
    """Return a message with both arguments."""
    return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]


def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:
    """Return a resource and a question about it."""
    data = resource(resourceUri, "text/plain", "Embedded resource content for testing.")
    return [UserMessage(data), UserMessage("Please process the embedded resource above.")]


def test_prompt_with_image() -> list[Message]:
    """Return an image and a question about it."""
    return [UserMessage(image()), UserMessage("Please analyze the image above.")]


def static_text() -> str:
    """A text."""
    return "This is the content of the static text resource."


def static_binary() -> bytes:
    """An image."""
    return RED_PIXEL_PNG


def template_data(id: str) -> str:
    """Data of one id."""
    return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'


def watched() -> str:
    """A text that could change."""
    return "watched"


def add_content(server: MCPServer[OpenedService]) -> None:
    """Register everything of this module."""
    for tool in (
        test_simple_text,
        test_image_content,
        test_audio_content,
        test_embedded_resource,
        test_multiple_content_types,
        test_error_handling,
        test_tool_with_progress,
        test_tool_with_logging,
        test_trigger_tool_change,
        test_trigger_prompt_change,
    ):
        server.add_tool(tool)
    server.add_tool(test_tool_with_logging, name="test_logging_tool")
    for prompt in (
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
    ):
        server.prompt()(prompt)
    server.resource("test://static-text", mime_type="text/plain")(static_text)
    server.resource("test://static-binary", mime_type="image/png")(static_binary)
    server.resource("test://watched-resource", mime_type="text/plain")(watched)
    server.resource("test://template/{id}/data", mime_type="application/json")(template_data)
