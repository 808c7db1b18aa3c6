import pytest

from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.outcome import LogDigest, LogMessage, Outcome
from k6_mcp.models.plan import MemoryLimit
from lab.sample_runs import metrics, outcome, plan, said, threshold

GOOD = metrics(threshold())
_HUNG = LogMessage(
    "error",
    "failed to handle the end-of-test summary: handleSummary() execution timed out after 20 seconds",
    1,
)
NOTHING_DONE = metrics(iterations=0, iterations_interrupted=2, requests=2)
NO_FIGURES = metrics(source="none", requests=0, iterations=0, latency=None, error_rate=None)


_STARVED = LogDigest(out_of_memory=True, went_running=True)


def _refused_script(cause: str, exit_code: int) -> Outcome:
    return outcome(exit_code, phase="plan", log=LogDigest(cause=cause))


# what the exit code alone means: (outcome, metrics, kind, text in the message)
_ENDINGS: tuple[tuple[Outcome, Metrics | None, FailureKind, str], ...] = (
    (
        _refused_script("GoError: file:///data/runs/r-1/script.js: Line 1:28 Unexpected end of input", 107),
        None,
        "script_error",
        "script.js: Line 1:28",
    ),
    (
        outcome(107, log=LogDigest(cause="Error: boom in init\n\tat file:///a/script.js:1:7(12)")),
        NO_FIGURES,
        "script_error",
        "does not load",
    ),
    (_refused_script("no exported functions in script", 255), None, "script_error", "no exported functions"),
    (
        outcome(255, log=LogDigest(cause='The moduleSpecifier "/x.js" couldn\'t be found on local disk.')),
        None,
        "script_error",
        "moduleSpecifier",
    ),
    (outcome(255, log=LogDigest(cause="invalid output type 'x'")), None, "internal", "invalid output"),
    (_refused_script('strconv.ParseInt: parsing "abc": invalid syntax', 104), None, "invalid_config", "abc"),
    (
        outcome(107, log=said("Error: boom\n\tat setup (file:///a/script.js:1:7(12))")),
        NOTHING_DONE,
        "script_error",
        "setup() threw",
    ),
    (
        outcome(107, log=said("Error: boom\n\tat teardown (file:///a/script.js:1:7(12))")),
        GOOD,
        "script_error",
        "teardown() threw",
    ),
    (outcome(107, log=said("Error: boom")), GOOD, "script_error", "teardown() threw"),
    (
        outcome(255, log=said("Uncaught (in promise) Error: boom\n\tat setup (file:///a/script.js:1:7(12))")),
        NOTHING_DONE,
        "script_error",
        "setup() threw",
    ),
    (outcome(255, log=said("Uncaught (in promise) no")), GOOD, "script_error", "teardown() threw"),
    (outcome(107, log=said("Error: boom")), NOTHING_DONE, "script_error", "setup() threw"),
    (
        outcome(100, log=said("setup() execution timed out after 1 seconds")),
        GOOD,
        "script_error",
        "setup() timed out",
    ),
    (outcome(101), GOOD, "script_error", "teardown() timed out"),
    (outcome(102), GOOD, "script_error", "timed out"),
    (
        outcome(108, log=said("test aborted: enough at default (file:///a/script.js)")),
        GOOD,
        "script_error",
        "enough",
    ),
    (
        outcome(108, log=said("error building browser on IterStart: couldn't detect google chrome")),
        GOOD,
        "script_error",
        "browser",
    ),
    (outcome(110, log=said("test run was marked as failed")), GOOD, "script_error", "exec.test.fail()"),
    (
        outcome(105, log=said("test run was aborted because k6 received a 'terminated' signal")),
        GOOD,
        "stopped_externally",
        "a signal",
    ),
    (outcome(103), GOOD, "stopped_externally", "REST"),
    (outcome(-9), GOOD, "stopped_externally", "SIGKILL"),
    (outcome(137), GOOD, "stopped_externally", "SIGKILL"),
    (outcome(-15), NO_FIGURES, "stopped_externally", "SIGTERM"),
    (outcome(-2), NO_FIGURES, "stopped_externally", "SIGINT"),
    (outcome(-1), NO_FIGURES, "stopped_externally", "SIGHUP"),
    (outcome(-11), GOOD, "k6_crashed", "SIGSEGV"),
    (outcome(-6), GOOD, "k6_crashed", "SIGABRT"),
    (outcome(109), GOOD, "k6_crashed", "go panic"),
    (outcome(2), NO_FIGURES, "k6_crashed", "exit code 2"),
    (
        outcome(2, log=_STARVED, memory_limit=MemoryLimit(1200)),
        NO_FIGURES,
        "script_error",
        "more than the 1200 MB of memory",
    ),
    (
        outcome(-6, log=_STARVED, memory_limit=MemoryLimit(700, of_server=True)),
        GOOD,
        "internal",
        "limited to 700 MB of address space",
    ),
    (outcome(2, log=_STARVED), NO_FIGURES, "stopped_externally", "gave k6 no more memory"),
    (outcome(0, stop_reason="unplanned"), GOOD, "script_error", "more VUs than it had planned"),
    (outcome(42), GOOD, "k6_crashed", "42"),
    (outcome(None), GOOD, "k6_crashed", "is unknown"),
    (outcome(None, spawn_error="Exec format error"), None, "internal", "Exec format error"),
    (outcome(127), None, "internal", "could not be started"),
    (outcome(106), None, "internal", "106"),
    (outcome(97), GOOD, "internal", "97"),
    (outcome(98), GOOD, "internal", "98"),
    (outcome(0), NO_FIGURES, "internal", "k6 ended with exit code 0 but left no figures"),
    (outcome(0), None, "internal", "no figures"),
    (outcome(99), NO_FIGURES, "internal", "no figures"),
    (outcome(105, stop_reason="deadline"), GOOD, "timed_out", "deadline"),
    (outcome(-9, stop_reason="deadline", killed=True), GOOD, "timed_out", "killed"),
    (outcome(-2, stop_reason="handle_summary"), GOOD, "script_error", "handleSummary() did not return"),
    (
        outcome(-9, stop_reason="handle_summary", killed=True),
        GOOD,
        "script_error",
        "load and teardown were over",
    ),
    (outcome(0, log=said(None, _HUNG)), GOOD, "script_error", "handleSummary() did not return"),
    (
        outcome(107, log=said("Error: boom\n\tat teardown (file:///a/script.js:1:7(12))", _HUNG)),
        GOOD,
        "script_error",
        "teardown() threw",
    ),
    (
        outcome(None, stop_reason="deadline", killed=True, phase="plan"),
        None,
        "timed_out",
        "had not loaded the script",
    ),
)


@pytest.mark.parametrize(
    ("ended", "figures", "kind", "text"), _ENDINGS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_how_k6_ended_is_told(ended: Outcome, figures: Metrics | None, kind: FailureKind, text: str) -> None:
    verdict = judge(ended, figures, plan())
    assert verdict.status == "failed"
    assert verdict.failure is not None
    failure = verdict.failure
    assert failure.kind == kind
    assert text in failure.message
    assert failure.hint
    assert "/data/" not in failure.message


def test_a_handle_summary_that_returned_just_before_it_was_to_be_ended_is_no_failure() -> None:
    assert judge(outcome(0, stop_reason="handle_summary"), GOOD, plan()).status == "completed"


def test_what_the_load_showed_is_told_beside_a_handle_summary_that_did_not_return() -> None:
    late = metrics(threshold(ok=False), iterations=40, iterations_dropped=60)
    failure = judge(outcome(-2, stop_reason="handle_summary"), late, plan()).failure
    assert failure is not None
    assert (failure.kind, failure.also) == ("script_error", ("thresholds_exceeded", "load_not_delivered"))
