"""The interface of every runner."""

from typing import TYPE_CHECKING, Protocol

from k6_mcp.models.outcome import Emit, Outcome, StopReason
from k6_mcp.models.plan import Planned, RunPlan
from k6_mcp.models.script import Script

if TYPE_CHECKING:
    from k6_mcp.models.service_answers import Component


class Runner(Protocol):
    """Executes scripts with k6 somewhere and leaves each run's files in the workspace that it was given.

    It knows nothing of verdicts, history or callers.
    """

    async def plan(self, run_id: str, script: Script) -> Planned | Outcome:
        """Write the script to its run's folder and return k6's plan of it, or how k6 refused it.

        No traffic is sent. Both answers name the version of k6.

        Raises:
            LimitExceeded: If the script's options are too large to be handed to the run.
            K6NotFound: If there is no k6.
            K6TooOld: If it is older than supported.
        """
        ...

    async def run(self, work: RunPlan, emit: Emit) -> Outcome:
        """Run to the end, emitting events; never raises for anything k6 or the script does.

        A request to stop in the workspace ends the run gracefully. When cancelled, k6 is killed at once.
        """
        ...

    def stop(self, run_id: str, reason: StopReason) -> None:
        """Request a graceful end of a test; `run` then returns its outcome with this `stop_reason`."""
        ...

    async def health(self) -> "tuple[Component, ...]":
        """Return the state of k6 (where it is, which version) and of the browser for k6/browser."""
        ...

    def close(self) -> None:
        """Give up all resources for running tests; call when no run is left."""
        ...
