"""How a k6 process ended, if that alone is a failure.

Thresholds are never judged by the exit code.
"""

import re
import signal
from collections.abc import Callable, Mapping

from k6_mcp.analysis.verdict.browser_start import browser_not_started
from k6_mcp.analysis.verdict.case import IN_PROMISE, Case, Cause, log_lines, said
from k6_mcp.models.exit_codes import FINISHED, GO_RUNTIME_CRASH, UNCODED, ExitCode, describe, signal_of
from k6_mcp.models.plan import HANDLE_SUMMARY_TIMEOUT_S
from k6_mcp.models.wording import count, number, quoted

_SEE_LOG = 'get_run with detail="log" has everything k6 logged'
_FIX_SCRIPT = f"correct the script and check it with plan_k6_test, which sends no traffic; {_SEE_LOG}"
_MAKING_A_VU = "error while initializing VU"
_STAGE = re.compile(r"at (setup|teardown) \(")
_STOPPING = frozenset(
    {
        signal.SIGKILL,
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGXCPU,
        signal.SIGPIPE,
    }
)
_SCRIPT_NOT_USABLE = re.compile(r"no exported functions|moduleSpecifier|could not load|could not initialize")
# Exit codes of the shell that starts k6
_NOT_STARTED = (126, 127)


def ending(case: Case) -> Cause | None:
    """Return what is wrong with how k6 ended, None if it ended as it should."""
    outcome = case.outcome
    if outcome.spawn_error is not None or outcome.exit_code in _NOT_STARTED:
        return Cause(
            "internal",
            "k6 could not be started:"
            f" {quoted(outcome.spawn_error or outcome.log.cause or 'no reason given')}",
            "check_health shows which k6 is used and whether it works",
        )
    if outcome.stop_reason == "unplanned":
        return _unplanned(case)
    if outcome.stop_reason == "deadline" and not case.ended_by_itself:
        return _timed_out(case)
    if case.summary_timed_out and case.load_was_over:
        return _summary_timed_out(case)
    if outcome.log.out_of_memory and outcome.exit_code is not None:
        return _out_of_memory(case)
    if outcome.exit_code is None:
        return Cause(
            "k6_crashed", "how k6 ended is unknown: the server that ran it is gone", "run the test again"
        )
    if signal_of(outcome.exit_code):
        return _killed(case, outcome.exit_code)
    return _BY_CODE.get(outcome.exit_code, _unknown)(case)


def _unplanned(case: Case) -> Cause:
    vus = count(case.plan.max_vus, "VU") if case.plan else "its VUs"
    message = f"k6 used more VUs than it had planned ({vus}) and was stopped; figures up to then are kept"
    return Cause(
        "script_error",
        message,
        f"declare the whole load in the script's options; {_SEE_LOG}",
        _cause_lines(case),
    )


def _out_of_memory(case: Case) -> Cause:
    limit, kept = (
        case.outcome.memory_limit,
        "" if case.outcome.phase == "plan" else "; figures up to then are kept",
    )
    evidence = _cause_lines(case)
    if limit is None:
        hint = "use fewer VUs, discardResponseBodies, or a machine with more memory"
        return Cause(
            "stopped_externally", f"the system gave k6 no more memory, and k6 ended{kept}", hint, evidence
        )
    if limit.of_server:
        message = (
            f"k6 ran out of memory: the server's own process is limited to {limit.mb} MB of address"
            f" space{kept}"
        )
        return Cause(
            "internal",
            message,
            "raise `ulimit -v` (or the service's LimitAS) for the server: k6 alone reserves 2 GB",
            evidence,
        )
    where = "loading the script" if case.outcome.phase == "plan" else "running it"
    return Cause(
        "script_error",
        f"k6 needed more than the {limit.mb} MB of memory that it may use for {where}, and ended{kept}",
        "look for what grows without end (endless recursion, arrays), load data with SharedArray, use"
        " discardResponseBodies or fewer VUs; K6_MCP_MAX_K6_MEMORY_MB in the server's environment sets the"
        " limit",
        evidence,
    )


def _timed_out(case: Case) -> Cause:
    outcome = case.outcome
    seconds = number((outcome.ended_at - outcome.started_at).total_seconds(), 3)
    if outcome.phase == "plan":
        return Cause(
            "timed_out", f"k6 had not loaded the script after {seconds} s and was killed", _FIX_SCRIPT
        )
    after = "killed, because it did not end on request" if outcome.killed else "stopped"
    return Cause(
        "timed_out",
        f"the run passed its deadline and was {after} after {seconds} s; figures up to then are kept",
        "plan a shorter load, or look for iterations that never end (requests without a timeout, endless"
        " loops); the server's K6_TIMEOUT is the longest time a run may take",
        _cause_lines(case),
    )


def _summary_timed_out(case: Case) -> Cause:
    if case.plan is not None and not case.plan.handler:
        kept = (
            f": there are {count(len(case.metrics.rows), 'metric')}"
            if case.metrics and case.metrics.rows
            else ""
        )
        return Cause(
            "timed_out",
            f"k6 had not made its end-of-test summary {HANDLE_SUMMARY_TIMEOUT_S:g} s after the end and was"
            f" stopped{kept}; load and teardown were over, the figures come from k6's time series",
            "use fewer metrics, groups and checks with different names in the script, or a faster machine"
            " for k6",
        )
    return Cause(
        "script_error",
        "the script's handleSummary() did not return in time and was ended; load and teardown were over, "
        "the figures come from k6's time series",
        "look in handleSummary() for an endless loop, a timer that is never cleared, or slow work: it may"
        f" take {HANDLE_SUMMARY_TIMEOUT_S:g} s (K6_TIMEOUT ends it earlier); {_SEE_LOG}",
        log_lines(message for message in case.outcome.log.messages if "handleSummary" in message.text),
    )


def _killed(case: Case, exit_code: int) -> Cause:
    killed_by = signal_of(exit_code)
    name = killed_by.name if killed_by else "a signal"
    if killed_by not in _STOPPING:
        return Cause(
            "k6_crashed",
            f"k6 crashed with {name}",
            f"run it again; if it crashes again, try another k6 version (K6_BIN); {_SEE_LOG}",
            _cause_lines(case),
        )
    memory = (
        "; most often that is the system's out-of-memory killer: use fewer VUs, discardResponseBodies, or a"
        " machine with more memory"
        if killed_by == signal.SIGKILL
        else ""
    )
    vus = f" ({count(case.plan.max_vus, 'VU')} planned)" if case.plan else ""
    message = f"k6 was killed from outside by {name}{vus}, not by this server; figures up to then are kept"
    return Cause(
        "stopped_externally",
        message,
        f"find out what sent {name}{memory}; then run it again",
        _cause_lines(case),
    )


def _threshold_or_end(case: Case) -> Cause | None:
    """Return a cause only if there are no figures; the end itself is the plan's or an abortOnFail's."""
    if case.figures is not None:
        return None
    return Cause(
        "internal",
        f"k6 ended with {describe(case.outcome.exit_code or 0)} but left no figures",
        "check_health shows whether the disk is full or the results folder cannot be written; then run it"
        " again",
        _cause_lines(case),
    )


def _marked(case: Case) -> Cause:
    message = "the script marked the test as failed with exec.test.fail()"
    return Cause(
        "script_error",
        message,
        f"look for the condition under which the script does that; {_SEE_LOG}",
        _cause_lines(case),
    )


def _aborted(case: Case) -> Cause:
    text = case.outcome.log.cause or ""
    if cause := browser_not_started(case):
        return cause
    message = f"the script ended the test with exec.test.abort(): {said(text) if text else 'no reason given'}"
    return Cause(
        "script_error", message, f"look for the condition under which the script does that; {_SEE_LOG}"
    )


def _vu_not_made(case: Case) -> Cause | None:
    """Return the cause if k6 planned the script but could not create a VU from it.

    Either the script behaves differently there, or k6 cannot write into its options.
    """
    log = case.outcome.log
    if not (log.cause_hint or "").startswith(_MAKING_A_VU):
        return None
    return Cause(
        "script_error",
        f"the script does not load in a VU: {said(log.cause or 'no reason given')}",
        "make the init code do the same in every instance, and export options as a plain object that can be"
        f" changed (not frozen, no Proxy), because k6 writes into it; {_SEE_LOG}",
    )


def _script_exception(case: Case) -> Cause:
    text = case.outcome.log.cause or "no reason given"
    if (not_made := _vu_not_made(case)) is not None:
        return not_made
    stage = _STAGE.search(text)
    if case.outcome.phase == "plan" or (
        stage is None and case.figures is None and not case.outcome.log.went_running
    ):
        return Cause("script_error", f"the script does not load: {said(text)}", _FIX_SCRIPT)
    if stage is None:
        where = "teardown" if case.figures and case.figures.iterations else "setup"
    else:
        where = stage[1]
    not_run = "; no iteration was started" if where == "setup" else "; the load itself had ended"
    return Cause("script_error", f"{where}() threw{not_run}: {said(text)}", f"correct {where}(); {_SEE_LOG}")


def _stage_timeout(where: str, option: str) -> Callable[[Case], Cause]:
    def cause(case: Case) -> Cause:
        hint = f"make {where} faster or raise the script's {option} option; {_SEE_LOG}"
        return Cause("script_error", f"{where} timed out", hint, _cause_lines(case))

    return cause


def _stopped(by: str) -> Callable[[Case], Cause]:
    def cause(case: Case) -> Cause:
        message = f"k6 was stopped from outside by {by}, not by this server; figures up to then are kept"
        hint = (
            "find out what stopped it (a service manager, a container limit, another user); then run it again"
        )
        return Cause("stopped_externally", message, hint, _cause_lines(case))

    return cause


def _invalid_config(case: Case) -> Cause:
    text = case.outcome.log.cause or "no reason given"
    hint = (
        "correct the options, scenarios or thresholds named there; plan_k6_test checks them without traffic"
    )
    return Cause("invalid_config", f"k6 refuses the script's options: {said(text)}", hint)


def _uncoded(case: Case) -> Cause:
    text = case.outcome.log.cause or "no reason given"
    if (not_made := _vu_not_made(case)) is not None:
        return not_made
    # k6 has no exit code for exceptions of async setup() and teardown()
    if text.startswith(IN_PROMISE):
        return _script_exception(case)
    if case.outcome.phase == "plan" or _SCRIPT_NOT_USABLE.search(text):
        return Cause("script_error", f"k6 cannot use the script: {said(text)}", _FIX_SCRIPT)
    return Cause("internal", f"k6 did not accept its command line: {said(text)}", f"check_health; {_SEE_LOG}")


def _crashed(case: Case) -> Cause:
    hint = f"run it again; if it crashes again, try another k6 version (K6_BIN); {_SEE_LOG}"
    return Cause(
        "k6_crashed", f"k6 itself crashed ({describe(case.outcome.exit_code or 0)})", hint, _cause_lines(case)
    )


def _environment(case: Case) -> Cause:
    message = f"k6 ended with {describe(case.outcome.exit_code or 0)}, which a local run should never do"
    return Cause("internal", message, f"run it again; {_SEE_LOG}", _cause_lines(case))


def _unknown(case: Case) -> Cause:
    message = f"k6 ended with {describe(case.outcome.exit_code or 0)}, which it does not define"
    return Cause("k6_crashed", message, f"run it again; {_SEE_LOG}", _cause_lines(case))


def _cause_lines(case: Case) -> tuple[str, ...]:
    log = case.outcome.log
    if log.cause:
        return (f"k6: {said(log.cause)}",)
    return log_lines((message for message in log.messages if message.level in ("error", "fatal", "panic")), 2)


_BY_CODE: Mapping[int, Callable[[Case], Cause | None]] = {
    FINISHED: _threshold_or_end,
    GO_RUNTIME_CRASH: _crashed,
    ExitCode.CLOUD_TEST_RUN_FAILED: _environment,
    ExitCode.CLOUD_FAILED_TO_GET_PROGRESS: _environment,
    ExitCode.THRESHOLDS_HAVE_FAILED: _threshold_or_end,
    ExitCode.SETUP_TIMEOUT: _stage_timeout("setup()", "setupTimeout"),
    ExitCode.TEARDOWN_TIMEOUT: _stage_timeout("teardown()", "teardownTimeout"),
    ExitCode.GENERIC_TIMEOUT: _stage_timeout("a function of the script", "timeout"),
    ExitCode.SCRIPT_STOPPED_FROM_REST_API: _stopped("a call to k6's REST API"),
    ExitCode.INVALID_CONFIG: _invalid_config,
    ExitCode.EXTERNAL_ABORT: _stopped("a signal"),
    ExitCode.CANNOT_START_REST_API: _environment,
    ExitCode.SCRIPT_EXCEPTION: _script_exception,
    ExitCode.SCRIPT_ABORTED: _aborted,
    ExitCode.GO_PANIC: _crashed,
    ExitCode.MARKED_AS_FAILED: _marked,
    UNCODED: _uncoded,
}
MAPPED_CODES = frozenset(_BY_CODE)
