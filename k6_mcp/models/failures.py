"""The kinds of failure: one row for each, with every fact that another part looks up by kind.

The rows stand in the order of the documentation. A new kind is a new name in `FailureKind` and a new row.
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
    complete figures of a run prove it. `when` and `next_step` are the words of the documentation (Markdown).
    """

    word: FailureWord
    when: str
    next_step: str
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
        when=(
            "the script does not load, its browser did not start (Browsers), `setup()` or "
            "`teardown()` threw or timed out, every iteration threw, `exec.test.fail()` or "
            "`exec.test.abort()`; `handleSummary()` did not return within 20 s after the load and "
            "was ended, with the figures of k6's time series; k6 needed more memory than "
            "`K6_MCP_MAX_K6_MEMORY_MB` allows; the script makes a metric with the name of one of "
            "k6's own, or its figures contradict each other"
        ),
        next_step="correct the script where the evidence says; `plan_k6_test` names line and column",
        of_script=True,
        ended_early=True,
        unusable="its script failed",
    ),
    "invalid_config": FailureRow(
        word="config",
        when="k6 refuses the script's options or thresholds",
        next_step="correct what is named",
        of_script=True,
        ended_early=True,
        unusable="k6 refused its options",
    ),
    "timed_out": FailureRow(
        word="timeout",
        when=(
            "the run passed its deadline (in `handleSummary()` that is a `script_error`), or the "
            "script did not load in time: its init code did not end, or it waited for an import "
            "from a URL; or k6 did not finish its own summary"
        ),
        next_step=(
            "shorten the plan, find iterations that never end, see whether the imported server "
            "answers, make fewer metrics, or raise `K6_TIMEOUT`"
        ),
        ended_early=True,
        unusable="it was ended at the server's time limit",
    ),
    "stopped_externally": FailureRow(
        word="stopped",
        when=(
            "a signal or the out-of-memory killer ended k6, not this server; or something held it "
            "(SIGSTOP, a debugger) for 10 % of the run or more"
        ),
        next_step="find out what did; use fewer VUs if it was memory",
        ended_early=True,
        unusable="something outside stopped it",
    ),
    "target_unreachable": FailureRow(
        word="network",
        when=(
            "not one request got an answer: DNS, refused, TLS, timeout; `errors` has k6's "
            "error_code. In a test without HTTP requests: not one WebSocket session or gRPC "
            "connection, or not one request of a browser"
        ),
        next_step="start the target or correct host and port",
        of_target=True,
        unusable="it never reached its target",
    ),
    "thresholds_exceeded": FailureRow(
        word="threshold",
        when="a threshold was crossed; each with metric, expression, observed value",
        next_step=(
            "improve the target, lower the load (give it more where it was to reach a rate or a "
            "number), or change the objective"
        ),
        of_target=True,
    ),
    "target_failing": FailureRow(
        word="target",
        when=(
            "answers came, not one was successful, and no threshold asked about that; also when "
            "every WebSocket handshake was refused, not one gRPC call ended as OK (`grpc` has the "
            "statuses), or not one page of a browser was loaded with success; or the target only "
            "redirects, until k6 gives up, or answers 101 unasked"
        ),
        next_step=(
            "look at one request; `expected_statuses` if that was right, for gRPC a threshold on "
            "`checks` or on `grpc_req_duration{status:5}`, for browsers one on `checks` or on "
            "`browser_http_req_failed`"
        ),
        of_target=True,
        no_baseline="none of its requests succeeded",
    ),
    "load_not_delivered": FailureRow(
        word="load",
        when=(
            "more than 1 %, 10 % of the planned iterations were not started; with the likely "
            "cause: CPU, cap, VU pool, a target that became slow, or is slower than the limit "
            "that the pool has room for"
        ),
        next_step="warning, critical",
        of_target=True,
        no_example="it was under another load than was asked for",
        needs_all_figures=True,
    ),
    "no_samples": FailureRow(
        word="no_samples",
        when=(
            "a threshold had nothing to judge, or not one iteration finished; or a script with "
            "`k6/net/grpc` had not one call, request or session counted: k6 leaves out calls that "
            "pass their timeout; or browsers requested nothing and nothing else was measured"
        ),
        next_step=(
            "correct metric or tag names; make the test longer than an iteration; see whether the "
            "target answers calls in time"
        ),
        unusable="it measured nothing",
        needs_all_figures=True,
    ),
    "k6_crashed": FailureRow(
        word="crash",
        when="k6 panicked or ended in a way it does not define",
        next_step="run it again; try another k6 (`K6_BIN`)",
        ended_early=True,
        unusable="k6 crashed",
    ),
    "internal": FailureRow(
        word="internal",
        when=(
            "a fault of k6-mcp itself, or of its disk; the figures end before k6 did, as on a "
            "full disk or in a folder that was removed"
        ),
        next_step="`check_health`; the log on stderr",
        ended_early=True,
        unusable="k6-mcp failed during it",
    ),
}
