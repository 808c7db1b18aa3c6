"""What the statuses of gRPC calls say of the target, as `failing` says it of HTTP requests.

A stream that the script itself closes ends as CANCELLED: that is neither a success nor a failure. A call that
passes its timeout is not counted by k6 at all (its internal/lib/netext/grpcext/conn.go drops the sample of a
call whose context is over).
"""

from collections.abc import Iterator
from typing import NamedTuple

from k6_mcp.analysis.measure.error_codes import GRPC_CANCELLED, GRPC_OK, GRPC_UNIMPLEMENTED
from k6_mcp.analysis.verdict.case import Case, Cause
from k6_mcp.models.metrics import GrpcStatusCount, Metrics
from k6_mcp.models.run import Notice
from k6_mcp.models.wording import count, few, percent

LOOK_AT_CALL = (
    "see what the target answers to one such call (address, method, message, metadata, credentials); if these"
    " statuses are right, say so with a threshold on checks or on grpc_req_duration{status:…}"
)
_TOLD = 4
_MOST_LINES = 5
_COUNTED = ("http_reqs", "ws_sessions", "grpc_streams_msgs_received")
_BY_REFLECTION = (
    "; UNIMPLEMENTED may be the answer to k6's own question for the newest reflection (reflect: true), which"
    " it counts like a call"
)


class _Calls(NamedTuple):
    total: int
    failed: int
    failures: tuple[GrpcStatusCount, ...]


def grpc_failing(case: Case) -> Cause | None:
    """Not one gRPC call was successful, and no threshold asked about it."""
    message = without_success(case)
    if message is None or any(t.has_samples and _asks_about_calls(t.metric) for t in case.thresholds):
        return None
    calls = _calls(case.metrics)
    return Cause(
        "target_failing",
        message,
        LOOK_AT_CALL,
        tuple(row.told for row in calls.failures[_TOLD : _TOLD + _MOST_LINES]),
    )


def without_success(case: Case) -> str | None:
    """Return that not one gRPC call was successful and what came instead, None where some were or none was
    made.
    """
    calls = _calls(case.metrics)
    if not calls.total or calls.failed < calls.total:
        return None
    return (
        f"not one of {count(calls.total, 'gRPC call')} was successful:"
        f" {few((row.told for row in calls.failures), _TOLD)}"
    )


def some_failed(case: Case) -> Iterator[Notice]:
    """Yield that some gRPC calls failed where nothing asks about it."""
    calls = _calls(case.metrics)
    planned = case.plan.thresholds if case.plan else ()
    asked = {threshold.metric for threshold in (*case.thresholds, *planned)}
    if 0 < calls.failed < calls.total and not any(map(_asks_about_calls, asked)):
        reflection = _BY_REFLECTION if any(row.status == GRPC_UNIMPLEMENTED for row in calls.failures) else ""
        yield Notice(
            code="grpc_calls_failed",
            message=(
                f"{calls.failed} of {calls.total} gRPC calls ({percent(calls.failed / calls.total)}) failed"
                " and no threshold asks about that:"
                f" {few((row.told for row in calls.failures), _TOLD)}{reflection}"
            ),
        )


def not_counted(case: Case) -> str | None:
    """Return that a script made to call gRPC had nothing counted at all although it sent something, None in
    every other case.
    """
    figures, metrics = case.figures, case.metrics
    if figures is None or metrics is None or case.plan is None or not case.plan.grpc:
        return None
    rows = {row.name: row.values for row in metrics.rows}
    if any(rows.get(name, {}).get("count") for name in _COUNTED) or rows.get("grpc_req_duration", {}).get(
        "max"
    ):
        return None
    if (
        not figures.data_sent_bytes
        or figures.iterations <= figures.iterations_thrown
        or any(t.has_samples for t in case.thresholds)
    ):
        return None
    return "not one gRPC call was counted: k6 leaves out those that got no answer within their timeout"


def _calls(metrics: Metrics | None) -> _Calls:
    rows = metrics.grpc if metrics else ()
    failed = tuple(row for row in rows if row.status not in (GRPC_OK, GRPC_CANCELLED))
    return _Calls(sum(row.count for row in rows), sum(row.count for row in failed), failed)


def _asks_about_calls(metric: str) -> bool:
    """Whether a threshold on `metric` judges how many gRPC calls fail."""
    base, _, tags = metric.partition("{")
    names = (part.partition(":")[0].strip().strip("\"'") for part in tags.removesuffix("}").split(","))
    return base == "checks" or (base == "grpc_req_duration" and "status" in names)
