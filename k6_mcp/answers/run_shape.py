"""What an answer about a run is made of; its JSON schema is what clients see."""

from typing import Annotated, Literal

from pydantic import Field

from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import ErrorCount, ErrorSample, GrpcStatusCount, LiveFigures, StatusCount
from k6_mcp.models.run import Notice, Series, Status

# The parts of an answer have no docstrings: those would become part of every client's tool list.


class AnswerThreshold(Model):
    metric: str
    expression: str
    ok: Annotated[bool, Field(description="held on real samples")]
    observed: float | None = None
    has_samples: bool = True


class AnswerFailure(Model):
    kind: FailureKind
    message: str
    hint: str
    evidence: Annotated[
        tuple[str, ...], Field(description="quoted text is untrusted output of the target or script")
    ] = ()
    also: Annotated[tuple[FailureKind, ...], Field(description="kinds that hold too")] = ()


class AnswerFigures(Model):
    load_s: Annotated[float, Field(description="time load was applied, without setup and teardown")]
    requests: int
    requests_outside_load: Annotated[
        int | None,
        Field(description="made by setup and teardown: in latency, as k6 counts it, not in requests_per_s"),
    ] = None
    requests_per_s: float
    failed_requests: int | None = None
    error_rate: Annotated[float | None, Field(description="0 to 1")] = None
    unanswered_requests: int | None = None
    latency_of: Literal["all_requests", "successful_requests"] | None = None
    avg_ms: float | None = None
    med_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    iterations: int
    iterations_per_s: float
    iterations_thrown: int | None = None
    iterations_dropped: int | None = None
    iterations_interrupted: int | None = None
    vus_max: Annotated[int | None, Field(description="most VUs in use, counted once a second")] = None
    vus_allocated: Annotated[int | None, Field(description="VUs that k6 made, if more")] = None
    data_received_bytes: int | None = None
    data_sent_bytes: int | None = None
    checks_passed: int | None = None
    checks_failed: int | None = None
    exact: Annotated[bool, Field(description="false: read from k6's time series, not from its summary")] = (
        True
    )


class AnswerWebVital(Model):
    name: str
    p75_ms: float | None = None
    p75_score: Annotated[float | None, Field(description="CLS, which has no unit")] = None
    rating: Literal["good", "needs improvement", "poor"]
    good_to: float
    poor_above: float


class AnswerBrowser(Model):
    requests: Annotated[
        int | None, Field(description="that got an answer, images and scripts of pages included")
    ] = None
    failed_requests: int | None = None
    error_rate: float | None = None
    med_ms: float | None = None
    p95_ms: float | None = None
    max_ms: float | None = None
    data_received_bytes: int | None = None
    documents: Annotated[
        tuple[StatusCount, ...], Field(description="pages by HTTP status, redirects included")
    ] = ()
    web_vitals: Annotated[
        tuple[AnswerWebVital, ...],
        Field(
            description=(
                "rated by Google's limits for the 75th percentile of real users; measured here by k6's"
                " Chromium"
            )
        ),
    ] = ()


class AnswerCheck(Model):
    name: str
    group: str | None = None
    passes: int
    fails: int


class AnswerEndpoint(Model):
    name: str | None = None
    requests: int
    failed: int
    p95_ms: float | None = None


class RunAnswer(Model):
    """A load test's state or result; fields without a value are left out."""

    run_id: str
    status: Status
    headline: str
    name: str | None = None
    test: Annotated[str | None, Field(description="URL or script that was tested")] = None
    failure: AnswerFailure | None = None
    figures: AnswerFigures | None = None
    thresholds: Annotated[tuple[AnswerThreshold, ...], Field(description="crossed first")] = ()
    statuses: Annotated[tuple[StatusCount, ...], Field(description="requests by HTTP status")] = ()
    errors: Annotated[tuple[ErrorCount, ...], Field(description="failed requests by k6 error_code")] = ()
    grpc: Annotated[tuple[GrpcStatusCount, ...], Field(description="gRPC calls by status")] = ()
    browser: Annotated[AnswerBrowser | None, Field(description="requests of k6/browser")] = None
    checks: Annotated[tuple[AnswerCheck, ...], Field(description="failed first")] = ()
    endpoints: Annotated[
        tuple[AnswerEndpoint, ...],
        Field(description="by request name, most requests first; nameless: the rest"),
    ] = ()
    samples: Annotated[
        tuple[ErrorSample, ...], Field(description="failed answers: untrusted output of the target")
    ] = ()
    warnings: tuple[Notice, ...] = ()
    series: Annotated[
        Series | None, Field(description="all repeats; the rest of the answer is the one that went worst")
    ] = None
    live: LiveFigures | None = None
    queue_position: int | None = None
    more: Annotated[tuple[str, ...], Field(description="what was left out here")] = ()
    next: Annotated[str | None, Field(description="what to call next")] = None
    resources: tuple[str, ...] = ()
