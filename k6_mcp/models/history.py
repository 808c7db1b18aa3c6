"""Questions to the history and their answers."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, model_validator

from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.run import Run, Status


class HistoryQuery(Model):
    """Filters, all of which must hold; newest runs first. `cursor` comes from the page before."""

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
        float | None, Field(ge=0, le=1, description="share of failed requests at least, 0 to 1")
    ] = None
    max_response_time_ms: Annotated[float | None, Field(gt=0, description="p95 latency at most, ms")] = None
    limit: Annotated[int, Field(ge=1, le=100, description="runs per page; default 20")] = 20
    cursor: Annotated[str | None, Field(max_length=200, description="next_cursor of the page before")] = None

    @model_validator(mode="after")
    def _in_order(self) -> "HistoryQuery":
        if self.since and self.until and _utc(self.since) >= _utc(self.until):
            raise ValueError("since is not before until, so that no run can be between them")
        return self


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class HistoryPage(Model):
    """One page of runs, newest first; `baselines` are the ids among them that later runs are compared
    with.
    """

    runs: tuple[Run, ...]
    baselines: tuple[str, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    degraded: str | None = None


class RebuildReport(Model):
    """What `k6-mcp rebuild` did: runs restored from their folders, folders it could not read, those `removed`
    that no test came of, and the old file kept aside.
    """

    restored: int
    unreadable: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    set_aside: str | None = None
