"""The methods of one-shot requests: every use case, by its name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from k6_mcp.frontends.oneshot.request import EXECUTING, load_arguments
from k6_mcp.frontends.use_cases.catalog import use_case
from k6_mcp.frontends.use_cases.waiting import started, until_final
from k6_mcp.models.argument_rules import parse_load_test

# Every import delays a process that runs one test.
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from k6_mcp.answers.oneshot import OneShotAnswer
    from k6_mcp.models.run import Run
    from k6_mcp.runners.signals import Stop
    from k6_mcp.service.load_tests import LoadTests

# The maximum size of the line with a page of the history.
_PAGE_BYTES = 10_240
# Half of the shortest run.
_K6_RUNS_S = 0.02


class Call(NamedTuple):
    """A request and its context; `reader_gone` returns whether nobody can read the answer any more."""

    service: LoadTests
    method: str
    params: Mapping[str, object]
    stop: Stop
    reader_gone: Callable[[], bool]


async def answer(call: Call) -> OneShotAnswer:
    """Return the answer to a call of one of `METHODS`; raises K6McpError."""
    return await (_execute(call) if call.method in EXECUTING else _ask(call))


async def _execute(call: Call) -> OneShotAnswer:
    """Run a test to its end; a stop, or a reader that is gone, ends k6 gracefully."""
    test = parse_load_test(load_arguments(call.params), judge=call.service.excess)
    run = await started(call.service, test, call.stop)
    preparing = asyncio.create_task(_prepare_answer())

    def notice_a_gone_reader(_: Run) -> None:
        if call.reader_gone():
            call.stop.ask()

    try:
        run = await until_final(call.service, run, call.stop, notice_a_gone_reader)
    finally:
        preparing.cancel()
    from k6_mcp.answers.oneshot import answer_run

    return answer_run(run)


async def _prepare_answer() -> None:
    """Import the code of the answer while k6 runs, so that the client waits less for the answer."""
    await asyncio.sleep(_K6_RUNS_S)
    from k6_mcp.answers.oneshot import OneShotAnswer

    OneShotAnswer.model_rebuild()


async def _ask(call: Call) -> OneShotAnswer:
    from k6_mcp.answers.oneshot import to_line
    from k6_mcp.answers.oneshot_results import answer_result
    from k6_mcp.frontends.use_cases.declaration import ONE_SHOT, Caller

    def share(result: object) -> float:
        return len(to_line(answer_result(result))) / _PAGE_BYTES

    case = use_case(call.method)
    params = load_arguments(call.params) if case.takes_load_test else call.params
    return answer_result(await case.run(Caller(call.service, ONE_SHOT, share=share), params))
