"""Advice on a run: one question to a model within a time limit, at most one retry, a checked answer.

Every failure is reported in the advice itself; none is raised.
"""

from functools import partial

import anyio

from k6_mcp.advice.advisor import Advisor, NoReply, Question, Reply
from k6_mcp.advice.facts import facts_of
from k6_mcp.advice.prompt import question_of
from k6_mcp.advice.reply import Unusable, read_reply
from k6_mcp.models.findings import Advice
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.wording import number

_PAUSE_S = 0.5
# A provider that requests a longer pause is not tried again: the client is waiting
_LONGEST_PAUSE_S = 5.0


async def advise(run: Run, explanation: Explanation, advisor: Advisor, timeout_s: float) -> Advice:
    """Return the advisor's text about a run, or the reason why there is none.

    One more try is made where it may help (429, 5xx, no connection), within the same `timeout_s`. The
    findings are reported in any case.
    """
    advice = partial(Advice, provider=advisor.provider, model=advisor.model)
    if run.status not in FINAL:
        return advice(state="unavailable", reason=f"the test is {run.status}; call again when it has ended")
    facts = facts_of(run, explanation)
    outcome: Reply | NoReply = NoReply(f"no answer within {number(timeout_s)} s (K6_MCP_AI_TIMEOUT)")
    with anyio.move_on_after(timeout_s):
        outcome = await _ask(advisor, question_of(facts))
    if isinstance(outcome, NoReply):
        return advice(state="failed", reason=outcome.reason)
    model = outcome.model or advisor.model
    try:
        return advice(state="written", model=model, text=read_reply(outcome.text, facts))
    except Unusable as error:
        return advice(state="rejected" if error.rejected else "failed", model=model, reason=str(error))


async def _ask(advisor: Advisor, question: Question) -> Reply | NoReply:
    outcome = await advisor.ask(question)
    if isinstance(outcome, Reply) or not outcome.again:
        return outcome
    if (pause_s := _PAUSE_S if outcome.pause_s is None else outcome.pause_s) > _LONGEST_PAUSE_S:
        return outcome
    await anyio.sleep(pause_s)
    outcome = await advisor.ask(question)
    return outcome if isinstance(outcome, Reply) else NoReply(f"{outcome.reason}; tried twice")
