"""The kinds of failure: one row for each, with every fact that another part looks up by kind.

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


# A named tuple: it is made on the way to every one-shot answer, where the class of a dataclass costs more.
class FailureRow(NamedTuple):
    """What is known of every failure of one kind.

    `word` is the kind in the one-shot protocol. `of_target` says that the failure is a statement about the
    target: a gate calls it `breached` and JUnit `failure`; else the test itself did not work, which they call
    `errored` and `error`. `of_script` says that the script or its options are at fault, `ended_early` that
    the test did not come to its planned end. `unusable` is why a comparison cannot use the figures, empty
    where it can; `no_baseline` and `no_example` are why the run is not a baseline, or no measure of how much
    an unchanged test varies, where its figures can be compared. `needs_all_figures` says that only the
    complete figures of a run prove it.
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
