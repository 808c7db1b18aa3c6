"""The calling client's own model as an advisor.

The server sends a request to the client. From MCP 2026 on, it returns a question instead, and the client
answers it by calling again.
"""

from typing import Any, TypeAlias

from mcp import MCPError
from mcp.server.mcpserver import Context
from mcp.shared.message import ServerMessageMetadata
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    InputRequiredResult,
    SamplingMessage,
    TextContent,
)
from mcp_types.version import is_version_at_least
from pydantic import ValidationError

from k6_mcp.advice.advisor import NoReply, Question, Reply
from k6_mcp.models.advice import CLIENT
from k6_mcp.models.wording import cut

ToolContext: TypeAlias = Context[Any, Any]
_KEY = "advice"
_ASKED = "advice-asked"
_MOST_TOKENS = 2000
# From this revision on, a server puts its request to the client into its answer.
_BY_ANSWERS = "2026-07-28"


class ClientModel:
    """An advisor that uses the calling client's model.

    If `asking` is set, it is the answer to return instead of the advice.
    """

    provider = CLIENT
    model = None

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self.asking: InputRequiredResult | None = None

    async def ask(self, question: Question) -> Reply | NoReply:
        """Return the text of the client's model; from MCP 2026 on it comes with the client's next call."""
        message = SamplingMessage(role="user", content=TextContent(type="text", text=question.text))
        params = CreateMessageRequestParams(
            messages=[message], system_prompt=question.system, max_tokens=_MOST_TOKENS
        )
        request = CreateMessageRequest(params=params)
        if not _asks_by_answers(self._context):
            return await self._request(request)
        response = (self._context.input_responses or {}).get(_KEY)
        if isinstance(response, CreateMessageResult):
            return _reply(response)
        if self._context.request_state is None:
            self.asking = InputRequiredResult(input_requests={_KEY: request}, request_state=_ASKED)
        return NoReply("the client returned no answer from its model")

    async def _request(self, request: CreateMessageRequest) -> Reply | NoReply:
        related = ServerMessageMetadata(related_request_id=self._context.request_id)
        try:
            return _reply(
                await self._context.session.send_request(request, CreateMessageResult, metadata=related)
            )
        except MCPError as error:
            return NoReply(f"the client refused: {cut(str(error), 200)}")
        except ValidationError:
            return NoReply("the client's answer is not text from a model")


def client_model(context: ToolContext) -> ClientModel | None:
    """Return the client's model, None if the client offers none or can't be reached."""
    capabilities = context.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        return None
    return ClientModel(context) if _asks_by_answers(context) or context.session.can_send_request else None


def _asks_by_answers(context: ToolContext) -> bool:
    version = context.protocol_version
    return version is not None and is_version_at_least(version, _BY_ANSWERS)


def _reply(result: CreateMessageResult) -> Reply | NoReply:
    if not isinstance(result.content, TextContent):
        return NoReply("the client's model answered without text")
    return Reply(result.content.text, cut(result.model, 80) or None)
