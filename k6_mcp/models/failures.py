"""The kinds of failure: one row each, with every fact that other modules look up by kind.

A new kind is a new name in `FailureKind`, a new row here and a row in docs/statuses.md.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

FailureKind = Literal[
    "script_error",
    "invalid_config",
    "timed_out",
    "stopped_externally",
    "target_unreachable",
    "thresholds_exceeded",
    "target_failing",
    "load_not_delivered",
    "no_samples",
    "k6_crashed",
    "internal",
]
FailureWord = Literal[
    "threshold",
    "network",
    "script",
    "config",
    "timeout",
    "stopped",
    "target",
    "load",
    "no_samples",
    "crash",
    "internal",
]


# A named tuple, because every one-shot answer waits for this class, and a dataclass takes longer to make.
class FailureRow(NamedTuple):
    """The facts about every failure of one kind.

    `word` is the kind in the one-shot protocol. `of_target` means that the failure is a result about the
    target: a gate calls it `breached` and JUnit `failure`. Otherwise the test itself did not work, which they
    call `errored` and `error`. `of_script` means that the script or its options are at fault, `ended_early`
    that the test did not reach its planned end. `unusable` is why a comparison can't use the figures, empty
    if it can. For figures that can be compared, `no_baseline` is why the run can't be a baseline, and
    `no_example` is why it does not show how much an unchanged test varies. `needs_all_figures` means that
    only the complete figures of a run prove the failure.
    """

    word: FailureWord
    of_target: bool = False
    of_script: bool = False
    ended_early: bool = False
    unusable: str = ""
    no_baseline: str = ""
    no_example: str = ""
    needs_all_figures: bool = False


FAILURES: Mapping[FailureKind, FailureRow] = {
    "script_error": FailureRow(
        word="script",
        of_script=True,
        ended_early=True,
        unusable="its script failed",
    ),
    "invalid_config": FailureRow(
        word="config",
        of_script=True,
        ended_early=True,
        unusable="k6 refused its options",
    ),
    "timed_out": FailureRow(
        word="timeout",
        ended_early=True,
        unusable="it was stopped at the server's time limit",
    ),
    "stopped_externally": FailureRow(
        word="stopped",
        ended_early=True,
        unusable="something outside stopped it",
    ),
    "target_unreachable": FailureRow(
        word="network",
        of_target=True,
        unusable="it never reached its target",
    ),
    "thresholds_exceeded": FailureRow(
        word="threshold",
        of_target=True,
    ),
    "target_failing": FailureRow(
        word="target",
        of_target=True,
        no_baseline="none of its requests succeeded",
    ),
    "load_not_delivered": FailureRow(
        word="load",
        of_target=True,
        no_example="its load was not the requested one",
        needs_all_figures=True,
    ),
    "no_samples": FailureRow(
        word="no_samples",
        unusable="it measured nothing",
        needs_all_figures=True,
    ),
    "k6_crashed": FailureRow(
        word="crash",
        ended_early=True,
        unusable="k6 crashed",
    ),
    "internal": FailureRow(
        word="internal",
        ended_early=True,
        unusable="k6-mcp itself failed",
    ),
}
