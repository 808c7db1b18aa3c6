"""A run, from its request to its verdict."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, Self

from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.findings import Severity
from k6_mcp.models.metrics import LiveFigures, Metrics
from k6_mcp.models.plan import Plan
from k6_mcp.models.request import Method, Preset, Slo, Stage
from k6_mcp.models.script import Origin

Status = Literal["queued", "running", "completed", "failed", "cancelled", "lost"]
FINAL: frozenset[Status] = frozenset({"completed", "failed", "cancelled", "lost"})


class Failure(Model):
    """Why a run failed: the root cause, the next step, the evidence, and the other kinds that also hold."""

    kind: FailureKind
    message: str
    hint: str
    evidence: tuple[str, ...] = ()
    also: tuple[FailureKind, ...] = ()


class Notice(Model):
    """A warning: not a failure, but a limit to how far the figures can be trusted.

    `code` is stable.
    """

    code: str
    message: str


class Verdict(Model):
    """The judgement of one run."""

    status: Status
    failure: Failure | None = None
    warnings: tuple[Notice, ...] = ()


class Asked(Model):
    """The request with masked secrets in headers, body and URL.

    Only the names of env variables are in it. The script is in the run's folder.
    """

    origin: Origin
    script_file: str | None = None
    url: str | None = None
    preset: Preset | None = None
    method: Method | None = None
    headers: Mapping[str, str] = {}
    body: str | None = None
    vus: int | None = None
    duration: str | None = None
    iterations: int | None = None
    stages: tuple[Stage, ...] | None = None
    rate_per_s: float | None = None
    thresholds: Mapping[str, tuple[str, ...]] = {}
    slo: Slo | None = None
    expected_statuses: tuple[str, ...] | None = None
    env_names: tuple[str, ...] = ()
    override_load: bool = False
    repeat: int | None = None


class RepeatRow(Model):
    """One run of a series, summarized."""

    run_id: str
    status: Status
    failure: FailureKind | None = None
    p95_ms: float | None = None
    error_rate: float | None = None
    requests_per_s: float | None = None


class Spread(Model):
    """One figure over the runs of a series.

    It has the mean, the 95 % interval of the mean (Student's t) and the extremes.
    """

    metric: str
    mean: float
    low: float | None = None
    high: float | None = None
    min: float
    max: float


class Series(Model):
    """The repeats of one request, in their order.

    `asked` is the requested number of repeats, and `first` the run id of the series.
    """

    first: str
    asked: int
    runs: tuple[RepeatRow, ...] = ()
    spreads: tuple[Spread, ...] = ()


class Run(Model):
    """One load test from request to verdict, stored in this form in `run.json` and the database.

    `server_id` names the process that owns it; that process's lock shows whether it is alive. `live` is set
    only while the run is running. Times are UTC. Repeats of one request share `repeat_of`, the id of the
    first, and `repeat` counts them. `series` holds all of them if a series is shown; it is not stored.
    `worst` is the severity of the run's worst finding.
    """

    run_id: str
    status: Status
    name: str | None
    asked: Asked
    tags: Mapping[str, str] = {}
    script_sha256: str
    k6_version: str
    server_id: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    plan: Plan | None = None
    metrics: Metrics | None = None
    failure: Failure | None = None
    warnings: tuple[Notice, ...] = ()
    live: LiveFigures | None = None
    queue_position: int | None = None
    repeat_of: str | None = None
    repeat: int | None = None
    worst: Severity | None = None
    series: Series | None = None

    def queued(self) -> Self:
        """Return the run with the status queued."""
        return self.changed(status="queued")

    def running(self) -> Self:
        """Return the run with the status running."""
        return self.changed(status="running")

    def started(self, at: datetime) -> Self:
        """Return the run with `at` as the time when k6 began to execute it."""
        return self.changed(started_at=at)

    def ended(
        self,
        verdict: Verdict,
        metrics: Metrics | None,
        *,
        exit_code: int | None,
        started_at: datetime | None,
        ended_at: datetime,
    ) -> Self:
        """Return the run with its measurements and its verdict."""
        return self.changed(
            status=verdict.status,
            failure=verdict.failure,
            warnings=verdict.warnings,
            metrics=metrics,
            exit_code=exit_code,
            started_at=started_at,
            ended_at=ended_at,
        )

    def failed(self, failure: Failure, ended_at: datetime) -> Self:
        """Return the run as one that failed before it could be judged."""
        return self.changed(status="failed", failure=failure, ended_at=ended_at)

    def lost(self, metrics: Metrics | None, notice: Notice, ended_at: datetime) -> Self:
        """Return the run of a server that died, with the figures it left behind."""
        return self.changed(
            status="lost", metrics=metrics, warnings=(*self.warnings, notice), ended_at=ended_at
        )

    def contradicted(self, failure: Failure, metrics: Metrics) -> Self:
        """Return an imported run as failed: its files contradict its status completed."""
        return self.changed(status="failed", failure=failure, metrics=metrics)

    def with_metrics(self, metrics: Metrics) -> Self:
        """Return the run with other figures and the same verdict."""
        return self.changed(metrics=metrics)

    def with_worst(self, severity: Severity | None) -> Self:
        """Return the run with the severity of its worst finding."""
        return self.changed(worst=severity)

    def with_warnings(self, warnings: Iterable[Notice]) -> Self:
        """Return the run with `warnings` in place of its own."""
        return self.changed(warnings=tuple(warnings))

    def with_live(self, live: LiveFigures) -> Self:
        """Return the run with its figures so far."""
        return self.changed(live=live)

    def with_position(self, position: int | None) -> Self:
        """Return the run with its place in the queue, counted from 1."""
        return self.changed(queue_position=position)

    def with_series(self, series: Series | None) -> Self:
        """Return the run with the series that it belongs to."""
        return self.changed(series=series)

    def between_repeats(self, series: Series) -> Self:
        """Return the first run of a series as shown while no repeat is running."""
        return self.changed(
            status="running",
            series=series,
            metrics=None,
            failure=None,
            warnings=(),
            ended_at=None,
            exit_code=None,
        )

    def as_series(self, first: "Run", live: LiveFigures | None, series: Series) -> Self:
        """Return a running repeat as its series is shown: under the id and times of `first`."""
        return self.changed(
            run_id=first.run_id,
            created_at=first.created_at,
            started_at=first.started_at,
            live=live,
            series=series,
        )
