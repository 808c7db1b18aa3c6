from datetime import UTC, datetime

import pytest

from k6_mcp.answers.budget import CONTENT_BYTES, size_of
from k6_mcp.answers.run import run_answer
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import (
    CheckResult,
    EndpointFigures,
    ErrorCount,
    ErrorSample,
    GrpcStatusCount,
    LiveFigures,
    StatusCount,
    ThresholdResult,
)
from k6_mcp.models.run import Asked, Failure, Notice, Run
from lab.sample_runs import metrics, run, threshold

FAILURE = Failure(
    kind="thresholds_exceeded",
    message="1 of 1 threshold crossed: x",
    hint="improve it",
    evidence=("a", "b"),
    also=("no_samples",),
)
LIVE = LiveFigures(
    elapsed_s=12.0,
    percent=41.23456,
    vus=10,
    iterations=480,
    requests=480,
    requests_per_s=48.23456789,
    p95_ms=20.456789,
    error_rate=1 / 3,
)
HOSTILE = {
    "long": "x" * 50_000,
    "quotes": '"\\' * 20_000,
    "control characters": "\x00\x1b[31m\r\n\t\x7f\u2028" * 5_000,
    "wide": "漢字" * 20_000,
    "emoji": "🔥" * 20_000,
    "lone surrogates": "\udce4\ud83d" * 5_000,
    "words": "Request Failed thresholds on metrics " * 2_000,
}


def _flooded(text: str) -> Run:
    kinds: tuple[FailureKind, ...] = ("script_error", "timed_out", "no_samples", "internal", "target_failing")
    return run(
        "failed",
        name=text[:120],
        asked=Asked(origin="file", script_file=text),
        metrics=metrics(
            *(threshold(f"{n} {text}", ok=False, metric=f"{text} {n}") for n in range(500)),
            more={
                "checks": tuple(
                    CheckResult(group=text, name=f"{n} {text}", passes=n, fails=500 - n) for n in range(500)
                ),
                "errors": tuple(ErrorCount(code=1000 + n, meaning="x" * 100, count=n) for n in range(500)),
                "statuses": tuple(StatusCount(status=n, count=n) for n in range(500)),
                "grpc": tuple(GrpcStatusCount(status=n, name="x" * 20, count=n) for n in range(18)),
                "endpoints": tuple(
                    EndpointFigures(name=f"{n} {text}", requests=n, failed=0) for n in range(500)
                ),
                "samples": tuple(ErrorSample(name=text, status=500, text=text) for _ in range(500)),
            },
        ),
        failure=Failure(
            kind="thresholds_exceeded", message=text, hint=text, evidence=(text,) * 50, also=kinds
        ),
        warnings=tuple(Notice(code=f"{n}", message=text) for n in range(500)),
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_answer_never_exceeds_its_cap_whatever_it_must_tell(text: str) -> None:
    answer = run_answer(_flooded(text))
    assert size_of(answer) <= CONTENT_BYTES
    assert (answer.status, answer.failure is not None, answer.figures is not None) == ("failed", True, True)
    assert any("more thresholds" in more for more in answer.more)


def test_a_usual_answer_is_small() -> None:
    held = [threshold(), threshold("rate<=0.01", metric="http_req_failed", observed=0.0)]
    usual = run_answer(
        run(
            asked=Asked(origin="preset", url="http://127.0.0.1:8000/", preset="low", method="GET"),
            metrics=metrics(*held),
        )
    )
    assert size_of(usual) < 2_500


def test_endpoints_and_samples_are_few_and_short() -> None:
    rows = tuple(
        EndpointFigures(name=f"GET http://h/{n}", requests=9, failed=n, p95_ms=1.23456789) for n in range(30)
    )
    samples = tuple(ErrorSample(name="GET http://h/", status=500 + n, text="down\n" * 100) for n in range(5))
    answer = run_answer(run(metrics=metrics(threshold(), more={"endpoints": rows, "samples": samples})))
    assert [(row.name, row.p95_ms) for row in answer.endpoints] == [
        (f"GET http://h/{n}", 1.2346) for n in range(8)
    ]
    assert answer.more == ("… and 22 more endpoints",)
    assert [(sample.status, len(sample.text), "\n" in sample.text) for sample in answer.samples] == [
        (500, 200, False),
        (501, 200, False),
        (502, 200, False),
    ]
    assert size_of(answer) < 4_000


def test_one_endpoint_is_no_table_since_it_is_the_whole() -> None:
    only = (EndpointFigures(name="GET http://h/", requests=100, failed=0),)
    answer = run_answer(run(metrics=metrics(threshold(), more={"endpoints": only})))
    assert (answer.endpoints, answer.more) == ((), ())


def test_what_was_left_out_is_said() -> None:
    many = metrics(
        *(threshold(f"p(95)<{n}") for n in range(30)),
        more={"checks": (CheckResult(group="", name="a", passes=1, fails=0),) * 25},
    )
    answer = run_answer(run(metrics=many))
    assert len(answer.thresholds) == 20
    assert answer.more == ("… and 10 more thresholds", "… and 5 more checks")


def test_thresholds_that_failed_come_first_with_what_was_observed() -> None:
    empty = threshold("rate>0.9", metric="checks", observed=None, has_samples=False)
    crossed = threshold("avg<1", ok=False, observed=812.3456789)
    answer = run_answer(run("failed", metrics=metrics(threshold(), empty, crossed), failure=FAILURE))
    assert [(t.expression, t.ok, t.observed, t.has_samples) for t in answer.thresholds] == [
        ("avg<1", False, 812.35, True),
        ("rate>0.9", False, None, False),
        ("p(95)<500", True, 35.75, True),
    ]


def test_failed_checks_come_first() -> None:
    checks = tuple(
        CheckResult(group="g", name=name, passes=10 - fails, fails=fails)
        for name, fails in (("fine", 0), ("bad", 3), ("worse", 9))
    )
    assert [check.name for check in run_answer(run(metrics=metrics(more={"checks": checks}))).checks] == [
        "worse",
        "bad",
        "fine",
    ]


def test_figures_are_rounded_for_reading() -> None:
    figures = run_answer(
        run(metrics=metrics(requests_per_s=41.666666, error_rate=1 / 3, failed_requests=33))
    ).figures
    assert figures is not None
    assert (figures.requests_per_s, figures.error_rate, figures.failed_requests, figures.p95_ms) == (
        41.667,
        0.33333,
        33,
        35.75,
    )


def test_figures_that_were_never_measured_are_left_out() -> None:
    nothing = metrics(source="none", requests=0, iterations=0, latency=None)
    assert run_answer(run("failed", metrics=nothing, failure=FAILURE)).figures is None
    figures = run_answer(run(metrics=metrics(requests=0, error_rate=None, latency=None))).figures
    assert figures is not None
    assert {"failed_requests", "p95_ms", "checks_passed"}.isdisjoint(figures.model_dump(exclude_none=True))


def test_a_running_test_says_how_far_it_is_and_what_to_call_next() -> None:
    answer = run_answer(run("running", live=LIVE))
    assert answer.live is not None
    assert (answer.live.percent, answer.live.requests_per_s, answer.live.error_rate) == (
        41.235,
        48.235,
        0.33333,
    )
    assert (
        answer.next
        == f'get_run with run_id="{answer.run_id}" and wait_s=45, again until the status is final; stop_run'
        " ends it early"
    )
    assert answer.resources == ()


def test_a_queued_test_says_its_position() -> None:
    answer = run_answer(run("queued", queue_position=2))
    assert (answer.headline, answer.queue_position) == ("queued at position 2, no traffic yet", 2)


def test_a_run_that_was_stopped_before_k6_began_has_nothing_to_look_at() -> None:
    before, after = (
        run("cancelled", started_at=None),
        run("cancelled", started_at=datetime(2026, 3, 1, tzinfo=UTC)),
    )

    assert run_answer(before).next == "execute_k6_test with the same arguments"
    assert (
        run_answer(after).next == f'get_run with run_id="{after.run_id}" and detail="full" has every metric'
    )


def test_a_final_run_names_its_resources_and_the_tool_that_explains_it() -> None:
    answer = run_answer(run("failed", metrics=metrics(), failure=FAILURE))
    assert answer.resources == tuple(
        f"k6://runs/{answer.run_id}/{part}" for part in ("summary", "metrics", "timeline", "log", "script")
    )
    assert "analyze_run" in (answer.next or "")
    assert answer.failure is not None
    assert (answer.failure.kind, answer.failure.also) == ("thresholds_exceeded", ("no_samples",))


@pytest.mark.parametrize(
    ("answered", "headline"),
    [
        (
            run(metrics=metrics(threshold())),
            "completed: 100 requests at 40/s, p95 35.8 ms, 0 % failed; its threshold held",
        ),
        (
            run(metrics=metrics(threshold(), threshold())),
            "completed: 100 requests at 40/s, p95 35.8 ms, 0 % failed; all 2 thresholds held",
        ),
        (run(metrics=metrics(requests=0)), "completed: 10 iterations at 4/s, no HTTP request"),
        (run("failed", failure=FAILURE), "thresholds_exceeded: 1 of 1 threshold crossed: x"),
        (
            run("cancelled", metrics=metrics()),
            "cancelled: 100 requests at 40/s, p95 35.8 ms, 0 % failed up to then",
        ),
        (run("cancelled"), "cancelled: nothing was measured up to then"),
        (
            run("lost", metrics=metrics()),
            "lost: the server that ran it died; 100 requests at 40/s, p95 35.8 ms, 0 % failed up to then",
        ),
        (run("running"), "running, no figures yet"),
    ],
)
def test_the_headline_is_one_sentence_with_the_numbers_that_matter(answered: Run, headline: str) -> None:
    assert run_answer(answered).headline == headline


def test_a_headline_is_one_line() -> None:
    failure = FAILURE.model_copy(update={"message": "a\nb " * 500})
    line = run_answer(run("failed", failure=failure)).headline
    assert len(line) <= 500
    assert "\n" not in line


def test_the_test_is_named_by_what_was_asked() -> None:
    preset = Asked(origin="preset", url="http://h/", preset="high", method="POST")
    assert run_answer(run(asked=preset)).test == "POST http://h/ preset high"
    assert run_answer(run(asked=Asked(origin="file", script_file="/a/b.js"))).test == "/a/b.js"
    assert run_answer(run()).test == "script"


def test_observed_values_are_never_lost_by_rounding_to_nothing() -> None:
    tiny = ThresholdResult(metric="m", expression="avg<1", ok=True, observed=0.000012345678, has_samples=True)
    assert run_answer(run(metrics=metrics(tiny))).thresholds[0].observed == 0.000012346
