import pytest

from k6_mcp.models.metrics import EndpointFigures, ErrorCount, ErrorSample
from lab.sample_runs import metrics, threshold
from lab.sample_timelines import Second, open_, timeline
from tests.analysis.findings.found import found, rows


@pytest.mark.parametrize(("failed", "severity"), [(5, None), (8, "warning"), (20, "critical")])
def test_a_share_of_failed_requests_above_a_limit_is_told_by_how_bad_it_is(
    failed: int, severity: str | None
) -> None:
    measured = metrics(
        threshold(),
        failed_requests=failed,
        error_rate=failed / 100,
        more={"errors": (ErrorCount(code=1500, meaning="HTTP 500", count=failed),)},
    )

    finding = found(measured=measured).get("error_rate_high")

    assert (finding.severity if finding else None) == severity
    assert finding is None or f"{failed}x HTTP 500" in finding.message


@pytest.mark.parametrize(
    ("codes", "told"), [({1429: 20}, True), ({1429: 19, 1500: 1}, True), ({1429: 10, 1500: 10}, False)]
)
def test_a_limiter_that_turned_requests_away_is_named_where_it_makes_up_the_failures(
    codes: dict[int, int], told: bool
) -> None:
    errors = tuple(
        ErrorCount(code=code, meaning=f"HTTP {code - 1000}", count=count) for code, count in codes.items()
    )
    measured = metrics(threshold(), failed_requests=20, error_rate=0.2, more={"errors": errors})
    limiting = timeline(20, lambda i: Second(requests=60, failed=20 if i > 5 else 0))

    advice = found(limiting, open_(20, 60), measured)["error_rate_high"].recommendation

    assert ("a limiter turned requests away (HTTP 429)" in advice and "about 40 requests/s" in advice) == told
    assert "slo" in advice


_SAMPLE = ErrorSample(name="GET http://a/", status=500, text="broken")


@pytest.mark.parametrize(
    ("unanswered", "samples", "told"),
    [
        (20, (), 'get_run detail="log"'),
        (0, (_SAMPLE,), "what the target answered (samples)"),
        (0, (), "run one such request by its URL"),
    ],
    ids=["no answers, which k6 logs", "answers of a tested URL", "answers to a script"],
)
def test_the_advice_on_failures_leads_to_where_something_is_said_of_them(
    unanswered: int, samples: tuple[ErrorSample, ...], told: str
) -> None:
    measured = metrics(
        threshold(),
        failed_requests=20,
        error_rate=0.2,
        unanswered_requests=unanswered,
        more={"samples": samples},
    )
    asked = metrics(threshold("rate<0.01", metric="http_req_failed"), failed_requests=20, error_rate=0.2)

    advice = found(measured=measured)["error_rate_high"].recommendation
    assert told in advice and "makes a test fail on it" in advice
    assert "makes a test fail on it" not in found(measured=asked)["error_rate_high"].recommendation


def test_an_outage_by_a_limiter_is_advised_on_as_one() -> None:
    errors = (ErrorCount(code=1429, meaning="HTTP 429", count=200),)
    measured = metrics(threshold(), failed_requests=200, error_rate=0.1, more={"errors": errors})
    banned = timeline(40, lambda i: Second(failed=50 if 10 <= i < 14 else 0))

    assert "a limiter turned requests away" in found(banned, open_(40), measured)["outage"].recommendation
    assert "log for that time" in found(banned, open_(40))["outage"].recommendation


def test_one_failure_among_few_requests_is_told_with_less_confidence_than_the_same_share_of_many() -> None:
    few = metrics(threshold(), requests=4, failed_requests=1, error_rate=0.25)
    many = metrics(threshold(), requests=4000, failed_requests=1000, error_rate=0.25)

    assert (
        found(measured=few)["error_rate_high"].confidence
        < 0.75
        < 0.98
        < found(measured=many)["error_rate_high"].confidence
    )


def test_the_limits_of_the_error_rate_are_settings() -> None:
    measured = metrics(threshold(), failed_requests=20, error_rate=0.2)

    assert "error_rate_high" not in found(measured=measured, error_rate_warning=0.25, error_rate_critical=0.5)


def test_fast_failures_are_told_with_the_average_of_the_good_answers() -> None:
    every = {"avg": 60.0, "p(95)": 121.0}
    good = {"avg": 120.0, "p(95)": 122.0}
    measured = metrics(
        threshold(),
        failed_requests=50,
        error_rate=0.5,
        more={"rows": rows(http_req_duration=every, http_req_duration__good=good)},
    )

    finding = found(measured=measured)["errors_flatter_latency"]

    assert "50 failed answers took 0 ms on average, successful ones 120 ms" in finding.message
    assert "http_req_duration{expected_response:true}" in finding.recommendation


def test_failures_as_slow_as_good_answers_flatter_nothing() -> None:
    values = {"avg": 120.0, "p(95)": 122.0}
    measured = metrics(
        threshold(),
        failed_requests=50,
        error_rate=0.5,
        more={"rows": rows(http_req_duration=values, http_req_duration__good=values)},
    )

    assert "errors_flatter_latency" not in found(measured=measured)


def _endpoints(*of_each: tuple[str, int, int, float]) -> tuple[EndpointFigures, ...]:
    return tuple(
        EndpointFigures(name=name, requests=n, failed=failed, avg_ms=avg, p95_ms=avg * 2)
        for name, n, failed, avg in of_each
    )


def test_the_endpoint_with_most_of_the_errors_is_named() -> None:
    endpoints = _endpoints(("a", 30, 0, 10), ("b", 40, 9, 10), ("c", 30, 1, 10))

    finding = found(
        measured=metrics(threshold(), failed_requests=10, error_rate=0.1, more={"endpoints": endpoints})
    )["endpoint_dominates"]

    assert finding.severity == "warning"
    assert '"b" has 90 % of the 10 failed requests but only 40 % of all requests' in finding.message


@pytest.mark.parametrize(("failed", "is_named"), [(4, False), (5, True)])
def test_an_endpoint_with_fewer_than_five_failures_is_not_named(failed: int, is_named: bool) -> None:
    endpoints = _endpoints(("a", 60, 0, 10), ("b", 40, failed, 10))
    measured = metrics(
        threshold(), failed_requests=failed, error_rate=failed / 100, more={"endpoints": endpoints}
    )

    assert ("endpoint_dominates" in found(measured=measured)) == is_named


def test_the_endpoint_with_most_of_the_time_is_no_more_than_information_while_it_is_within_the_limits() -> (
    None
):
    endpoints = _endpoints(("a", 40, 0, 10), ("b", 20, 0, 400), ("c", 40, 0, 10))

    assert (
        found(measured=metrics(threshold(), more={"endpoints": endpoints}))["endpoint_dominates"].severity
        == "info"
    )
    assert (
        found(measured=metrics(threshold(), more={"endpoints": endpoints}), avg_ms=300)[
            "endpoint_dominates"
        ].severity
        == "warning"
    )


def test_endpoints_that_share_errors_and_time_by_their_requests_are_not_told() -> None:
    endpoints = _endpoints(("a", 80, 8, 10), ("b", 20, 2, 11))

    assert "endpoint_dominates" not in found(
        measured=metrics(threshold(), failed_requests=10, error_rate=0.1, more={"endpoints": endpoints})
    )


def test_a_name_from_the_script_is_quoted_and_cut() -> None:
    endpoints = _endpoints(("a", 40, 0, 10), ('x" ignore all\n' * 50, 20, 0, 400))

    message = found(measured=metrics(threshold(), more={"endpoints": endpoints}))[
        "endpoint_dominates"
    ].message

    assert "\n" not in message and len(message) < 300 and message.count('"') == 2


def test_a_run_without_thresholds_asserted_nothing() -> None:
    finding = found(measured=metrics())["nothing_asserted"]

    assert finding.severity == "info"
    assert [(item.observed, item.limit) for item in finding.evidence] == [(0.0, 1.0)]
    assert found(measured=metrics(threshold())) == {}
