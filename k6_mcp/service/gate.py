"""A gate over kept runs: choose the runs and the baseline, and accept a run that passed."""

from collections.abc import Sequence

from k6_mcp.analysis.many.gate import judge_gate
from k6_mcp.errors import K6McpError
from k6_mcp.history.history import History
from k6_mcp.models.comparison import Comparison
from k6_mcp.models.gate import GatePolicy, GateResult
from k6_mcp.models.run import FINAL, Run
from k6_mcp.service.comparison import Comparisons
from k6_mcp.service.run_reader import RunReader


class Gates:
    """Judges runs with their repeats; when in doubt, the gate does not pass."""

    def __init__(self, runs: RunReader, comparisons: Comparisons, history: History) -> None:
        self._runs = runs
        self._comparisons = comparisons
        self._history = history

    async def gate(self, run_id: str, policy: GatePolicy) -> GateResult:
        """Return whether a run, with the repeats of its request, passes; raises UnknownRun."""
        run = await self._runs.get(run_id)
        runs = (await self._history.repeats(run_id) if run.repeat_of else ()) or (run,)
        comparison: Comparison | None = None
        trouble: list[str] = []
        try:
            baseline = await self._baseline(runs, policy)
            if baseline and all(each.status in FINAL for each in runs):
                comparison = await self._comparisons.compare(baseline, runs[0].run_id)
        except K6McpError as error:
            trouble += [f"no comparison with the baseline: {reason}" for reason in error.reasons]
        return judge_gate(runs, comparison, policy, trouble)

    async def accept(self, result: GateResult, name: str | None = None) -> GateResult:
        """Make a run that passed the baseline of its test; where that fails, the gate has not passed."""
        if result.outcome != "passed":
            return result
        try:
            baseline = await self._comparisons.set_baseline(result.run_ids[0], name)
        except K6McpError as error:
            reasons = tuple(f"it could not become the baseline: {reason}" for reason in error.reasons)
            return result.changed(outcome="errored", reasons=reasons)
        return result.changed(new_baseline=baseline.name)

    async def _baseline(self, runs: Sequence[Run], policy: GatePolicy) -> str | None:
        if policy.baseline is not None:
            return policy.baseline
        name = runs[0].name
        baseline = (await self._history.baselines()).get(name) if name else None
        if baseline is None or baseline.run_id in {run.run_id for run in runs}:
            # A baseline is not compared with itself.
            return None
        return baseline.run_id
