"""Why k6 refused a script, with the place in the user's own source."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote

from k6_mcp.models.outcome import Outcome
from k6_mcp.models.run import Failure
from k6_mcp.models.script import Script
from k6_mcp.models.service_answers import Refusal
from k6_mcp.models.wording import cut, few, number
from k6_mcp.redaction import redact_text, with_forms

_INVALID_CONFIG = 104
_SYNTAX = re.compile(r"(?P<file>file://\S+?): Line (?P<line>\d+):(?P<column>\d+) ")
_THROWN = re.compile(r"(?P<file>file://[^\s:()]+):(?P<line>\d+):(?P<column>\d+)\(")
_FILE_URL = re.compile(r"file://[^\s:()\"]*/")
_IMPORTED = re.compile(r"""\b(?:from|import|require\s*\()\s*["'`](https?://[^"'`\s]+)""")
_SOURCE_CHARS = 200
# Of the last second in which k6 had or wanted a CPU: below, what has not ended is waiting
_COMPUTING = 0.5


def read_refusal(outcome: Outcome, script: Script) -> Refusal:
    """Return k6's reason with line, column (from 1) and the source line when it names a place in the user's
    script.
    """
    if outcome.spawn_error:
        return Refusal(kind="internal", message=f"k6 could not be started: {outcome.spawn_error}")
    if outcome.stop_reason == "deadline":
        return Refusal(kind="timed_out", message="; ".join(slow_load(outcome, script)))
    text = outcome.log.cause or "k6 gave no reason"
    line, column = _place(text, script)
    lines = script.text.splitlines()
    shown = outcome.parsed or not script.source_path
    return Refusal(
        kind="invalid_config" if outcome.exit_code == _INVALID_CONFIG else "script_error",
        message=_FILE_URL.sub("", text).strip(),
        line=line,
        column=column,
        source_line=_source_line(lines[line - 1], script) if shown and line and line <= len(lines) else None,
    )


def _source_line(line: str, script: Script) -> str:
    return redact_text(line.strip(), with_forms(script.secrets))[:_SOURCE_CHARS]


def slow_load(outcome: Outcome, script: Script) -> tuple[str, str]:
    """Return why k6 did not load a script in time, and what to do: one that computes wants a CPU, one that
    waits does not.
    """
    seconds = (outcome.ended_at - outcome.started_at).total_seconds()
    message = f"k6 had not loaded the script after {number(seconds, 3)} s and was killed"
    if outcome.busy is None or outcome.busy > _COMPUTING:
        return (
            f"{message}: its init code does not end",
            "move slow or endless work out of the top level of the script into setup() or default()",
        )
    urls = list(dict.fromkeys(cut(redact_text(url), 120) for url in _IMPORTED.findall(script.text)))
    what = (
        f"the import of {few(urls, 3)}"
        if urls
        else "a module that is imported from a URL, or a file that is opened and is none"
    )
    return (
        f"{message}: it was waiting for {what}",
        (
            "see whether the server that is imported from answers from the machine of this server, or keep"
            " the module as a file beside the script"
        ),
    )


def after_plan(refusal: Refusal | None, violations: Sequence[str]) -> str:
    """Return what to do with a plan: correct what stands against it, or run it."""
    if refusal is not None and refusal.line is not None:
        return f"correct line {refusal.line} of the script and plan it again with plan_k6_test"
    if refusal is not None:
        return "correct what the message names and plan again with plan_k6_test"
    if violations:
        return (
            "change what is named in violations, or the server's limits (check_health lists them), and plan"
            " again"
        )
    return "call execute_k6_test with the same arguments to run it"


def with_place(failure: Failure, refusal: Refusal) -> Failure:
    """Return `failure` with the place in the script as its first evidence, if k6 named one."""
    if refusal.line is None:
        return failure
    place = f"line {refusal.line}, column {refusal.column}" + (
        f": {refusal.source_line}" if refusal.source_line else ""
    )
    return failure.changed(evidence=(place, *failure.evidence))


def _place(text: str, script: Script) -> tuple[int | None, int | None]:
    name = PurePosixPath(script.source_path or "script.js").name
    for pattern in (_SYNTAX, _THROWN):
        for match in pattern.finditer(text):
            if unquote(PurePosixPath(match["file"]).name) == name:
                return int(match["line"]), int(match["column"])
    return None, None
