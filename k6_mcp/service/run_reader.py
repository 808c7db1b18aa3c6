"""The access to runs that the questions about runs need."""

from typing import Protocol

from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Timeline


class RunReader(Protocol):
    """Reads kept and running runs by id; callers can pass a run itself to read it only once."""

    async def get(self, run_id: str) -> Run:
        """Return a run; raises UnknownRun."""
        ...

    async def timeline(self, run: Run | str) -> Timeline | None:
        """Return a run over time, or None if nothing was recorded; raises UnknownRun."""
        ...

    async def script(self, run: Run | str) -> str:
        """Return the script of a run without secrets; raises UnknownRun."""
        ...
