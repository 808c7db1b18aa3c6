from collections.abc import Mapping

import pytest

from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.metrics import CheckResult, ErrorCount, Generator, MetricRow, Metrics, StatusCount
from k6_mcp.models.outcome import LogMessage, Outcome
from k6_mcp.models.plan import Plan
from lab.sample_runs import latency, metrics, outcome, plan, said, threshold

HELD = threshold()
CHECKS = (
    CheckResult(group="", name="fine", passes=9, fails=1),
    CheckResult(group="", name="bad", passes=0, fails=10),
)
TAGGED = threshold("rate>0.9", metric="checks{kind:b}")
REFUSED = (ErrorCount(code=1212, meaning="connection refused", count=40),)
SOME_REFUSED = ErrorCount(code=1212, meaning="connection refused", count=10)
SOME_500 = ErrorCount(code=1500, meaning="HTTP 500", count=5)
EXHAUSTED = (ErrorCount(code=1213, meaning="x", count=7),)
UNKNOWN = LogMessage(
    level="warning",
    text='There were unknown fields in the options exported in the script: json: unknown field "vuss"',
    times=1,
)
OVERRODE = LogMessage(
    level="warning", text='"cli" level configuration overrode scenarios configuration entirely', times=1
)
REDIRECTS = LogMessage(
    level="warning", text="Stopped after 11 redirects and returned the redirection", times=3
)
HANDLER_THREW = LogMessage(
    level="error",
    text="Error: bad handler\n\tat handleSummary (file:///s.js:3:9(1))\n\tat file:///_guard.js:133:29(4)",
    times=1,
)
HANDLER_IGNORED = LogMessage(
    level="warning", text="handleSummary: ignored the file a, whose content is", times=1, source="console"
)
FAILED = LogMessage(level="warning", text="Request Failed: boom", times=3)
SAID_BY_SCRIPT = LogMessage(level="warning", text="careful", times=3, source="console")
THREW = LogMessage(level="error", text="Error: only this one", times=2, source="stacktrace")


def checks_row(**counted: float) -> tuple[MetricRow, ...]:
    """Return the row of the checks that carry the tag of `TAGGED`."""
    return (
        MetricRow(name="checks{kind:b}", type="rate", contains="default", values={"rate": 0.95, **counted}),
    )


def waiting(cpu_wait_s: float, steal_s: float = 0.0) -> Mapping[str, Generator]:
    """Return what running k6 took, with so much waiting in 100 requests."""
    return {
        "generator": Generator(cpu_s=0.05, cores=2, cpu_share=0.01, cpu_wait_s=cpu_wait_s, steal_s=steal_s)
    }


def _codes(ended: Outcome, figures: Metrics, planned: Plan | None = None) -> Mapping[str, str]:
    return {warning.code: warning.message for warning in judge(ended, figures, planned or plan()).warnings}


@pytest.mark.parametrize(
    ("ended", "figures", "planned", "code", "text"),
    [
        (
            outcome(log=said(None, THREW)),
            metrics(HELD, iterations_thrown=2),
            None,
            "iterations_threw",
            '2 of 10 iterations ended in an exception, e.g. "Error: only this one"',
        ),
        (
            outcome(log=said(None, THREW._replace(text="Uncaught (in promise) later", source=None))),
            metrics(HELD, iterations_thrown=2),
            None,
            "iterations_threw",
            '2 of 10 iterations ended in an exception, e.g. "Uncaught (in promise) later"',
        ),
        (
            outcome(),
            metrics(HELD, checks_passed=9, checks_failed=11, more={"checks": CHECKS}),
            None,
            "checks_failed",
            '11 of 20 checks failed and no threshold covers checks: "bad" 10 of 10, "fine" 1 of 10',
        ),
        (
            outcome(),
            metrics(
                TAGGED,
                checks_passed=9,
                checks_failed=11,
                more={"checks": CHECKS, "rows": checks_row(fails=1)},
            ),
            None,
            "checks_failed",
            '11 of 20 checks failed and no threshold covers all of them: "bad" 10 of 10, "fine" 1 of 10',
        ),
        (outcome(), metrics(), None, "nothing_asserted", "no threshold"),
        (
            outcome(),
            metrics(HELD, iterations_interrupted=3),
            None,
            "iterations_interrupted",
            "3 iterations interrupted",
        ),
        (outcome(cpu_s=10_000.0, cores=2), metrics(HELD), None, "generator_limited", "all 2 cores"),
        (outcome(), metrics(HELD, more={"errors": EXHAUSTED}), None, "generator_limited", "7 connections"),
        (
            outcome(),
            metrics(HELD, more=waiting(0.4)),
            None,
            "generator_disturbed",
            "for a CPU 88.9 % of the time",
        ),
        (
            outcome(),
            metrics(HELD, more=waiting(0.2, steal_s=0.2)),
            None,
            "generator_disturbed",
            "for a CPU 88.9 % of the time",
        ),
        (outcome(), metrics(HELD), plan(replaced=("scenarios a, b",)), "load_replaced", "scenarios a, b"),
        (outcome(log=said(None, OVERRODE)), metrics(HELD), None, "load_replaced", "overrode"),
        (outcome(log=said(None, UNKNOWN)), metrics(HELD), None, "unknown_options", "vuss"),
        (outcome(), metrics(HELD), plan(warnings=(UNKNOWN.text,)), "unknown_options", "vuss"),
        (
            outcome(log=said(None, HANDLER_THREW, HANDLER_THREW)),
            metrics(HELD),
            None,
            "handle_summary",
            "bad handler",
        ),
        (
            outcome(log=said(None, HANDLER_IGNORED)),
            metrics(HELD),
            None,
            "handle_summary",
            "ignored the file a",
        ),
        (
            outcome(log=said(None, REDIRECTS, redirects_given_up=3, requests_given_up=33)),
            metrics(HELD),
            None,
            "redirects_not_followed",
            "after 11 steps (33 % of all requests)",
        ),
        (
            outcome(),
            metrics(HELD, requests_per_s=39.0),
            plan(rps=40),
            "rate_capped",
            "40 requests per second",
        ),
        (
            outcome(),
            metrics(HELD, unanswered_requests=40, more={"errors": REFUSED}),
            None,
            "requests_unanswered",
            "40 of 100 requests (40 %) got no answer: 40x 1212 connection refused",
        ),
        (
            outcome(),
            metrics(
                HELD, unanswered_requests=10, failed_requests=10, more={"errors": (SOME_REFUSED, SOME_500)}
            ),
            None,
            "requests_unanswered",
            "10 of 100 requests (10 %) got no answer: 10x 1212 connection refused",
        ),
        (
            outcome(),
            metrics(
                HELD,
                requests=0,
                more={"websockets": (StatusCount(status=101, count=3), StatusCount(status=0, count=2))},
            ),
            None,
            "websockets_not_opened",
            "2 of 5 WebSocket sessions could not be opened: 2x no answer",
        ),
        (
            outcome(),
            metrics(HELD, more={"websockets": (StatusCount(status=403, count=4),)}),
            None,
            "websockets_not_opened",
            "4 of 4 WebSocket sessions could not be opened: 4x HTTP 403",
        ),
        (
            outcome(),
            metrics(HELD, failed_requests=5, more={"errors": (SOME_500,)}),
            None,
            "requests_failed",
            "5 of 100 requests (5 %) failed and no threshold covers that: 5x HTTP 500",
        ),
        (
            outcome(),
            metrics(HELD, latency=latency(of="successful_requests")),
            None,
            "latency_of_successes_only",
            "0 ms",
        ),
        (
            outcome(),
            metrics(HELD, more={"warnings": ("figures_from_record: k6 left: nothing",)}),
            None,
            "figures_from_record",
            "k6 left: nothing",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value and " " not in value else "",
)
def test_what_limits_the_figures_is_said(
    ended: Outcome, figures: Metrics, planned: Plan | None, code: str, text: str
) -> None:
    codes = _codes(ended, figures, planned)
    assert list(codes) == [code]
    assert text in codes[code]


@pytest.mark.parametrize(
    ("ended", "figures", "planned"),
    [
        (outcome(), metrics(HELD), None),
        (outcome(), metrics(HELD, iterations_thrown=10), None),
        (outcome(), metrics(threshold("rate>0.1", metric="checks"), checks_passed=9, checks_failed=11), None),
        (
            outcome(),
            metrics(threshold("rate>0.1", metric="checks{page:a}"), checks_passed=9, checks_failed=11),
            None,
        ),
        (outcome(log=said(None, FAILED, SAID_BY_SCRIPT)), metrics(HELD), None),
        (outcome(), metrics(threshold("rate<0.5", metric="http_req_failed"), failed_requests=5), None),
        (outcome(), metrics(threshold("rate>0.1", metric="checks{page:a}"), failed_requests=5), None),
        (
            outcome(),
            metrics(HELD, requests=0, more={"websockets": (StatusCount(status=101, count=3),)}),
            None,
        ),
        (outcome(cpu_s=0.1, cores=2), metrics(HELD), None),
        (outcome(cpu_s=10_000.0), metrics(HELD), None),
        (outcome(), metrics(HELD, more=waiting(0.2)), None),
        (outcome(), metrics(HELD, latency=latency(avg_ms=90.0), more=waiting(0.4)), None),
        (outcome(), metrics(HELD, requests_per_s=20.0), plan(rps=40)),
        (outcome(), metrics(), plan(("http_req_duration", "avg<1"))),
    ],
    ids=[
        "all well",
        "all threw",
        "checks asked",
        "tagged checks asked",
        "said by others",
        "failures asked",
        "checks of answers asked",
        "WebSockets opened",
        "idle",
        "cores that nobody counted",
        "waited as long as on an idle machine",
        "waited a small part of the latency",
        "below the cap",
        "planned",
    ],
)
def test_nothing_is_said_without_a_reason(ended: Outcome, figures: Metrics, planned: Plan | None) -> None:
    assert _codes(ended, figures, planned) == {}


def test_one_warning_is_told_once_although_plan_and_run_repeat_it() -> None:
    verdict = judge(outcome(log=said(None, UNKNOWN)), metrics(HELD), plan(warnings=(UNKNOWN.text,)))
    assert [warning.code for warning in verdict.warnings] == ["unknown_options"]


def test_only_a_few_of_k6s_own_warnings_are_repeated() -> None:
    noise = [LogMessage(level="warning", text=f"warning {n}", times=1) for n in range(50)]
    assert len(judge(outcome(log=said(None, *noise)), metrics(HELD), plan()).warnings) == 3


def test_a_run_without_figures_has_nothing_to_limit() -> None:
    assert judge(outcome(-9), metrics(source="none", requests=0), plan()).warnings == ()


@pytest.mark.parametrize("counted", [{"fails": 11.0}, {}], ids=["all counted", "k6 left no counts"])
def test_failed_checks_are_no_surprise_where_a_threshold_on_their_tags_looks_at_them(
    counted: Mapping[str, float],
) -> None:
    measured = metrics(
        TAGGED, checks_passed=9, checks_failed=11, more={"checks": CHECKS, "rows": checks_row(**counted)}
    )
    assert "checks_failed" not in _codes(outcome(), measured)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (("k6-mcp-summary.json", "/results/runs/r-1/summary-export.json"), False),
        (("k6-mcp-summary.json", "results/s.json"), True),
        (("results/summary-export.json",), True),
    ],
)
def test_a_disk_without_room_for_our_own_files_is_no_fault_of_the_scripts_handler(
    files: tuple[str, ...], told: bool
) -> None:
    lost = " ".join(
        f"- error saving summary to '{name}' after 0 bytes: write {name}: no space left on device"
        for name in files
    )
    text = f"failed to handle the end-of-test summary: Could not save some summary information: {lost}"

    codes = _codes(outcome(log=said(None, LogMessage(level="error", text=text, times=1))), metrics(HELD))

    assert ("handle_summary" in codes) == told


def test_of_answers_from_500_on_only_those_that_did_not_fail_were_expected() -> None:
    answered = {
        "statuses": (StatusCount(status=500, count=12), StatusCount(status=503, count=4)),
        "errors": (SOME_500, ErrorCount(code=1503, meaning="HTTP 503", count=4)),
    }
    told = _codes(outcome(), metrics(HELD, more=answered))["errors_expected"]

    assert told.endswith("so they count as successful: 7x HTTP 500")
