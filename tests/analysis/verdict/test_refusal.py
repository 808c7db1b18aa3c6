from datetime import UTC, datetime

import pytest

from k6_mcp.analysis.verdict.refusal import read_refusal
from k6_mcp.models.outcome import LogDigest, Outcome, StopReason
from k6_mcp.models.script import Script

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = "import http from 'k6/http';\nexport default function () {\n  http.get(;\n}\n"


def _script(source_path: str | None = None) -> Script:
    return Script(origin="text", text=SOURCE, sha256="", files={}, entry="_main.js", source_path=source_path)


def _refused(
    cause: str | None, exit_code: int | None = 107, stop_reason: StopReason | None = None
) -> Outcome:
    return Outcome(
        exit_code=exit_code,
        phase="plan",
        stop_reason=stop_reason,
        started_at=NOW,
        ended_at=NOW,
        log=LogDigest(cause=cause),
    )


@pytest.mark.parametrize(
    "cause",
    [
        "GoError: file:///data/runs/r-1/script.js: Line 3:12 Unexpected token ; (and 1 more errors)",
        (
            "could not initialize '/x/_main.js': could not load JS test '_main.js':"
            " file:///data/runs/r-1/script.js: Line 3:12 Unexpected token ;"
        ),
        (
            "Error: boom\n\tat fail (file:///data/runs/r-1/helper.js:9:1(2))\n\tat"
            " file:///data/runs/r-1/script.js:3:12(12)\n"
        ),
    ],
)
def test_the_place_in_the_users_own_script_is_named_with_its_line(cause: str) -> None:
    refusal = read_refusal(_refused(cause), _script())
    assert (refusal.kind, refusal.line, refusal.column, refusal.source_line) == (
        "script_error",
        3,
        12,
        "http.get(;",
    )
    assert "/data/runs" not in refusal.message


def test_a_script_file_is_known_by_its_own_name() -> None:
    refusal = read_refusal(
        _refused("GoError: file:///home/me/load/checkout.ts: Line 2:1 Unexpected token"),
        _script("/home/me/load/checkout.ts"),
    )
    assert (refusal.line, refusal.column) == (2, 1)


def test_a_secret_in_the_source_line_is_masked() -> None:
    script = _script()._replace(text='const password = "hunter2-hunter2"; }\n')
    refusal = read_refusal(
        _refused("GoError: file:///data/runs/r-1/script.js: Line 1:37 Unexpected token }"), script
    )
    assert refusal.source_line == 'const password = "***"; }'


def test_wrong_options_are_an_invalid_config_without_a_place() -> None:
    refusal = read_refusal(_refused("unknown executor type 'nope'", exit_code=104), _script())
    assert (refusal.kind, refusal.line, refusal.message) == (
        "invalid_config",
        None,
        "unknown executor type 'nope'",
    )


def test_init_code_that_never_ends_is_said_in_words() -> None:
    refusal = read_refusal(_refused(None, exit_code=None, stop_reason="deadline"), _script())
    assert refusal.kind == "timed_out" and "init code does not end" in refusal.message
