"""The answer of a gate in a pipeline: whether the pipeline may go on."""

from typing import Literal, NamedTuple

from k6_mcp.models.base import Model
from k6_mcp.models.comparison import Comparison

GateOutcome = Literal["passed", "breached", "errored", "regressed", "not_comparable"]


class GatePolicy(NamedTuple):
    """What a gate requires beyond the run's own verdict.

    `baseline` is a run id or the name of a test; without it, the baseline of the run's own test is used if
    there is one. `runs` is the number of requested repeats. Without `allow_imported`, runs imported from a
    file never pass, because nobody signed them.
    """

    baseline: str | None = None
    require_baseline: bool = False
    allow_nothing_asserted: bool = False
    runs: int = 1
    allow_imported: bool = False


class GateResult(Model):
    """What a gate decided, and why; `run_id` is the worst run among `run_ids`.

    `breached`: a threshold was crossed, or the target failed otherwise. `errored`: nothing could be judged.
    `new_baseline` is the name of the test whose baseline this run became.
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
