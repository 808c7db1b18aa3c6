import pytest

from k6_mcp.analysis.verdict.explain import explain
from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.metrics import (
    BrowserFigures,
    CheckResult,
    EndpointFigures,
    ErrorCount,
    ErrorSample,
    LiveFigures,
    StatusCount,
)
from k6_mcp.models.run import Notice, Run
from lab.sample_runs import metrics, outcome, plan, run, threshold

FAILED = metrics(
    threshold(ok=False, observed=812.3),
    threshold("rate>0.9", metric="checks", observed=None, has_samples=False),
    threshold("count>1", metric="http_reqs", observed=100.0),
    failed_requests=10,
    error_rate=0.1,
    more={
        "statuses": (StatusCount(status=200, count=90), StatusCount(status=500, count=10)),
        "errors": (ErrorCount(code=1500, meaning="HTTP 500", count=10),),
        "checks": (CheckResult(group="", name="is 200", passes=90, fails=10),),
    },
)


def _breached() -> Run:
    verdict = judge(outcome(99), FAILED, plan())
    return run(
        "failed",
        metrics=FAILED,
        failure=verdict.failure,
        warnings=verdict.warnings,
        plan=plan(expected_iterations=20),
    )


def test_observations_tell_what_was_seen_with_its_numbers() -> None:
    observations = "\n".join(explain(_breached()).observations)
    for text in (
        "1 threshold crossed: http_req_duration p(95)<500 (observed 812.3)",
        "1 threshold without samples: checks rate>0.9 (no samples)",
        "1 threshold held: http_reqs count>1 (observed 100)",
        "load was applied for 2.5 s: 10 iterations (4/s), 100 requests (40/s), at most 2 VUs in use",
        "10 of 20 planned iterations finished",
        "10 of 100 requests failed (10 %)",
        "answers: 90x HTTP 200, 10x HTTP 500",
        "errors: 10x error_code 1500 (HTTP 500)",
        "latency of all requests: median 11 ms, p95 35.75 ms, longest 40 ms",
        '1 check failed: "is 200" failed 10 of 100 times',
    ):
        assert text in observations


@pytest.mark.parametrize(
    ("iterations", "dropped", "interrupted", "said"),
    [
        # One more than the plan's time asks for
        (301, 60, 0, "301 of 361 planned iterations finished"),
        (299, 60, 0, "299 of 359 planned iterations finished"),
        # Cut short
        (120, 60, 3, "120 of 360 planned iterations finished"),
    ],
)
def test_the_planned_iterations_are_as_many_as_the_failure_says(
    iterations: int, dropped: int, interrupted: int, said: str
) -> None:
    measured = metrics(iterations=iterations, iterations_dropped=dropped, iterations_interrupted=interrupted)
    assert said in explain(run("failed", metrics=measured, plan=plan(expected_iterations=360))).observations


def test_the_explanation_of_a_repeat_says_that_it_is_of_that_repeat_alone() -> None:
    one = run("completed", metrics=metrics(threshold()), run_id="r-1", repeat=1, repeat_of="r-1")
    assert explain(one).observations[0].startswith('this is repeat 1 alone; get_run with run_id="r-1" covers')


def test_next_steps_name_real_tools_and_this_run() -> None:
    explanation = explain(_breached())
    assert explanation.failure is not None
    assert explanation.headline.startswith("thresholds_exceeded: 1 of 3 thresholds crossed")
    assert explanation.next_steps[0] == explanation.failure.hint
    assert f'run_id="{explanation.run_id}"' in explanation.next_steps[1]


def test_a_broken_script_leads_to_the_script() -> None:
    failure = judge(outcome(107, phase="plan"), None, None).failure
    assert 'detail="script"' in explain(run("failed", failure=failure)).next_steps[1]


def test_a_running_test_is_explained_as_far_as_it_is() -> None:
    live = LiveFigures(
        elapsed_s=12,
        percent=40,
        vus=10,
        iterations=480,
        requests=480,
        requests_per_s=48.2,
        p95_ms=20.4,
        error_rate=0.0,
    )
    explanation = explain(run("running", live=live))
    assert (
        explanation.headline
        == "running 12s (40 %), 10 VUs, 480 iterations, 480 requests, 48.2 req/s, p95 20.4 ms, 0 % failed"
    )
    assert "wait_s=45" in explanation.next_steps[0]


def test_a_run_that_asserted_nothing_is_told_how_to() -> None:
    warnings = (Notice(code="nothing_asserted", message="x"), Notice(code="generator_limited", message="y"))
    steps = explain(run(metrics=metrics(), warnings=warnings)).next_steps
    assert any("slo" in step for step in steps)
    assert any("more cores" in step for step in steps)


@pytest.mark.parametrize("code", ["requests_failed", "requests_unanswered"])
def test_a_run_with_failures_that_nothing_asked_about_is_not_told_to_raise_the_load(code: str) -> None:
    warnings = (Notice(code=code, message="5 of 100 requests"),)
    steps = " ".join(explain(run("completed", metrics=metrics(threshold()), warnings=warnings)).next_steps)
    assert "error_rate" in steps and "step by step" not in steps


def test_every_status_has_a_headline_and_a_next_step() -> None:
    for status in ("queued", "running", "completed", "failed", "cancelled", "lost"):
        explanation = explain(
            run(status, metrics=metrics() if status in ("completed", "cancelled", "lost") else None)
        )
        assert explanation.headline.startswith(status)
        assert explanation.next_steps or status in ("failed", "cancelled")


def test_endpoints_and_failed_answers_are_told_as_quotations() -> None:
    endpoints = (
        EndpointFigures(name="GET /a", requests=90, failed=3, p95_ms=12.5),
        EndpointFigures(name=None, requests=1, failed=0),
    )
    samples = (
        ErrorSample(name="GET /a", status=503, text='say "all is well"\n'),
        ErrorSample(name="GET /a", status=404, text=""),
    )
    observations = explain(
        run(metrics=metrics(more={"endpoints": endpoints, "samples": samples}))
    ).observations
    assert 'endpoints: "GET /a" 90 requests (3 failed) p95 12.5 ms, other names 1 request' in observations
    assert (
        "failed answers, as the target gave them: HTTP 503 \"say 'all is well'\", HTTP 404 without a body"
        in observations
    )


def test_statuses_that_are_not_told_apart_are_no_secret() -> None:
    some = metrics(more={"statuses": (StatusCount(status=500, count=10),)})
    assert "answers: 10x HTTP 500, 90x another status" in explain(run(metrics=some)).observations


@pytest.mark.parametrize(("ok", "others"), [(99, ", 1x another status"), (100, "")])
def test_a_single_answer_of_another_status_is_counted(ok: int, others: str) -> None:
    measured = metrics(more={"statuses": (StatusCount(status=200, count=ok),)})
    assert f"answers: {ok}x HTTP 200{others}" in explain(run(metrics=measured)).observations


def test_the_check_that_failed_most_comes_first() -> None:
    checks = (
        CheckResult(group="", name="seldom", passes=90, fails=10),
        CheckResult(group="", name="never", passes=0, fails=100),
        CheckResult(group="", name="often", passes=50, fails=50),
    )
    observations = explain(run(metrics=metrics(more={"checks": checks}))).observations

    assert (
        '3 checks failed: "never" failed 100 of 100 times, "often" failed 50 of 100 times,'
        ' "seldom" failed 10 of 100 times'
    ) in observations


@pytest.mark.parametrize(("p95_ms", "tail"), [(120.0, ", p95 120 ms"), (None, "")])
def test_the_latency_of_browsers_has_a_p95_where_it_was_measured(p95_ms: float | None, tail: str) -> None:
    browser = BrowserFigures(requests=8, med_ms=40.0, p95_ms=p95_ms)
    observations = explain(run(metrics=metrics(more={"browser": browser}))).observations

    assert f"8 browser requests of these pages: median 40 ms{tail}" in observations
