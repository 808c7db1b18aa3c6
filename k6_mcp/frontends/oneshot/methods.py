"""What one-shot requests can ask for: each method turns its params into a call of the service and the result
into an answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from k6_mcp.errors import Interrupted
from k6_mcp.frontends.oneshot.call import LONGEST_WAIT_S
from k6_mcp.frontends.oneshot.request import EXECUTING, load_arguments
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import FINAL, Run

# A process for one test waits for each import
if TYPE_CHECKING:
    from k6_mcp.answers.oneshot import OneShotAnswer
    from k6_mcp.frontends.oneshot.call import Call, Starts
    from k6_mcp.models.request import LoadTest
    from k6_mcp.runners.signals import Stop

_ASK_AGAIN = "ask a new process again"
# Half of the time that the shortest run of k6 takes
_K6_RUNS_S = 0.02


async def answer(call: Call) -> OneShotAnswer:
    """Return the answer to one call of a method in `METHODS`; raises K6McpError."""
    if call.method in EXECUTING:
        return await _execute(call)
    from k6_mcp.frontends.oneshot.queries import ask

    return await ask(call)


async def _execute(call: Call) -> OneShotAnswer:
    """Run a test to its end, however long that takes; asked to stop, or without a reader, k6 is stopped
    gracefully.
    """
    test = parse_load_test(load_arguments(call.params), judge=call.service.excess)
    run = await started(call.service, test, call.stop)
    stopper = asyncio.create_task(_stop_when_asked(call, run.run_id))
    preparing = asyncio.create_task(_prepare_answer())

    def notice_a_gone_reader(_: Run) -> None:
        if call.reader_gone():
            call.stop.ask()

    try:
        while run.status not in FINAL:
            run = await call.service.wait(run.run_id, LONGEST_WAIT_S, notice_a_gone_reader)
    finally:
        stopper.cancel()
        preparing.cancel()
    from k6_mcp.answers.oneshot import answer_run

    return answer_run(run)


async def started(service: Starts, test: LoadTest, stop: Stop) -> Run:
    """Start the test; asked to stop meanwhile, what k6 does for its plan is ended and nothing runs. Raises
    K6McpError.
    """
    starting, asked = asyncio.create_task(service.start(test)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((starting, asked), return_when=asyncio.FIRST_COMPLETED)
        if stop.asked:
            starting.cancel()
        return await starting
    except asyncio.CancelledError:
        if not stop.asked:
            raise
        raise Interrupted(
            "this process was asked to end before the test had begun; nothing was run", hint=_ASK_AGAIN
        ) from None
    finally:
        starting.cancel()
        asked.cancel()


async def _prepare_answer() -> None:
    """Import what the answer is made with while k6 runs, which takes longer: the client then waits less for
    it.
    """
    await asyncio.sleep(_K6_RUNS_S)
    from k6_mcp.answers.oneshot import OneShotAnswer

    OneShotAnswer.model_rebuild()


async def _stop_when_asked(call: Call, run_id: str) -> None:
    await call.stop.wait()
    await call.service.stop(run_id)
