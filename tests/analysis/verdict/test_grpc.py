"""The verdicts on gRPC statuses that a real server can hardly produce."""

import pytest

from k6_mcp.analysis.measure.error_codes import grpc_name
from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.metrics import GrpcStatusCount, MetricRow, Metrics
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Notice
from lab.sample_runs import metrics, outcome, plan, threshold

_CALLING = plan(grpc=True)


def _calls(*by_status: tuple[int | None, int]) -> Metrics:
    grpc = tuple(
        GrpcStatusCount(status=status, name=grpc_name(status), count=count) for status, count in by_status
    )
    return metrics(
        threshold(), requests=0, error_rate=None, latency=None, data_sent_bytes=900, more={"grpc": grpc}
    )


def _warned(figures: Metrics) -> Notice | None:
    verdict = judge(outcome(0), figures, _CALLING)
    assert verdict.status == "completed"
    return next((notice for notice in verdict.warnings if notice.code == "grpc_calls_failed"), None)


def test_calls_that_failed_beside_others_are_warned_of_with_their_statuses() -> None:
    warned = _warned(_calls((0, 7), (14, 2), (None, 1)))
    assert warned is not None
    assert warned.message.startswith(
        "3 of 10 gRPC calls (30 %) failed and no threshold covers that: 2x UNAVAILABLE (14), 1x not"
    )
    assert "reflection" not in warned.message


def test_unimplemented_may_be_the_answer_to_k6_itself() -> None:
    warned = _warned(_calls((0, 7), (12, 3)))
    assert warned is not None
    assert "reflect: true" in warned.message


@pytest.mark.parametrize("by_status", [((0, 3),), ((1, 3),), ((0, 1), (1, 2)), ()])
def test_streams_that_the_script_closed_are_no_failures(by_status: tuple[tuple[int, int], ...]) -> None:
    assert _warned(_calls(*by_status)) is None


def test_failures_beside_closed_streams_alone_are_a_warning() -> None:
    assert _warned(_calls((1, 3), (14, 2))) is not None


@pytest.mark.parametrize(
    "metric", ["checks", "grpc_req_duration{status:14}", 'grpc_req_duration{ "status":"0", method:Call}']
)
def test_who_asks_about_statuses_is_not_told_of_them(metric: str) -> None:
    asked = threshold(metric=metric)
    for figures in (_calls((14, 3)), _calls((0, 1), (14, 3))):
        verdict = judge(outcome(0), figures.model_copy(update={"thresholds": (asked,)}), _CALLING)
        assert (verdict.status, "grpc_calls_failed" in {notice.code for notice in verdict.warnings}) == (
            "completed",
            False,
        )


@pytest.mark.parametrize(
    "metric", ["http_req_failed", "grpc_req_duration", "grpc_req_duration{method:status}"]
)
def test_who_asks_about_something_else_is_told_of_them(metric: str) -> None:
    verdict = judge(
        outcome(0), _calls((14, 3)).model_copy(update={"thresholds": (threshold(metric=metric),)}), _CALLING
    )
    assert verdict.failure is not None
    assert (verdict.failure.kind, verdict.failure.message) == (
        "target_failing",
        "not one of 3 gRPC calls was successful: 3x UNAVAILABLE (14)",
    )


def _row(name: str, **values: float) -> MetricRow:
    return MetricRow(name=name, type="counter", contains="default", values=values)


_UNCOUNTED = _calls().model_copy(update={"thresholds": ()})


def test_a_script_of_grpc_calls_of_which_none_was_counted_has_no_samples() -> None:
    verdict = judge(outcome(0), _UNCOUNTED, _CALLING)
    assert verdict.failure is not None
    assert verdict.failure.kind == "no_samples"
    assert "not one gRPC call was counted" in verdict.failure.message
    assert "only connects" in verdict.failure.hint


@pytest.mark.parametrize(
    ("figures", "planned"),
    [
        (_UNCOUNTED, plan()),
        (_UNCOUNTED, None),
        # A threshold held on real samples
        (_calls(), _CALLING),
        (_UNCOUNTED.model_copy(update={"rows": (_row("http_reqs", count=1),)}), _CALLING),
        (_UNCOUNTED.model_copy(update={"rows": (_row("grpc_streams_msgs_received", count=1),)}), _CALLING),
        (_UNCOUNTED.model_copy(update={"rows": (_row("grpc_req_duration", max=1.5),)}), _CALLING),
        # Nothing was sent
        (metrics(requests=0, error_rate=None, latency=None), _CALLING),
    ],
)
def test_where_anything_else_was_counted_or_nothing_sent_that_is_not_said(
    figures: Metrics, planned: Plan | None
) -> None:
    assert judge(outcome(0), figures, planned).status == "completed"
