"""What every runner promises."""

from typing import Protocol

from k6_mcp.models.outcome import Emit, Outcome, StopReason
from k6_mcp.models.plan import Plan, RunPlan
from k6_mcp.models.script import Script


class Runner(Protocol):
    """Executes scripts with k6 somewhere; knows nothing of verdicts, history or callers."""

    async def k6_version(self) -> str:
        """Return the version of k6 that would run, e.g. `1.1.0`.

        Raises:
            K6NotFound: If there is no k6.
            K6TooOld: If it is older than supported.
        """
        ...

    async def plan(self, run_id: str, script: Script) -> Plan | Outcome:
        """Write the script to the run's place and ask k6 what it would do, without traffic; an `Outcome` when k6 refuses it."""
        ...

    async def run(self, plan: RunPlan, emit: Emit) -> Outcome:
        """Run to the end, emitting events; never raises for anything k6 or the script does; when cancelled, k6 is killed at once."""
        ...

    def stop(self, run_id: str, reason: StopReason) -> None:
        """Ask a running test to end gracefully; `run` then returns its outcome with this `stop_reason`."""
        ...

    def discard(self, run_id: str) -> None:
        """Remove what `plan` wrote, for a run that will not happen."""
        ...

    def recover(self, run_id: str, emit: Emit) -> Outcome:
        """Return what a run whose owner died has left behind, emitting its record; nothing is executed."""
        ...
