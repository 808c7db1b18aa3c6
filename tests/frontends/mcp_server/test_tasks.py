"""The Tasks extension: runs as tasks for clients that know them, plain answers for all others."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import pytest
from mcp import Client, MCPError
from mcp.client import ClientExtension, ClientSession, advertise
from mcp.client.extension import ClaimContext, ResultClaim
from mcp.types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict

from k6_mcp.frontends.mcp_server.tasks import IDENTIFIER
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.connect import SCRIPT, Door, answer, connected, over_every_door, refusal
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6

INVALID_PARAMS = -32602
METHOD_NOT_FOUND = -32601
MISSING_CAPABILITY = -32021


class Wire(Result):
    """Any result, kept as it came."""

    model_config = ConfigDict(extra="allow")


class CreatedTask(Wire):
    """The answer that begins a task."""

    result_type: Literal["task"] = "task"


class TaskParams(RequestParams):
    """Its parameters."""

    task_id: str
    input_responses: dict[str, Any] = {}


class TaskRequest(Request[TaskParams, str]):
    """A request of the extension."""


class TaskClient(ClientExtension):
    """Knows tasks; the tests poll them by hand."""

    identifier = IDENTIFIER

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=CreatedTask, resolve=self._resolve)]

    async def _resolve(self, created: CreatedTask, context: ClaimContext) -> CallToolResult:
        raise AssertionError("every call that can become a task is made by `begin`")


async def begin(client: Client, **arguments: Any) -> dict[str, Any]:
    """Call execute_k6_test and return the task it becomes, as it came."""
    created = await client.session.call_tool("execute_k6_test", {**SCRIPT, **arguments}, allow_claimed=True)
    assert isinstance(created, CreatedTask)
    return created.model_dump(by_alias=True)


async def ask(session: ClientSession, method: str, task_id: str, **answers: Any) -> dict[str, Any]:
    """Send a request of the extension and return its result as it came."""
    request = TaskRequest(method=method, params=TaskParams(task_id=task_id, input_responses=answers))
    return (await session.send_request(request, Wire)).model_dump(by_alias=True)


@over_every_door
async def test_a_run_is_a_task_whose_id_is_the_run_id_and_whose_result_is_the_answer(
    settings: Settings, door: Door
) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, extensions=[TaskClient()], door=door) as client:
        created = await begin(client)
        run_id = created["taskId"]
        working = await ask(client.session, "tasks/get", run_id)
        k6.finish()
        expected = answer(await client.call_tool("get_run", {"run_id": run_id}))
        completed = await ask(client.session, "tasks/get", run_id)
    assert (created["status"], created["ttlMs"], created["pollIntervalMs"]) == ("working", None, 1000)
    assert "result" not in created
    assert (working["resultType"], working["status"], "result" in working) == ("complete", "working", False)
    assert working["statusMessage"]
    assert datetime.fromisoformat(working["createdAt"]) <= datetime.fromisoformat(working["lastUpdatedAt"])
    assert completed["status"] == "completed"
    assert completed["result"]["structuredContent"] == expected
    assert completed["result"]["isError"] is False


async def test_a_cancelled_task_is_a_stopped_run_and_cancelling_again_changes_nothing(
    settings: Settings,
) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, extensions=[TaskClient()]) as client:
        task_id = (await begin(client))["taskId"]
        acknowledged = [await ask(client.session, "tasks/cancel", task_id) for _ in range(2)]
        task = await ask(client.session, "tasks/get", task_id)
        run = answer(await client.call_tool("get_run", {"run_id": task_id}))
    assert [{key for key in ack if key != "_meta"} for ack in acknowledged] == [{"resultType"}] * 2
    assert (task["status"], run["status"]) == ("cancelled", "cancelled")
    assert task_id in task["statusMessage"]
    assert run["figures"]["requests"] == 10


async def test_a_failed_test_is_a_completed_task(settings: Settings) -> None:
    k6 = ScriptedK6()
    async with connected(settings, k6, extensions=[TaskClient()]) as client:
        task_id = (await begin(client, thresholds={"http_reqs": ["count>100"]}))["taskId"]
        k6.finish()
        run = answer(await client.call_tool("get_run", {"run_id": task_id}))
        task = await ask(client.session, "tasks/get", task_id)
    assert task["status"] == "completed"
    assert task["result"]["structuredContent"]["status"] == run["status"]


async def test_what_needs_no_waiting_is_answered_at_once(settings: Settings) -> None:
    async with connected(settings, ScriptedK6(), extensions=[TaskClient()]) as client:
        text = refusal(await client.call_tool("execute_k6_test", {"vus": 0}))
        failed = answer(await client.call_tool("execute_k6_test", {**SCRIPT, "script": "REFUSED"}))
        health = answer(await client.call_tool("check_health", {}))
    assert text.startswith("invalid_arguments: ")
    assert failed["failure"]["kind"] == "script_error"
    assert health["ok"] is True


async def test_answers_to_a_run_that_asks_nothing_are_ignored(settings: Settings) -> None:
    async with connected(settings, ScriptedK6(), extensions=[TaskClient()]) as client:
        task_id = (await begin(client))["taskId"]
        update = await ask(client.session, "tasks/update", task_id, x={"action": "accept"})
        task = await ask(client.session, "tasks/get", task_id)
    assert update["resultType"] == "complete"
    assert task["status"] == "working"


@pytest.mark.parametrize("method", ["tasks/get", "tasks/cancel", "tasks/update"])
async def test_an_unknown_task_is_invalid_params(settings: Settings, method: str) -> None:
    async with connected(settings, ScriptedK6(), extensions=[TaskClient()]) as client:
        with pytest.raises(MCPError, match="no task has the id 'r-nope'") as refused:
            await ask(client.session, method, "r-nope")
    assert refused.value.error.code == INVALID_PARAMS


async def test_a_client_without_the_extension_gets_the_answer_and_no_task_methods(settings: Settings) -> None:
    k6 = ScriptedK6()
    k6.finish()
    async with connected(settings, k6) as client:
        run = answer(await client.call_tool("execute_k6_test", SCRIPT))
        with pytest.raises(MCPError) as refused:
            await ask(client.session, "tasks/get", run["run_id"])
    assert run["status"] == "completed"
    assert refused.value.error.code == MISSING_CAPABILITY


async def test_on_the_2025_wire_there_are_no_tasks(settings: Settings) -> None:
    k6 = ScriptedK6()
    k6.finish()
    async with connected(settings, k6, mode="legacy", extensions=[advertise(IDENTIFIER)]) as client:
        run = answer(await client.call_tool("execute_k6_test", SCRIPT))
        with pytest.raises(MCPError) as refused:
            await ask(client.session, "tasks/get", run["run_id"])
    assert run["status"] == "completed"
    assert refused.value.error.code == METHOD_NOT_FOUND
