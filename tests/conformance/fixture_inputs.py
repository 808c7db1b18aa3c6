"""Tools and a prompt that request input from the client, as both revisions do it."""

from typing import Annotated, Any, TypeVar

from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.elicitation import AcceptedElicitation
from mcp.server.mcpserver import Context, Elicit, Resolve, Sample
from mcp.server.mcpserver.prompts.base import Message, UserMessage
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel, Field

from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from tests.conformance.fixture_content import result

R = TypeVar("R")
Answered = CallToolResult | InputRequiredResult


class Person(BaseModel):
    """The input that test_elicitation requests."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


_DEFAULTS: dict[str, Any] = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}


def _titled(word: str) -> list[dict[str, str]]:
    return [
        {"const": f"value{n}", "title": f"{name} {word}"}
        for n, name in enumerate(("First", "Second", "Third"), 1)
    ]


_OPTIONS = ["option1", "option2", "option3"]
_ENUMS: dict[str, Any] = {
    "untitledSingle": {"type": "string", "enum": _OPTIONS},
    "titledSingle": {"type": "string", "oneOf": _titled("Option")},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": _titled("Choice")}},
}


def form(message: str, **fields: str) -> ElicitRequest:
    """Return a request for the named fields, all required; values are JSON types."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in fields.items()},
        "required": [*fields],
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def question(text: str, max_tokens: int = 100) -> CreateMessageRequest:
    """Return a request to the client's model."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens))


def asking(state: str | None = None, /, **requests: InputRequest) -> InputRequiredResult:
    """Return a result that requests input."""
    return InputRequiredResult(input_requests=requests, request_state=state)


def answer(ctx: Context, key: str, kind: type[R]) -> R | None:
    """Return the client's answer to one request, None when there is none of this kind."""
    found = (ctx.input_responses or {}).get(key)
    return found if isinstance(found, kind) else None


def field(ctx: Context, key: str, name: str) -> object:
    """Return a field of an accepted form, None without one."""
    filled = answer(ctx, key, ElicitResult)
    return (filled.content or {}).get(name) if filled and filled.action == "accept" else None


def ask_model(prompt: str) -> Sample:
    """Ask the client's model for an answer to `prompt`."""
    return Sample(
        [SamplingMessage(role="user", content=TextContent(type="text", text=prompt))], max_tokens=100
    )


def ask_person(message: str) -> Elicit[Person]:
    """Ask the person in front of the client."""
    return Elicit(message, Person)


async def test_sampling(
    prompt: str, sampled: Annotated[CreateMessageResult, Resolve(ask_model)]
) -> CallToolResult:
    """Return what the client's model says."""
    return result(f"LLM response: {sampled.content}")


async def test_elicitation(
    message: str, person: Annotated[AcceptedElicitation[Person], Resolve(ask_person)]
) -> CallToolResult:
    """Return the person's answer."""
    return result(f"User response: action=accept, content={person.data.model_dump_json()}")


async def elicit_raw(ctx: Context, properties: dict[str, Any]) -> CallToolResult:
    """Ask with a schema that no Python type renders to."""
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    filled = await ctx.session.elicit_form("Please fill in", schema, related_request_id=ctx.request_id)
    return result(f"Elicitation completed: action={filled.action}, content={filled.content}")


async def test_elicitation_sep1034_defaults(ctx: Context) -> CallToolResult:
    """Ask with defaults for every primitive type."""
    return await elicit_raw(ctx, _DEFAULTS)


async def test_elicitation_sep1330_enums(ctx: Context) -> CallToolResult:
    """Ask with every form of enumeration."""
    return await elicit_raw(ctx, _ENUMS)


async def test_input_required_result_elicitation(ctx: Context) -> Answered:
    """Ask for a name, then greet."""
    name = field(ctx, "user_name", "name")
    return result(f"Hello, {name}!") if name else asking(user_name=form("What is your name?", name="string"))


async def test_input_required_result_sampling(ctx: Context) -> Answered:
    """Ask the client's model, then repeat it."""
    sampled = answer(ctx, "capital_question", CreateMessageResult)
    return (
        result(str(sampled.content))
        if sampled
        else asking(capital_question=question("What is the capital of France?"))
    )


async def test_input_required_result_list_roots(ctx: Context) -> Answered:
    """Ask for the client's roots, then name them."""
    listed = answer(ctx, "client_roots", ListRootsResult)
    return (
        result(", ".join(str(root.uri) for root in listed.roots))
        if listed
        else asking(client_roots=ListRootsRequest())
    )


async def test_input_required_result_request_state(ctx: Context) -> Answered:
    """Ask for a confirmation and expect its own state back."""
    if ctx.request_state == "confirming" and field(ctx, "confirm", "ok") is not None:
        return result("state-ok")
    return asking("confirming", confirm=form("Please confirm", ok="boolean"))


async def test_input_required_result_multiple_inputs(ctx: Context) -> Answered:
    """Ask three questions of three kinds at once."""
    greeting = answer(ctx, "greeting", CreateMessageResult)
    if (
        (name := field(ctx, "user_name", "name"))
        and greeting
        and answer(ctx, "client_roots", ListRootsResult)
    ):
        return result(f"{greeting.content} {name}")
    return asking(
        "three",
        user_name=form("What is your name?", name="string"),
        greeting=question("Generate a greeting", 50),
        client_roots=ListRootsRequest(),
    )


async def test_input_required_result_multi_round(ctx: Context) -> Answered:
    """Ask one question after the other."""
    if (color := field(ctx, "step2", "color")) and ctx.request_state:
        return result(f"{ctx.request_state} likes {color}")
    if name := field(ctx, "step1", "name"):
        return asking(str(name), step2=form("Step 2: What is your favorite color?", color="string"))
    return asking("step 1", step1=form("Step 1: What is your name?", name="string"))


async def test_input_required_result_tampered_state(ctx: Context) -> Answered:
    """Ask for a confirmation; a changed state never gets here."""
    if ctx.request_state is None:
        return asking("sealed", confirm=form("Please confirm", ok="boolean"))
    if ctx.request_state != "sealed":
        raise MCPError(INVALID_PARAMS, "the state is not the one that was handed out")
    return result("confirmed")


async def test_input_required_result_capabilities(ctx: Context) -> Answered:
    """Ask only what the client says it can answer."""
    if ctx.input_responses:
        return result("answered")
    able = ctx.client_capabilities
    requests: dict[str, InputRequest] = {}
    if able and able.sampling is not None:
        requests["capital_question"] = question("What is the capital of France?")
    if able and able.elicitation is not None:
        requests["user_name"] = form("What is your name?", name="string")
    return asking(None, **requests) if requests else result("nothing can be asked")


async def test_missing_capability(
    sampled: Annotated[CreateMessageResult, Resolve(lambda: ask_model("Hello"))],
) -> CallToolResult:
    """Need a capability that the client must have declared."""
    return result(str(sampled.content))


async def test_input_required_result_prompt(ctx: Context) -> list[Message] | InputRequiredResult:
    """Ask for context, then return a prompt with it."""
    if context := field(ctx, "user_context", "context"):
        return [UserMessage(f"Use this context: {context}")]
    return asking(user_context=form("What context should the prompt use?", context="string"))


def add_inputs(server: MCPServer[OpenedService]) -> None:
    """Register everything of this module."""
    for name, tool in [*globals().items()]:
        if name.startswith("test_") and tool is not test_input_required_result_prompt:
            server.add_tool(tool)
    server.add_tool(test_input_required_result_elicitation, name="test_streaming_elicitation")
    server.prompt()(test_input_required_result_prompt)
