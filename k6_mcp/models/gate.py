"""The answer of a gate in a pipeline: may this go on?"""

from typing import Literal, NamedTuple

from k6_mcp.models.base import Model
from k6_mcp.models.comparison import Comparison

GateOutcome = Literal["passed", "breached", "errored", "regressed", "not_comparable"]


class GatePolicy(NamedTuple):
    """What a gate asks for beyond the run's own verdict.

    `baseline` is a run id or the name of a test; without it the baseline of the run's own test is used where
    there is one. `runs` is how many repeats were asked for. Without `allow_imported` no run passes that came
    in a file: nobody signed it.
    """

    baseline: str | None = None
    require_baseline: bool = False
    allow_nothing_asserted: bool = False
    runs: int = 1
    allow_imported: bool = False


class GateResult(Model):
    """What a gate found, and why; `run_id` is the run that went worst among `run_ids`.

    `breached`: a threshold was crossed, or the target failed otherwise. `errored`: nothing could be judged.
    `new_baseline` is the name of the test that this run became the baseline of.
    """

    outcome: GateOutcome
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    run_id: str
    run_ids: tuple[str, ...]
    name: str | None = None
    baseline: str | None = None
    comparison: Comparison | None = None
    new_baseline: str | None = None
