"""What can be asked about runs once they are kept: one method per question."""

from collections.abc import Awaitable, Callable

from k6_mcp.advice.advisor import Advisor
from k6_mcp.analysis.explain import explain
from k6_mcp.history.history import History
from k6_mcp.models.findings import Advice
from k6_mcp.models.reports import Component, Explanation
from k6_mcp.models.run import Run
from k6_mcp.settings import Settings

GetRun = Callable[[str], Awaitable[Run]]


class Insights:
    """Answers from kept runs (and running ones as they stand); starts no traffic."""

    def __init__(self, get: GetRun, history: History, settings: Settings) -> None:
        self._get = get
        self._history = history
        self._settings = settings

    async def explain(self, run_id: str, *, use_ai: bool = False, advisor: Advisor | None = None) -> Explanation:
        """Return a run's verdict in words; raises UnknownRun.

        With `use_ai` a model words it too: the one that the settings name, else `advisor`, the asker's own.
        """
        run = await self._get(run_id)
        explanation = explain(run)
        if not use_ai:
            return explanation
        return explanation.model_copy(update={"advice": await self._advice(run, explanation, advisor)})

    def advice_health(self) -> Component:
        """Return which model would be asked for advice; asks nobody."""
        from k6_mcp.advice.choose import advice_health

        return advice_health(self._settings.ai)

    async def _advice(self, run: Run, explanation: Explanation, own: Advisor | None) -> Advice:
        from k6_mcp.advice.advise import advise
        from k6_mcp.advice.choose import choose

        chosen = choose(self._settings.ai, own)
        if isinstance(chosen, str):
            return Advice(state="unavailable", reason=chosen)
        return await advise(run, explanation, chosen, self._settings.ai.timeout_s)
