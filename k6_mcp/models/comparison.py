"""The answer to: is it better or worse than before?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.findings import Severity
from k6_mcp.models.run import Status

Change = Literal["regressed", "improved", "no_evidence", "not_comparable"]
# How the difference of a run that has not ended begins
STILL = "it is still"


class Difference(Model):
    """Something that differs between the two sides; `blocking` when figures must not be compared because of
    it.
    """

    what: str
    baseline: str
    candidate: str
    blocking: bool


class MetricChange(Model):
    """One metric on both sides. `effect` is the relative change of the candidate (for shares: the absolute
    one) with its interval.

    `unit` is `ms`, `per_s` or `share`; `method` names how noise was estimated; `reason` says why, where the
    change is not evident.
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
    """Two sides (each one run, or the repeats of one test) held against each other; `sentence` says it all in
    one.
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
    """How far a threshold is from being crossed: the share of its limit that is left, negative when
    crossed.
    """

    metric: str
    expression: str
    observed: float | None
    headroom: float | None


class TestTrend(Model):
    """The runs of one test while its script was the same, oldest first; `omitted_runs` more came before
    them.
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
    """The runs of the last `days` days; `anomaly_rate` is the share of ended runs with a warning or critical
    finding.

    `method` names how the direction of a trend was found; `degraded` says which runs are missing.
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
