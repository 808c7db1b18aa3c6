"""What can be asked about runs once they are kept: one method per question."""

from collections.abc import Awaitable, Callable

from k6_mcp.analysis.explain import explain
from k6_mcp.history.history import History
from k6_mcp.models.reports import Explanation
from k6_mcp.models.run import Run
from k6_mcp.settings import Settings

GetRun = Callable[[str], Awaitable[Run]]


class Insights:
    """Answers from kept runs (and running ones as they stand); starts no traffic."""

    def __init__(self, get: GetRun, history: History, settings: Settings) -> None:
        self._get = get
        self._history = history
        self._settings = settings

    async def explain(self, run_id: str) -> Explanation:
        """Return a run's verdict in words; raises UnknownRun."""
        return explain(await self._get(run_id))
