"""What every runner promises."""

from collections.abc import Callable
from typing import Protocol

from k6_mcp.models.outcome import Emit, Outcome, StopReason
from k6_mcp.models.plan import Planned, RunPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.models.service_answers import Component


class Runner(Protocol):
    """Executes scripts with k6 somewhere; knows nothing of verdicts, history or callers."""

    async def k6_version(self) -> str:
        """Return the version of k6 that would run, e.g. `1.1.0`.

        Raises:
            K6NotFound: If there is no k6.
            K6TooOld: If it is older than supported.
        """
        ...

    def begun(self, script: Script) -> str | None:
        """Return the id of the run for which the plan of exactly this script is being made already, None if
        there is none.
        """
        ...

    async def plan(self, run_id: str, script: Script) -> Planned | Outcome:
        """Write the script to the run's place and ask k6 what it would do, without traffic; an `Outcome` when
        k6 refuses it.

        Raises:
            LimitExceeded: If the script's options are too large to be handed to the run.
            K6NotFound: If there is no k6.
            K6TooOld: If it is older than supported.
        """
        ...

    async def run(self, plan: RunPlan, emit: Emit) -> Outcome:
        """Run to the end, emitting events; never raises for anything k6 or the script does; when cancelled,
        k6 is killed at once.
        """
        ...

    def stop(self, run_id: str, reason: StopReason) -> None:
        """Ask a running test to end gracefully; `run` then returns its outcome with this `stop_reason`."""
        ...

    def discard(self, run_id: str) -> None:
        """Remove what `plan` wrote, for a run that will not happen."""
        ...

    def elsewhere(self, run_id: str) -> RunFolder | None:
        """Return where a run's files are that could not be written into the results folder, None for all
        others.
        """
        ...

    def brought_home(self, run_id: str) -> None:
        """Give up the files that `elsewhere` told, for the results folder has them now."""
        ...

    def recover(self, run_id: str, take: Callable[[str], None]) -> Outcome:
        """Return what a run whose owner died has left behind; `take` gets the lines of its record. Nothing is
        executed.
        """
        ...

    def follow(self, run_id: str, take: Callable[[str], None]) -> Callable[[], bool]:
        """Return what gives `take`, at each call, the lines that came since the last one to a run's record,
        whoever runs it.

        It returns False when the record is not there or another one has taken its place; who follows begins
        anew then. It blocks.
        """
        ...

    def seal(self, run_id: str, script: Script) -> None:
        """Take the secrets out of what stays of a run that is over."""
        ...

    def log(self, run_id: str) -> str:
        """Return k6's log of a run, capped, without secrets; empty when there is none."""
        ...

    def script(self, run_id: str) -> str:
        """Return the stored script of a run without secrets; empty when there is none."""
        ...

    def request_stop(self, run_id: str) -> None:
        """Ask whichever process owns the run to stop it."""
        ...

    def stop_requested(self, run_id: str) -> bool:
        """Return whether another process has asked to stop the run."""
        ...

    async def health(self) -> Component:
        """Return whether k6 is there, where, and which version."""
        ...

    async def browser_health(self) -> Component:
        """Return whether scripts that use k6/browser find a browser that starts."""
        ...

    def close(self) -> None:
        """Give up what is held for running tests; call when none is left."""
        ...
