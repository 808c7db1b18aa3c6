"""Runs in the form that the service produces, to be changed by each test."""

import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from k6_mcp.history.history import History
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import (
    CheckResult,
    Figures,
    Latency,
    MetricRow,
    Metrics,
    StatusCount,
    ThresholdResult,
)
from k6_mcp.models.plan import Plan, ScenarioPlan, ThresholdPlan
from k6_mcp.models.run import Asked, Failure, Run, Status
from k6_mcp.models.run_id import new_run_id
from k6_mcp.workspace.workspace import Workspace

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEAD_SERVER = "s-0000000000000000"


def open_history(folder: Path, *, retry_s: float = 0.0) -> History:
    """Return a history below `folder` that tries again after every failure."""
    results_dir = folder / "results"
    return History(Workspace(results_dir), results_dir / "history.db", retry_s=retry_s)


def a_run(
    minute: int = 0,
    *,
    status: Status = "completed",
    failure_kind: FailureKind | None = None,
    name: str | None = "checkout",
    url: str | None = "http://127.0.0.1:8080/cart",
    tags: dict[str, str] | None = None,
    error_rate: float | None = 0.0,
    p95_ms: float = 120.0,
    server_id: str = DEAD_SERVER,
) -> Run:
    """Return a run that was created `minute` minutes after `START`."""
    created_at = START + timedelta(minutes=minute, microseconds=secrets.randbelow(1_000_000))
    final = status not in ("queued", "running")
    return Run(
        run_id=new_run_id(created_at),
        status=status,
        name=name,
        asked=Asked(origin="preset", url=url, preset="low", headers={"Authorization": "***"}),
        tags={"env": "test"} if tags is None else tags,
        script_sha256="0" * 64,
        k6_version="1.1.0",
        server_id=server_id,
        created_at=created_at,
        started_at=created_at,
        ended_at=created_at + timedelta(seconds=30) if final else None,
        exit_code=0 if final else None,
        plan=_PLAN,
        metrics=_metrics(error_rate, p95_ms) if final else None,
        failure=Failure(kind=failure_kind, message="it failed", hint="look", evidence=("a", "b"))
        if failure_kind
        else None,
    )


def damage(database: Path) -> None:
    """Overwrite everything but the first page of a database, as a failing disk would."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (database.stat().st_size - 4096))


def _metrics(error_rate: float | None, p95_ms: float) -> Metrics:
    latency = Latency(
        of="all_requests",
        count=150,
        avg_ms=p95_ms / 2,
        min_ms=1.0,
        med_ms=p95_ms / 2,
        max_ms=p95_ms * 2,
        p90_ms=p95_ms * 0.9,
        p95_ms=p95_ms,
        p99_ms=p95_ms * 1.5,
    )
    return Metrics(
        source="summary",
        exact=True,
        figures=Figures(
            wall_s=30.4, load_s=30.0, requests=150, requests_per_s=5.0, error_rate=error_rate, latency=latency
        ),
        thresholds=(
            ThresholdResult(
                metric="http_req_duration",
                expression="p(95)<5000",
                ok=True,
                observed=p95_ms,
                has_samples=True,
            ),
        ),
        checks=(CheckResult(group="", name="status is 200", passes=150, fails=0),),
        statuses=(StatusCount(status=200, count=150),),
        rows=(
            MetricRow(
                name="http_req_duration",
                type="trend",
                contains="time",
                values={"avg": p95_ms / 2, "p(95)": p95_ms},
            ),
        ),
    )


_PLAN = Plan(
    scenarios=(
        ScenarioPlan(
            name="low", executor="constant-arrival-rate", duration_s=30.0, rate_per_s=5.0, max_vus=10
        ),
    ),
    thresholds=(ThresholdPlan(metric="http_req_duration", expression="p(95)<5000"),),
    max_vus=10,
    duration_s=30.0,
    longest_s=60.0,
)
