import pytest

from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import ErrorCount, Metrics, StatusCount, ThresholdResult
from k6_mcp.models.outcome import LogMessage, Outcome
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Failure, Verdict
from lab.sample_runs import metrics, outcome, plan, said, threshold

CROSSED = threshold(ok=False, observed=812.3)
EMPTY = threshold("rate>0.9", metric="checks", observed=None, has_samples=False)
ERRORS_ASKED = threshold("rate<=1", metric="http_req_failed", observed=1.0)
REFUSED_LOG = LogMessage(
    level="warning", text='Request Failed: Get "http://h:1/": dial tcp: connection refused', times=100
)
THREW_LOG = LogMessage(
    level="error",
    text="Error: boom\n\tat default (file:///data/runs/r-1/script.js:3:9(2))",
    times=10,
    source="stacktrace",
)

GOOD = metrics(threshold())
BREACH = metrics(CROSSED)
REFUSED = metrics(
    error_rate=1.0,
    failed_requests=100,
    unanswered_requests=100,
    latency=None,
    more={
        "errors": (ErrorCount(code=1212, meaning="connection refused", count=100),),
        "statuses": (StatusCount(status=0, count=100),),
    },
)
FAILING = metrics(
    error_rate=1.0, failed_requests=100, more={"statuses": (StatusCount(status=500, count=100),)}
)
NOTHING_DONE = metrics(iterations=0, iterations_interrupted=2, requests=2)
DROPPED = metrics(threshold(), iterations=40, iterations_dropped=60)
THROWN = metrics(threshold(), iterations_thrown=10)
NO_FIGURES = metrics(source="none", requests=0, iterations=0, latency=None, error_rate=None)
OPEN = plan(
    scenarios=(ScenarioPlan(name="s", executor="constant-arrival-rate", rate_per_s=100.0, duration_s=1.0),),
    max_vus=5,
)
COUNTED = plan(
    scenarios=(ScenarioPlan(name="s", executor="shared-iterations", iterations=100, duration_s=1.0),)
)


def with_figures(base: Metrics, *thresholds: object, **figures: object) -> Metrics:
    return base.model_copy(
        update={
            "thresholds": thresholds or base.thresholds,
            "figures": base.figures.model_copy(update=dict(figures)),
        }
    )


def _sessions(*by_status: tuple[int, int]) -> Metrics:
    websockets = tuple(StatusCount(status=status, count=count) for status, count in by_status)
    return metrics(threshold(), requests=0, error_rate=None, latency=None, more={"websockets": websockets})


def failed(verdict: Verdict) -> Failure:
    assert verdict.status == "failed"
    assert verdict.failure is not None
    return verdict.failure


# what the data say behind exit code 0: (metrics, plan, kind, text in the message)
_DATA: tuple[tuple[Metrics, Plan, FailureKind, str], ...] = (
    (BREACH, plan(), "thresholds_exceeded", "http_req_duration p(95)<500 (observed 812.3)"),
    (
        REFUSED,
        plan(),
        "target_unreachable",
        "none of 100 requests got an answer: error_code 1212, connection refused",
    ),
    (
        with_figures(REFUSED, requests=1, unanswered_requests=1),
        plan(),
        "target_unreachable",
        "the only request got no answer",
    ),
    (_sessions((0, 4)), plan(), "target_unreachable", "none of 4 WebSocket sessions got an answer"),
    (
        _sessions((403, 3), (0, 1)),
        plan(),
        "target_failing",
        "not one of 4 WebSocket sessions was opened: 3x HTTP 403, 1x no answer",
    ),
    (FAILING, plan(), "target_failing", "100x HTTP 500"),
    (THROWN, plan(), "script_error", "every one of 10 iterations"),
    (with_figures(THROWN, iterations=1, iterations_thrown=1), plan(), "script_error", "the only iteration"),
    (
        with_figures(DROPPED, vus_allocated=5),
        OPEN,
        "load_not_delivered",
        "60 of 100 planned iterations (60 %), since all 5 VUs were busy",
    ),
    (
        with_figures(DROPPED, vus_allocated=2),
        OPEN,
        "load_not_delivered",
        "since it had to make VUs during the test, 2 VUs in the end",
    ),
    (DROPPED, COUNTED, "load_not_delivered", "maxDuration"),
    (NOTHING_DONE, plan(), "no_samples", "not one iteration finished (2 were interrupted)"),
    (
        metrics(EMPTY, threshold()),
        plan(),
        "no_samples",
        "nothing was measured for 1 threshold: checks rate>0.9",
    ),
)


@pytest.mark.parametrize(
    ("figures", "planned", "kind", "text"), _DATA, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_the_data_say_is_told_although_k6_ended_well(
    figures: Metrics, planned: Plan, kind: FailureKind, text: str
) -> None:
    failure = failed(judge(outcome(0), figures, planned))
    assert failure.kind == kind
    assert text in failure.message
    assert failure.hint


def test_refused_websockets_that_a_threshold_on_checks_asked_about_are_no_failing_target() -> None:
    asked = with_figures(_sessions((403, 4)), threshold("rate<0.5", metric="checks", observed=0.0))
    assert judge(outcome(0), asked, plan()).status == "completed"


@pytest.mark.parametrize("requests", [0, 1])
def test_iterations_that_threw_since_no_connection_was_opened_tell_of_the_target(requests: int) -> None:
    refused = THREW_LOG._replace(
        text="GoError: connection error: dial tcp 127.0.0.1:9: connect: connection refused"
    )
    figures = with_figures(THROWN, requests=requests)
    failure = failed(judge(outcome(0, log=said(None, refused)), figures, plan()))
    assert (failure.kind, failure.also) == (
        ("script_error", ()) if requests else ("target_unreachable", ("script_error",))
    )
    assert "connection refused" in " ".join((failure.message, *failure.evidence))
    assert (
        failed(judge(outcome(0, log=said(None, refused, THREW_LOG)), figures, plan())).kind == "script_error"
    )
    answered = with_figures(figures, data_received_bytes=1)
    assert failed(judge(outcome(0, log=said(None, refused)), answered, plan())).kind == "script_error"


def test_a_target_that_was_silent_all_the_time_is_told_of() -> None:
    silent = with_figures(NOTHING_DONE, requests=0, data_sent_bytes=150)
    assert "answered nothing" in failed(judge(outcome(0), silent, plan())).message
    assert (
        "answered nothing"
        not in failed(judge(outcome(0), with_figures(silent, data_received_bytes=1), plan())).message
    )


def test_a_run_with_nothing_wrong_completed() -> None:
    assert judge(outcome(0), GOOD, plan()) == Verdict(status="completed")


@pytest.mark.parametrize("exit_code", [0, 99])
def test_thresholds_are_judged_by_their_values_and_not_by_the_exit_code(exit_code: int) -> None:
    assert failed(judge(outcome(exit_code), BREACH, plan())).kind == "thresholds_exceeded"
    assert judge(outcome(exit_code), GOOD, plan()).status == "completed"


# causes before their effects: (outcome, metrics, root, also)
_ORDER: tuple[tuple[str, Outcome, Metrics, FailureKind, tuple[FailureKind, ...]], ...] = (
    (
        "refused crosses thresholds",
        outcome(99),
        with_figures(REFUSED, CROSSED),
        "target_unreachable",
        ("thresholds_exceeded",),
    ),
    (
        "refused makes iterations throw",
        outcome(0),
        with_figures(REFUSED, iterations_thrown=10),
        "target_unreachable",
        ("script_error",),
    ),
    (
        "refused in setup",
        outcome(107),
        with_figures(REFUSED, iterations=0),
        "target_unreachable",
        ("script_error",),
    ),
    ("refused, so the script aborts", outcome(108), REFUSED, "target_unreachable", ("script_error",)),
    (
        "refused leaves thresholds without samples",
        outcome(0),
        with_figures(REFUSED, EMPTY),
        "target_unreachable",
        ("no_samples",),
    ),
    (
        "refused until our deadline",
        outcome(105, stop_reason="deadline"),
        REFUSED,
        "timed_out",
        ("target_unreachable",),
    ),
    ("killed with a crossed threshold", outcome(-9), BREACH, "stopped_externally", ("thresholds_exceeded",)),
    ("aborted with a crossed threshold", outcome(108), BREACH, "script_error", ("thresholds_exceeded",)),
    (
        "throwing crosses thresholds",
        outcome(99),
        with_figures(THROWN, CROSSED),
        "script_error",
        ("thresholds_exceeded",),
    ),
    (
        "a crossed threshold beside an empty one",
        outcome(99),
        metrics(CROSSED, EMPTY),
        "thresholds_exceeded",
        ("no_samples",),
    ),
    (
        "dropped iterations beside a crossed threshold",
        outcome(99),
        with_figures(DROPPED, CROSSED),
        "thresholds_exceeded",
        ("load_not_delivered",),
    ),
    (
        "errors that no threshold asked about",
        outcome(99),
        with_figures(FAILING, CROSSED),
        "thresholds_exceeded",
        ("target_failing",),
    ),
    ("marked as failed with everything throwing", outcome(110), THROWN, "script_error", ()),
    (
        "iterations that never finish leave no VU for the next ones",
        outcome(0),
        with_figures(DROPPED, EMPTY, iterations=0, iterations_interrupted=2),
        "no_samples",
        ("load_not_delivered",),
    ),
    ("killed before an iteration finished", outcome(-9), NOTHING_DONE, "stopped_externally", ()),
    ("aborted before an iteration finished", outcome(108), NOTHING_DONE, "script_error", ()),
)


@pytest.mark.parametrize(
    ("ended", "figures", "root", "also"), [case[1:] for case in _ORDER], ids=[case[0] for case in _ORDER]
)
def test_the_root_cause_comes_first(
    ended: Outcome, figures: Metrics, root: FailureKind, also: tuple[FailureKind, ...]
) -> None:
    failure = failed(judge(ended, figures, OPEN))
    assert (failure.kind, failure.also) == (root, also)
    assert all(any(kind in line for line in failure.evidence) for kind in also)


_TOO_FEW = threshold("rate>50", metric="http_reqs", ok=False, observed=20.3)


@pytest.mark.parametrize(
    ("crossed", "rps", "advice", "not_said"),
    [
        ((CROSSED,), None, "improve the target or lower the load", "more load"),
        ((_TOO_FEW,), None, "give it more load", "lower the load"),
        ((_TOO_FEW,), 40, "raise the cap on requests per second", "lower the load"),
        (
            (threshold("count>=500", metric="iterations{scenario:a}", ok=False),),
            1000,
            "give it more load",
            "lower the load",
        ),
        ((_TOO_FEW, CROSSED), None, "less load brings no more", "lower the load"),
        (
            (threshold("rate>0.9", metric="checks", ok=False, observed=0.5),),
            None,
            "lower the load",
            "more load",
        ),
        ((threshold("count<10", metric="http_reqs", ok=False),), None, "lower the load", "more load"),
    ],
)
def test_the_next_step_after_a_crossed_threshold_fits_what_it_asks(
    crossed: tuple[ThresholdResult, ...], rps: int | None, advice: str, not_said: str
) -> None:
    hint = failed(judge(outcome(99), metrics(*crossed), plan(rps=rps))).hint
    assert advice in hint
    assert not_said not in hint


def test_an_early_stop_by_a_threshold_delivered_less_by_definition() -> None:
    log = said(
        "thresholds on metrics 'http_req_duration' were crossed; at least one has abortOnFail enabled,"
        " stopping test prematurely"
    )
    failure = failed(judge(outcome(99, log=log), with_figures(DROPPED, CROSSED, iterations=0), OPEN))
    assert (failure.kind, failure.also) == ("thresholds_exceeded", ())
    assert "abortOnFail" in failure.message


def test_errors_that_a_threshold_allows_are_nofailed() -> None:
    assert judge(outcome(0), with_figures(FAILING, ERRORS_ASKED), plan()).status == "completed"
    statuses = threshold("count>1", metric="http_reqs{status:500}", observed=100.0)
    assert judge(outcome(0), with_figures(FAILING, statuses), plan()).status == "completed"


@pytest.mark.parametrize(
    ("expression", "metric"),
    [
        ("count>1", "http_reqs"),
        ("rate>1", "http_reqs"),
        ("count>1", "http_reqs{name:home}"),
        ("p(95)<500", "http_req_duration{status:500}"),
        ("count>1", "iterations{status:500}"),
        ("rate<2", "other{expected_response:false}"),
    ],
)
def test_a_threshold_that_does_not_ask_how_many_requests_fail_allows_no_failures(
    expression: str, metric: str
) -> None:
    other = threshold(expression, metric=metric, observed=100.0)

    assert failed(judge(outcome(0), with_figures(FAILING, other), plan())).kind == "target_failing"


@pytest.mark.parametrize("metric", ["http_reqs{status:500}", "http_reqs{expected_response:false}", "checks"])
def test_a_threshold_on_answers_or_checks_asks_how_many_requests_fail(metric: str) -> None:
    asked = threshold("count>=0", metric=metric, observed=100.0)

    assert judge(outcome(0), with_figures(FAILING, asked), plan()).status == "completed"


def test_a_threshold_on_failures_without_samples_did_not_ask() -> None:
    failure = failed(judge(outcome(0), with_figures(FAILING, EMPTY), plan()))
    assert (failure.kind, failure.also) == ("target_failing", ("no_samples",))


def test_one_success_is_enough_for_the_target_not_to_be_failing() -> None:
    assert (
        judge(
            outcome(0), with_figures(FAILING, threshold(), failed_requests=99, error_rate=0.99), plan()
        ).status
        == "completed"
    )
    assert (
        judge(
            outcome(0), with_figures(REFUSED, threshold(), unanswered_requests=99, failed_requests=99), plan()
        ).status
        == "completed"
    )


def test_a_few_dropped_iterations_are_a_warning() -> None:
    verdict = judge(outcome(0), metrics(threshold(), iterations=995, iterations_dropped=5), OPEN)
    assert (verdict.status, [warning.code for warning in verdict.warnings]) == (
        "completed",
        ["iterations_dropped"],
    )


@pytest.mark.parametrize("reason", ["caller", "shutdown"])
@pytest.mark.parametrize("exit_code", [105, -2, -9])
def test_a_run_that_was_stopped_is_cancelled_whatever_it_had_shown(reason: str, exit_code: int) -> None:
    verdict = judge(outcome(exit_code, stop_reason=reason), BREACH, plan())
    assert (verdict.status, verdict.failure) == ("cancelled", None)
    assert [warning.code for warning in verdict.warnings] == ["thresholds_exceeded"]


@pytest.mark.parametrize("reason", ["caller", "shutdown", "deadline"])
def test_a_stop_that_came_too_late_changes_nothing(reason: str) -> None:
    assert judge(outcome(0, stop_reason=reason), GOOD, plan()).status == "completed"
    assert failed(judge(outcome(99, stop_reason=reason), BREACH, plan())).kind == "thresholds_exceeded"
