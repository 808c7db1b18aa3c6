"""A gate over kept runs: which runs, against which baseline, and what follows from a pass."""

from collections.abc import Awaitable, Callable, Sequence

from k6_mcp.analysis.many.gate import judge_gate
from k6_mcp.errors import K6McpError
from k6_mcp.history.history import History
from k6_mcp.models.comparison import Baseline, Comparison
from k6_mcp.models.gate import GatePolicy, GateResult
from k6_mcp.models.run import FINAL, Run

Get = Callable[[str], Awaitable[Run]]
Compare = Callable[[str, str | None], Awaitable[Comparison]]
SetBaseline = Callable[[str, str | None], Awaitable[Baseline]]


class Gates:
    """Judges runs with their repeats; what cannot be found out counts against them."""

    def __init__(self, get: Get, history: History, compare: Compare, set_baseline: SetBaseline) -> None:
        self._get = get
        self._history = history
        self._compare = compare
        self._set_baseline = set_baseline

    async def gate(self, run_id: str, policy: GatePolicy) -> GateResult:
        """Return whether a run, with the repeats of its request, passes; raises UnknownRun."""
        run = await self._get(run_id)
        runs = (await self._history.repeats(run_id) if run.repeat_of else ()) or (run,)
        comparison: Comparison | None = None
        trouble: list[str] = []
        try:
            baseline = await self._baseline(runs, policy)
            if baseline and all(each.status in FINAL for each in runs):
                comparison = await self._compare(baseline, runs[0].run_id)
        except K6McpError as error:
            trouble += [f"no comparison with the baseline: {reason}" for reason in error.reasons]
        return judge_gate(runs, comparison, policy, trouble)

    async def accept(self, result: GateResult, name: str | None = None) -> GateResult:
        """Make a run that passed the baseline of its test; where that fails, the gate has not passed."""
        if result.outcome != "passed":
            return result
        try:
            baseline = await self._set_baseline(result.run_ids[0], name)
        except K6McpError as error:
            reasons = tuple(f"it could not become the baseline: {reason}" for reason in error.reasons)
            return result.model_copy(update={"outcome": "errored", "reasons": reasons})
        return result.model_copy(update={"new_baseline": baseline.name})

    async def _baseline(self, runs: Sequence[Run], policy: GatePolicy) -> str | None:
        if policy.baseline is not None:
            return policy.baseline
        name = runs[0].name
        baseline = (await self._history.baselines()).get(name) if name else None
        if baseline is None or baseline.run_id in {run.run_id for run in runs}:
            # A baseline is not compared with itself
            return None
        return baseline.run_id
