import pytest

from k6_mcp.analysis.measure.thresholds import Evidence, Key, has_samples, judge_thresholds
from k6_mcp.models.metrics import MetricRow, MetricType


def _row(name: str, type_: MetricType, **values: float) -> MetricRow:
    return MetricRow(
        name=name,
        type=type_,
        contains="default",
        values={key.replace("_", "(") + ")" * ("_" in key): v for key, v in values.items()},
    )


ROWS = {
    row.name: row
    for row in (
        _row("http_req_duration", "trend", avg=12, min=1, med=11, max=40, p_95=35, count=100),
        _row("http_req_duration{page:none}", "trend", avg=0, min=0, med=0, max=0, p_95=0, count=0),
        _row("http_req_waiting", "trend", avg=0, min=0, med=0, max=0, p_95=0, count=7),
        _row("wait", "trend", avg=0, min=0, med=0, max=0, count=7),
        _row("checks", "rate", rate=0, passes=0, fails=0),
        _row("http_req_failed", "rate", rate=0, passes=0, fails=100),
        _row("errors", "counter", count=0, rate=0),
        _row("depth", "gauge", value=0, min=0, max=0),
        _row("level", "gauge", value=0, min=-1, max=0),
        _row("endless", "gauge"),
    )
}


@pytest.mark.parametrize(
    ("name", "sampled"),
    [
        ("http_req_duration", True),
        ("http_req_duration{page:none}", False),
        ("http_req_waiting", False),
        ("wait", True),
        ("checks", False),
        ("http_req_failed", True),
        ("errors", True),
        ("depth", False),
        ("level", True),
        ("endless", True),
    ],
)
def test_samples_are_told_from_the_zeros_k6_writes_without_any(name: str, sampled: bool) -> None:
    assert has_samples(ROWS[name]) is sampled


def test_a_gauge_that_crossed_by_infinity_is_not_without_samples() -> None:
    assert _judge(("endless", "value<5"), k6_ok=False) == (False, None, True)


def test_a_gauge_that_was_recorded_as_zero_has_samples() -> None:
    assert has_samples(ROWS["depth"], measured={"depth"})


def _judge(
    key: Key, *, k6_ok: bool | None = None, cause: str | None = None, complete: bool = True
) -> tuple[bool, float | None, bool] | None:
    says = {} if k6_ok is None else {key: k6_ok}
    judged = judge_thresholds([key], Evidence(ROWS, says, cause, (), complete))
    assert len(judged.results) + len(judged.unjudged) == 1
    result = judged.results[0] if judged.results else None
    return (result.ok, result.observed, result.has_samples) if result else None


DURATION = "http_req_duration"
CROSSED = "thresholds on metrics '{}' have been crossed"


def test_a_threshold_is_judged_on_the_value_its_expression_names() -> None:
    assert _judge((DURATION, "p(95)<500"), k6_ok=True) == (True, 35, True)
    assert _judge((DURATION, "p(95)<5"), k6_ok=False) == (False, 35, True)
    assert _judge((DURATION, "p(95.0)<500")) == (True, 35, True)


def test_a_forged_pass_does_not_hold() -> None:
    assert _judge((DURATION, "p(95)<5"), k6_ok=True) == (False, 35, True)


def test_a_threshold_that_k6_calls_crossed_is_crossed() -> None:
    assert _judge((DURATION, "avg<12.000001"), k6_ok=False) == (False, 12, True)


def test_k6s_own_log_convicts_a_metric_whose_figures_hide_it() -> None:
    assert _judge((DURATION, "avg<500"), k6_ok=True, cause=CROSSED.format(f"a, {DURATION}")) == (
        False,
        None,
        True,
    )
    assert _judge((DURATION, "avg<500"), k6_ok=True, cause=CROSSED.format("http_req_duration{a:b}")) == (
        True,
        12,
        True,
    )


def test_only_the_crossed_one_of_a_metrics_thresholds_is_blamed() -> None:
    keys = [(DURATION, "avg<5"), (DURATION, "avg<500")]
    judged = judge_thresholds(keys, Evidence(ROWS, {}, CROSSED.format(DURATION), (), True))
    assert [result.ok for result in judged.results] == [False, True]


def test_a_threshold_without_samples_has_no_observed_value() -> None:
    assert _judge(("checks", "rate>0.9"), k6_ok=True) == (True, None, False)
    assert _judge(("http_req_duration{page:none}", "p(95)<5"), k6_ok=True) == (True, None, False)


def test_a_counter_that_never_counted_is_an_observed_zero() -> None:
    assert _judge(("errors", "count<1"), k6_ok=True) == (True, 0, True)


def test_a_statistic_that_is_missing_leaves_the_verdict_to_k6() -> None:
    assert _judge((DURATION, "p(97)<5"), k6_ok=False) == (False, None, True)
    assert _judge((DURATION, "p(97)<5")) is None


def test_without_a_summary_what_is_missing_is_not_judged_unless_k6_named_it() -> None:
    missing = "http_req_duration{page:home}"
    assert _judge((missing, "avg<5"), complete=False) is None
    assert _judge((missing, "avg<5"), complete=False, cause=CROSSED.format(missing)) == (False, None, True)


def test_with_a_summary_a_missing_metric_has_no_samples() -> None:
    assert _judge(("nothing", "avg<5"), complete=True) == (True, None, False)
