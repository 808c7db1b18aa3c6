"""A run: the thing that is kept and told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

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
    """Something that is no failure but changes how far the figures can be trusted; `code` is stable."""

    code: str
    message: str


class Verdict(Model):
    """The judgement of one run."""

    status: Status
    failure: Failure | None = None
    warnings: tuple[Notice, ...] = ()


class Asked(Model):
    """What was asked for, without secrets: header, body, URL and env secrets are masked, scripts left to the
    run's folder.
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
    """One run of a series in short."""

    run_id: str
    status: Status
    failure: FailureKind | None = None
    p95_ms: float | None = None
    error_rate: float | None = None
    requests_per_s: float | None = None


class Spread(Model):
    """One figure over the runs of a series: its mean, with the 95 % interval of the mean (Student), and its
    extremes.
    """

    metric: str
    mean: float
    low: float | None = None
    high: float | None = None
    min: float
    max: float


class Series(Model):
    """The repeats of one request, in their order: `asked` for so many, `first` is the id that stands for
    all.
    """

    first: str
    asked: int
    runs: tuple[RepeatRow, ...] = ()
    spreads: tuple[Spread, ...] = ()


class Run(Model):
    """One load test from request to verdict; stored as it is in `run.json` and the database.

    `server_id` names the process that owns it (its lock tells whether that process lives). `live` is set only
    while it runs. Times are UTC. Repeats of one request share `repeat_of`, the id of the first, counted by
    `repeat`. `series` tells all of them where a series is asked for; it is not stored. `worst` is the
    severity of its worst finding.
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
