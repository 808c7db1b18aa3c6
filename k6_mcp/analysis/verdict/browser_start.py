"""Why k6 could not start a browser, and which setting of the server would change that.

The reason is given in k6's words and in the browser's own.
"""

import re

from k6_mcp.analysis.verdict.case import Case, Cause, said
from k6_mcp.models.browser import (
    ARGS_SETTING,
    BROWSER_MISSING,
    BROWSER_NOT_STARTED,
    PATH_SETTING,
    TIMEOUT_SETTING,
)

_AT = re.compile(r" at \S+ \(.*\)$")
_BEFORE = re.compile(rf"^.*?{BROWSER_NOT_STARTED} on \w+: ")
_GIVEN_PATH = re.compile(r"(on the given path): .*")
_SERVER = "in the server's environment (a caller cannot set it)"
_OTHERWISE = "; or test with k6/http"
_PATIENCE = f"use fewer browser VUs, or raise {TIMEOUT_SETTING} {_SERVER}"


def browser_not_started(case: Case) -> Cause | None:
    """Return why there was no browser, None if k6 ended for another reason."""
    cause, again = case.outcome.log.cause or "", case.outcome.browser
    if BROWSER_NOT_STARTED not in cause or "exec.test.abort" in cause or "test aborted" in cause:
        missing = any(BROWSER_MISSING in message.text for message in case.outcome.log.messages)
        # A browser that starts was installed, so the script used it in the wrong scenario
        if not missing or again is None or not again.said:
            return None
        cause = BROWSER_MISSING
    why = _GIVEN_PATH.sub(r"\1", _AT.sub("", _BEFORE.sub("", cause)))
    own = (
        (f"the browser, when started again: {said(again.said)}",)
        if again and again.said and not _names_reason(why)
        else ()
    )
    evidence = (f"k6: {said(why)}", *own)
    reason = again.said if again and again.said and not _names_reason(why) else why
    return Cause("script_error", f"k6 could not start a browser: {said(reason)}", _hint(case, why), evidence)


def browser_still_starting(case: Case) -> tuple[str, str] | None:
    """Return that the test ended before a browser had started, and what to do; else None."""
    again = case.outcome.browser
    if again is None or browser_not_started(case) is not None:
        return None
    own = f" (when started again: {said(again.said)})" if again.said else ""
    hint = again.hint or "make the test longer than its browsers take to start, or use fewer browser VUs"
    return f"the browser had not started when the test ended{own}", hint


def _names_reason(why: str) -> bool:
    """Whether k6's own words are the reason.

    k6 repeats at most the first line of what a browser prints.
    """
    return any(word in why for word in ("couldn't detect", "no-sandbox", "timed out"))


def _hint(case: Case, why: str) -> str:
    again = case.outcome.browser
    if "on the given path" in why:
        return f"correct or unset {PATH_SETTING} {_SERVER}: it names no executable file"
    if "couldn't detect" in why:
        return (
            f"install Chromium or Chrome on the server's machine, or set {PATH_SETTING} {_SERVER}{_OTHERWISE}"
        )
    if "timed out" in why:
        return _PATIENCE
    if again is not None and again.said and again.hint:
        return f"{again.hint}; check_health shows whether the browser starts"
    if "sandbox" in why:
        return f"run the server as an ordinary user, or set {ARGS_SETTING}=no-sandbox {_SERVER}{_OTHERWISE}"
    if again is not None:
        return f"the browser does start when it is alone: {_PATIENCE}; then run it again"
    return (
        f"check_health shows whether the browser starts; {PATH_SETTING} and {ARGS_SETTING} {_SERVER} set"
        f" its path and arguments{_OTHERWISE}"
    )
