"""The figures of a run.

Names contain the units. Rates are fractions from 0 to 1. A missing figure is None, never NaN.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from k6_mcp.models.base import Model
from k6_mcp.models.wording import number

# How exactly k6 keeps a rate, as a share of the planned iterations.
_RATE_IS_KEPT = 0.001
MetricType = Literal["counter", "gauge", "rate", "trend"]
Source = Literal["summary", "export", "record", "none"]


class MetricRow(Model):
    """One metric or tagged sub-metric exactly as k6's end-of-test summary states it (k6's own value keys)."""

    name: str
    type: MetricType
    contains: Literal["default", "time", "data"]
    values: Mapping[str, float]


class ThresholdResult(Model):
    """A threshold and what was observed; `ok` only counts when `has_samples`."""

    metric: str
    expression: str
    ok: bool
    observed: float | None
    has_samples: bool


class CheckResult(Model):
    """A k6 check with its group path (empty at the top)."""

    group: str
    name: str
    passes: int
    fails: int


class ErrorCount(Model):
    """Requests that failed for one reason: k6's error_code (see k6's docs), its meaning and count."""

    code: int
    meaning: str
    count: int


class StatusCount(Model):
    """Answers with one HTTP status; status 0 means no answer."""

    status: int
    count: int


class GrpcStatusCount(Model):
    """gRPC calls that ended with one status: its code and name (google.golang.org/grpc/codes).

    `status` is None if gRPC does not define it.
    """

    status: int | None
    name: str
    count: int

    @property
    def told(self) -> str:
        """The count in words, e.g. `3x UNAVAILABLE (14)`."""
        return f"{self.count}x {self.name}" + (f" ({self.status})" if self.status is not None else "")


class WebVital(Model):
    """One web vital over all page loads of a run: its 75th percentile in ms or, for CLS, as a score.

    `rating` compares it with Google's limits (web.dev/articles/vitals): up to `good_to` is good, above
    `poor_above` is poor. Google's limits are meant for what real users see. Here one Chromium per VU on k6's
    machine measured the vitals.
    """

    name: Literal["LCP", "INP", "CLS", "FCP", "TTFB", "FID"]
    p75_ms: float | None = None
    p75_score: float | None = None
    rating: Literal["good", "needs improvement", "poor"]
    good_to: float
    poor_above: float
    loads: int | None = None

    @property
    def told(self) -> str:
        """The web vital in words, e.g. `LCP p75 264 ms (good)`."""
        value = (
            f"{number(self.p75_score or 0.0, 3)}" if self.p75_ms is None else f"{number(self.p75_ms, 3)} ms"
        )
        return f"{self.name} p75 {value} ({self.rating})"


class BrowserFigures(Model):
    """What the browsers of a run requested (k6's browser_* metrics), images and scripts of pages included.

    k6 counts only requests that got an answer. `requests` is None if only k6's time series is left, which
    lacks the count. `failed_requests` had a status below 200 or from 400 on. `documents` are the pages
    themselves, redirects included, by HTTP status. `page_loads` are those that had web vitals;
    `error_pages` of them showed Chromium's own error page, because nothing answered.
    """

    requests: int | None = None
    requests_per_s: float | None = None
    failed_requests: int | None = None
    error_rate: float | None = None
    avg_ms: float | None = None
    med_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    data_received_bytes: int = 0
    data_sent_bytes: int = 0
    documents: tuple[StatusCount, ...] = ()
    page_loads: int | None = None
    error_pages: int = 0
    web_vitals: tuple[WebVital, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether a request got an answer."""
        return (
            bool(self.requests or self.error_rate is not None or self.data_received_bytes)
            or self.pages_shown > 0
        )

    @property
    def pages_shown(self) -> int:
        """How many page loads are known to have shown the target's answer."""
        return max((self.page_loads or 0) - self.error_pages, 0)


class EndpointFigures(Model):
    """The requests of one name (k6's `name` tag).

    The row with `name` None sums up the requests without a row of their own, and holds only counts.
    """

    name: str | None
    requests: int
    failed: int
    avg_ms: float | None = None
    med_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None


class ErrorSample(Model):
    """One failed answer from the target, cut and untrusted.

    `name` is the request's, `status` the HTTP status (0 if there was none) and `text` the body.
    """

    name: str
    status: int
    text: str


class Generator(Model):
    """The CPU that k6 used, as a share of the cores it could use (0 to 1), and how far others disturbed it.

    `cpu_wait_s` is how long k6's threads, added up, were ready to run but had no CPU. `steal_s` is the time
    that the hypervisor gave to other machines, summed over all CPUs of this one. Both are None if the system
    does not report them (Linux does), and in runs stored by older versions.
    """

    cpu_s: float
    cores: int
    cpu_share: float
    cpu_wait_s: float | None = None
    steal_s: float | None = None


class Latency(Model):
    """http_req_duration in ms over the requests that `of` names.

    These are all requests, or the successful ones if some never connected: k6 counts those as 0 ms.
    """

    of: Literal["all_requests", "successful_requests"]
    count: int
    avg_ms: float
    min_ms: float
    med_ms: float
    max_ms: float
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Figures(Model):
    """Key figures of a run.

    `load_s` is the time load was applied, without setup and teardown; per-second figures divide by it.
    `requests_outside_load` of the requests came from setup and teardown. They are not in `requests_per_s`,
    but they are in `latency`, as in k6's own. `vus_max` is the most VUs in use, as k6 counts them once a
    second. `vus_allocated` (k6's metric vus_max) is how many k6 created, in use or not. `load_failed` means
    that every request failed, apart from those of setup and teardown.
    """

    wall_s: float
    load_s: float
    requests: int = 0
    requests_outside_load: int = 0
    requests_per_s: float = 0.0
    failed_requests: int = 0
    error_rate: float | None = None
    unanswered_requests: int = 0
    latency: Latency | None = None
    iterations: int = 0
    iterations_per_s: float = 0.0
    iterations_interrupted: int = 0
    iterations_dropped: int = 0
    iterations_thrown: int = 0
    vus_max: int | None = None
    vus_allocated: int | None = None
    data_received_bytes: int = 0
    data_sent_bytes: int = 0
    checks_passed: int = 0
    checks_failed: int = 0
    # Only the verdict uses it; it is neither shown nor stored.
    load_failed: SkipJsonSchema[bool] = Field(default=False, exclude=True)

    @property
    def requests_of_load(self) -> int:
        """How many requests did not come from setup() and teardown()."""
        return self.requests - self.requests_outside_load

    @property
    def iterations_due(self) -> int:
        """How many iterations k6 should have started while it ran."""
        return self.iterations + self.iterations_interrupted + self.iterations_dropped

    def planned_iterations(self, expected: int) -> int:
        """Return how many iterations were planned, given the `expected` number of the plan.

        These are the due ones, unless the run ended before all were due. At its rate, k6 may start one more
        or one fewer than the planned time implies.
        """
        return (
            self.iterations_due
            if self.iterations_due >= expected - max(1, round(expected * _RATE_IS_KEPT))
            else expected
        )


class Metrics(Model):
    """Everything measured in a run.

    `source` is where the figures come from; `exact` means k6's unrounded summary. `websockets` are the
    WebSocket sessions by the status of their handshake: 101 means opened. `grpc` are the gRPC calls by their
    status, empty if k6 left no summary. `browser` is set if a browser made requests. `endpoints_note` is why
    there is no table of endpoints, if there is none.
    """

    source: Source
    exact: bool
    figures: Figures
    thresholds: tuple[ThresholdResult, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    errors: tuple[ErrorCount, ...] = ()
    statuses: tuple[StatusCount, ...] = ()
    websockets: tuple[StatusCount, ...] = ()
    grpc: tuple[GrpcStatusCount, ...] = ()
    endpoints: tuple[EndpointFigures, ...] = ()
    endpoints_note: str | None = None
    browser: BrowserFigures | None = None
    samples: tuple[ErrorSample, ...] = ()
    generator: Generator | None = None
    rows: tuple[MetricRow, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def of_browsers_alone(self) -> bool:
        """Whether only browsers made requests, so that `http_req_*` has no samples."""
        return self.browser is not None and not self.figures.requests


class LiveFigures(Model):
    """A running test: totals so far, and figures of the last interval (about a second)."""

    elapsed_s: float
    percent: float | None
    vus: int
    iterations: int
    requests: int
    requests_per_s: float | None
    p95_ms: float | None
    error_rate: float | None
