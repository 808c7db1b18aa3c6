"""What a verdict quotes as evidence, and the next step that it gives."""

import pytest

from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.metrics import ErrorCount
from k6_mcp.models.outcome import LogMessage
from lab.sample_runs import outcome, plan, said
from tests.analysis.verdict.test_verdict import (
    CROSSED,
    FAILING,
    REFUSED,
    REFUSED_LOG,
    THREW_LOG,
    THROWN,
    failed,
    with_figures,
)


def test_evidence_quotes_what_the_target_and_the_script_said() -> None:
    unreachable = failed(judge(outcome(0, log=said(None, REFUSED_LOG)), REFUSED, plan()))
    assert unreachable.evidence == (
        "100x error_code 1212: connection refused",
        "100x \"Get 'http://h:1/': dial tcp: connection refused\"",
    )
    threw = failed(judge(outcome(0, log=said(None, THREW_LOG)), THROWN, plan()))
    assert threw.evidence == ('10x "Error: boom at default (script.js:3:9(2))"',)


def test_evidence_stays_short_whatever_was_logged() -> None:
    noise = [
        LogMessage(level="error", text=f"{n} " + "boom\r\n\x1b[31m" * 500, times=n, source="stacktrace")
        for n in range(1, 50)
    ]
    failure = failed(judge(outcome(107, log=said("x" * 5000, *noise)), THROWN, plan()))
    assert len(failure.message) < 600
    assert len(failure.evidence) <= 8
    assert all(len(line) <= 320 and line.isprintable() for line in failure.evidence)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (1101, "host name"),
        (1110, "does not allow"),
        (1050, "in time"),
        (1310, "certificate"),
        (1213, "ulimit"),
        (1000, "https"),
        (1212, "port"),
    ],
)
def test_the_hint_fits_the_class_of_error(code: int, text: str) -> None:
    errors = (ErrorCount(code=code, meaning="x", count=100),)
    assert text in failed(judge(outcome(0), REFUSED.model_copy(update={"errors": errors}), plan())).hint


def test_a_crossed_threshold_without_one_success_sends_to_the_answers_not_to_the_load() -> None:
    failure = failed(judge(outcome(99), with_figures(FAILING, CROSSED), plan()))
    assert failure.kind == "thresholds_exceeded"
    assert "not one of 100 requests was successful: 100x HTTP 500" in failure.message
    assert "URL, method" in failure.hint and "lower the load" not in failure.hint
