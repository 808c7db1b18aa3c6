"""What the questions about runs need of the service."""

from typing import Protocol

from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Timeline


class RunReader(Protocol):
    """Reads runs, kept or still running; a run is named by its id, or given whole to be read only once."""

    async def get(self, run_id: str) -> Run:
        """Return a run; raises UnknownRun."""
        ...

    async def timeline(self, run: Run | str) -> Timeline | None:
        """Return a run over time, None if nothing was recorded; raises UnknownRun."""
        ...

    async def script(self, run: Run | str) -> str:
        """Return the script of a run without secrets; raises UnknownRun."""
        ...
