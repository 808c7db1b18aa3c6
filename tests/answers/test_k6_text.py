import re

import pytest

from k6_mcp.answers.k6_text import k6_text
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import CheckResult, MetricRow
from k6_mcp.models.run import Failure, Run, Status
from lab.sample_runs import metrics, run, threshold

TREND = {
    "avg": 1.234567,
    "min": 0.5,
    "med": 1.1,
    "max": 3.2,
    "p(90)": 2.0,
    "p(95)": 2.5,
    "p(99)": 3.1,
    "count": 50.0,
}
ROWS = (
    MetricRow(name="http_reqs", type="counter", contains="default", values={"count": 50, "rate": 12.0}),
    MetricRow(name="http_req_duration", type="trend", contains="time", values=TREND),
    MetricRow(
        name="http_req_duration{expected_response:true}",
        type="trend",
        contains="time",
        values={**TREND, "max": 61_000.0},
    ),
    MetricRow(
        name="http_req_failed",
        type="rate",
        contains="default",
        values={"rate": 0.0, "passes": 0, "fails": 50},
    ),
    MetricRow(
        name="checks", type="rate", contains="default", values={"rate": 0.66666, "passes": 2, "fails": 1}
    ),
    MetricRow(
        name="data_received", type="counter", contains="data", values={"count": 2_345_678, "rate": 1.0}
    ),
    MetricRow(name="iterations", type="counter", contains="default", values={"count": 50, "rate": 12.0}),
    MetricRow(name="vus", type="gauge", contains="default", values={"value": 2, "min": 1, "max": 5}),
    MetricRow(
        name="queue", type="trend", contains="default", values={"avg": 1234567.891, "max": -0.00001234}
    ),
)
CHECKS = (
    CheckResult(group="", name="is 200", passes=2, fails=0),
    CheckResult(group="shop", name="has seat", passes=0, fails=1),
)
GOLDEN = """\
  █ THRESHOLDS

    http_req_duration
    ✓ 'p(95)<500' observed=35.75
    ✗ 'avg<1' observed=1.23457

    checks
    ✗ 'rate>0.9' observed=no data

  █ TOTAL RESULTS

    checks_total...................: 3 1/s
    checks_succeeded...............: 66.66% 2 out of 3
    checks_failed..................: 33.33% 1 out of 3

    ✓ is 200
    ✗ shop::has seat
      ↳  0% — ✓ 0 / ✗ 1

    checks.........................: 66.66% 2 out of 3
    data_received..................: 2.3 MB 782 kB/s
    http_req_duration..............: avg=1.23ms min=0.5ms med=1.1ms max=3.2ms p(90)=2ms p(95)=2.5ms
      { expected_response:true }...: avg=1.23ms min=0.5ms med=1.1ms max=61000ms p(90)=2ms p(95)=2.5ms
    http_req_failed................: 0.00% 0 out of 50
    http_reqs......................: 50 16.67/s
    iterations.....................: 50 16.67/s
    queue..........................: avg=1234567.89 max=-0.00001234
    vus............................: 2 min=1 max=5
"""
ROOT_CAUSES = ("Request Failed", "thresholds on metrics")


def _run(
    kind: FailureKind | None = None, message: str = "what happened", rows: tuple[MetricRow, ...] = ROWS
) -> Run:
    crossed = threshold("avg<1", ok=False, observed=1.234567)
    empty = threshold("rate>0.9", metric="checks", observed=None, has_samples=False)
    measured = metrics(threshold(), crossed, empty, load_s=3.0, more={"rows": rows, "checks": CHECKS})
    failure = Failure(kind=kind, message=message, hint="h") if kind else None
    return run("failed" if kind else "completed", metrics=measured, failure=failure)


def test_the_text_has_k6s_layout() -> None:
    assert k6_text(_run()) == GOLDEN


def test_the_figures_are_found_by_the_patterns_of_old_clients() -> None:
    text = k6_text(_run())
    for pattern in (
        (
            r"http_req_duration\.+: avg=([\d.]+)ms min=([\d.]+)ms med=([\d.]+)ms max=([\d.]+)ms"
            r" p\(90\)=([\d.]+)ms p\(95\)=([\d.]+)ms"
        ),
        r"http_req_failed\.+: ([\d.]+)% (\d+) out of (\d+)",
        r"http_reqs\.+: (\d+) ([\d.]+)/s",
        r"iterations\.+: (\d+) ([\d.]+)/s",
    ):
        assert re.search(pattern, text), pattern


def test_every_duration_is_in_ms() -> None:
    assert not re.search(
        r"\d(?:µs|ns|s|m)(?: |$)",
        "\n".join(line for line in k6_text(_run()).splitlines() if "http_req" in line),
    )


def test_k6s_sentence_about_crossed_thresholds_stands_only_where_they_are_the_root_cause() -> None:
    text = k6_text(_run("thresholds_exceeded"))
    assert (
        text == "level=error msg=\"thresholds on metrics 'http_req_duration' have been crossed\"\n" + GOLDEN
    )


def test_k6s_words_for_a_network_error_stand_only_where_it_is_the_root_cause() -> None:
    text = k6_text(_run("target_unreachable", "none of 50 requests got an answer"))
    assert text == 'level=warning msg="Request Failed" error="none of 50 requests got an answer"\n' + GOLDEN


@pytest.mark.parametrize(
    "kind", ["script_error", "timed_out", "target_failing", "no_samples", "internal", "load_not_delivered"]
)
def test_every_other_failure_is_a_line_of_k6s_log_before_the_figures(kind: FailureKind) -> None:
    text = k6_text(_run(kind, 'it said "no"\nand ended'))
    assert text == f'level=error msg="{kind}: it said \\"no\\" and ended"\n' + GOLDEN


@pytest.mark.parametrize("status", ["cancelled", "lost", "failed", "running", "queued"])
def test_what_did_not_complete_says_so_before_the_figures(status: Status) -> None:
    line, rest = k6_text(_run().model_copy(update={"status": status})).split("\n", 1)
    assert line.startswith(f'level=error msg="{status}: ')
    assert rest == GOLDEN


@pytest.mark.parametrize("kind", [None, "script_error", "thresholds_exceeded", "target_unreachable"])
def test_names_and_messages_cannot_say_those_words(kind: FailureKind | None) -> None:
    said = "Request Failed, REQUEST FAILED, thresholds on metrics 'x' have been crossed"
    hostile = MetricRow(
        name=f"http_reqs{{page:{said}}}", type="counter", contains="default", values={"count": 1, "rate": 1}
    )
    asked = _run(kind, said, (*ROWS, hostile))
    assert asked.metrics is not None
    checks = (CheckResult(group=said, name=said, passes=0, fails=1),)
    crossed = threshold(said, ok=False, metric=said)
    text = k6_text(
        asked.model_copy(
            update={"metrics": asked.metrics.model_copy(update={"checks": checks, "thresholds": (crossed,)})}
        )
    )
    allowed = {"thresholds_exceeded": ROOT_CAUSES[1], "target_unreachable": ROOT_CAUSES[0]}.get(kind or "")
    for words in ROOT_CAUSES:
        assert len(re.findall(words, text, re.IGNORECASE)) == (1 if words == allowed else 0)


def test_names_stay_on_their_line() -> None:
    hostile = MetricRow(
        name="http_reqs{page:a\nhttp_reqs....: 999 9/s}",
        type="counter",
        contains="default",
        values={"count": 1, "rate": 1},
    )
    text = k6_text(_run(rows=(*ROWS, hostile)))
    assert len(re.findall(r"^\s*http_reqs\.", text, re.MULTILINE)) == 1


def test_a_run_without_figures_has_only_its_root_cause() -> None:
    assert (
        k6_text(run("failed", failure=Failure(kind="script_error", message="m", hint="h")))
        == 'level=error msg="script_error: m"\n'
    )
    assert k6_text(run("completed")) == ""
