"""Comparisons of runs: whether a test got better or worse."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.findings import Severity
from k6_mcp.models.run import Status

Change = Literal["regressed", "improved", "no_evidence", "not_comparable"]
# The beginning of the difference of a run that has not ended.
STILL = "it is still"


class Difference(Model):
    """Something that differs between the two sides.

    It is `blocking` if figures must not be compared because of it.
    """

    what: str
    baseline: str
    candidate: str
    blocking: bool


class MetricChange(Model):
    """One metric on both sides.

    `effect` is the relative change of the candidate with its interval; for shares it is the absolute change.
    `unit` is `ms`, `per_s` or `share`. `method` is how noise was estimated, and `reason` explains a change
    that is not evident.
    """

    metric: str
    unit: Literal["ms", "per_s", "share"]
    change: Change
    baseline: float | None = None
    candidate: float | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    method: str | None = None
    reason: str | None = None


class Comparison(Model):
    """The comparison of two sides, each one run or the repeats of one test.

    `sentence` sums it up.
    """

    baseline: tuple[str, ...]
    candidate: tuple[str, ...]
    change: Change
    sentence: str
    metrics: tuple[MetricChange, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()


class Baseline(Model):
    """The run that later runs of the test `name` are compared with."""

    name: str
    run_id: str
    set_at: datetime


class Headroom(Model):
    """How far a threshold is from being crossed.

    `headroom` is the share of its limit that is left, negative if it was crossed.
    """

    metric: str
    expression: str
    observed: float | None
    headroom: float | None


class TestTrend(Model):
    """The runs of one test with the same script, oldest first.

    `omitted_runs` older ones are left out.
    """

    name: str
    script_sha256: str
    run_ids: tuple[str, ...]
    since: datetime
    until: datetime
    p95_ms: tuple[float | None, ...]
    error_rate: tuple[float | None, ...]
    requests_per_s: tuple[float | None, ...]
    direction: Literal["worse", "better", "steady", "too_few"]
    headroom: tuple[Headroom, ...] = ()
    omitted_runs: int = 0


class Statistics(Model):
    """The runs of the last `days` days.

    `anomaly_rate` is the share of ended runs with a warning or critical finding. `method` is how the
    direction of a trend was found. `degraded` describes which runs are missing.
    """

    days: float
    runs: int
    by_status: Mapping[Status, int]
    by_failure_kind: Mapping[FailureKind, int]
    anomaly_rate: float | None
    by_severity: Mapping[Severity, int]
    trends: tuple[TestTrend, ...] = ()
    omitted_tests: int = 0
    method: str
    degraded: str | None = None
