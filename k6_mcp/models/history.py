"""Queries of the history and their answers."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, model_validator

from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.run import Run, Status


class HistoryQuery(Model):
    """Filters that a run must all match; newest runs first. `cursor` comes from the previous page."""

    status: Annotated[Status | None, Field(description="only runs with this status")] = None
    failure_kind: Annotated[
        FailureKind | None, Field(description="only runs that failed for this reason")
    ] = None
    name: Annotated[str | None, Field(min_length=1, max_length=120, description="exact name of the test")] = (
        None
    )
    url: Annotated[
        str | None, Field(min_length=1, max_length=500, description="beginning of the target URL")
    ] = None
    tag: Annotated[str | None, Field(min_length=1, max_length=200, description="name or name=value")] = None
    since: Annotated[datetime | None, Field(description="created at or after, ISO 8601; UTC if no zone")] = (
        None
    )
    until: Annotated[datetime | None, Field(description="created before, ISO 8601; UTC if no zone")] = None
    min_error_rate: Annotated[
        float | None, Field(ge=0, le=1, description="minimum share of failed requests, 0 to 1")
    ] = None
    max_response_time_ms: Annotated[float | None, Field(gt=0, description="maximum p95 latency in ms")] = None
    limit: Annotated[int, Field(ge=1, le=100, description="runs per page; default 20")] = 20
    cursor: Annotated[str | None, Field(max_length=200, description="next_cursor of the previous page")] = (
        None
    )

    @model_validator(mode="after")
    def _in_order(self) -> "HistoryQuery":
        if self.since and self.until and _utc(self.since) >= _utc(self.until):
            raise ValueError("since must be before until, or no run can be between them")
        return self


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class HistoryPage(Model):
    """One page of runs, newest first.

    `baselines` are the ids of those runs that later runs are compared with.
    """

    runs: tuple[Run, ...]
    baselines: tuple[str, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    degraded: str | None = None


class RebuildReport(Model):
    """What `k6-mcp rebuild` did.

    `restored` counts the runs restored from their folders, `unreadable` names the folders it could not read,
    `removed` those that no test came of, and `set_aside` is where it kept the old file.
    """

    restored: int
    unreadable: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    set_aside: str | None = None
