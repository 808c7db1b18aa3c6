"""A database full of runs, such as a busy team leaves in five months, written quickly."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from k6_mcp.history.database import Database
from k6_mcp.history.runs import (
    INSERT_DOCUMENT,
    INSERT_RESULT,
    INSERT_RUN,
    INSERT_TAG,
    DocumentRow,
    document_row,
    result_row,
    run_row,
    tag_rows,
    to_us,
)
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
from k6_mcp.models.run import Asked, Failure, Run, Status
from k6_mcp.models.run_id import new_run_id

RUNS = 100_000
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SPACING = timedelta(minutes=2)
_BATCH = 5_000
_TEMPLATES = 500
_TRENDS = (
    "http_req_duration",
    "http_req_waiting",
    "http_req_blocked",
    "http_req_connecting",
    "http_req_sending",
    "iteration_duration",
)
_STATISTICS = ("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)")
_STATUS_SHARES: Mapping[Status, int] = {"completed": 170, "failed": 24, "cancelled": 5, "lost": 1}
_KIND_SHARES: Mapping[FailureKind, int] = {
    "thresholds_exceeded": 70,
    "target_unreachable": 20,
    "script_error": 9,
    "timed_out": 1,
}
_STATUSES: list[Status] = [status for status, share in _STATUS_SHARES.items() for _ in range(share)]
_KINDS: list[FailureKind] = [kind for kind, share in _KIND_SHARES.items() for _ in range(share)]


class Team:
    """Makes runs, always the same ones."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def run(self, number: int) -> Run:
        """Return the run with this number in the order of time."""
        chance = self._random
        created_at = FIRST + SPACING * number
        status = chance.choice(_STATUSES)
        return Run(
            run_id=new_run_id(created_at),
            status=status,
            name=self.name(),
            asked=Asked(origin="preset", url=self.url(), preset="medium", duration="30s"),
            tags=self.tags(),
            script_sha256="0" * 64,
            k6_version="1.1.0",
            server_id="s-0000000000000000",
            created_at=created_at,
            started_at=created_at,
            ended_at=created_at + timedelta(seconds=31),
            exit_code=0,
            metrics=self._metrics(),
            failure=_failure(chance.choice(_KINDS)) if status == "failed" else None,
        )

    def name(self) -> str:
        """Return the name of a test; a few names are very frequent."""
        return f"test {int(self._random.paretovariate(0.7)) % 400}"

    def url(self) -> str:
        """Return one of 8000 URLs of 40 services."""
        return f"http://service{self._random.randrange(40)}.test/api/v1/items/{self._random.randrange(200)}"

    def tags(self) -> dict[str, str]:
        """Return a tag with three values and one with thousands."""
        return {
            "env": self._random.choice(["prod", "staging", "dev"]),
            "build": str(self._random.randrange(3000)),
        }

    def _metrics(self) -> Metrics:
        chance = self._random
        p95_ms = chance.lognormvariate(5, 1)
        latency = Latency(
            of="all_requests",
            count=1500,
            avg_ms=p95_ms / 2,
            min_ms=p95_ms / 9,
            med_ms=p95_ms / 3,
            max_ms=p95_ms * 3,
            p90_ms=p95_ms * 0.9,
            p95_ms=p95_ms,
            p99_ms=p95_ms * 1.5,
        )
        error_rate = 0.0 if chance.random() < 0.8 else chance.random()
        failed = round(1500 * error_rate)
        return Metrics(
            source="summary",
            exact=True,
            figures=Figures(
                wall_s=31.2,
                load_s=30.02,
                requests=1500,
                requests_per_s=49.97,
                failed_requests=failed,
                error_rate=error_rate,
                latency=latency,
                iterations=1500,
                iterations_per_s=49.97,
                vus_max=50,
                data_received_bytes=chance.randrange(10**8),
                data_sent_bytes=chance.randrange(10**6),
                checks_passed=1500 - failed,
                checks_failed=failed,
            ),
            thresholds=tuple(
                ThresholdResult(
                    metric="http_req_duration",
                    expression=text,
                    ok=p95_ms < 500,
                    observed=p95_ms,
                    has_samples=True,
                )
                for text in ("avg<=2000", "p(95)<=500")
            ),
            checks=(CheckResult(group="", name="status is expected", passes=1500 - failed, fails=failed),),
            statuses=(StatusCount(status=200, count=1500 - failed), StatusCount(status=500, count=failed)),
            rows=tuple(
                MetricRow(
                    name=name,
                    type="trend",
                    contains="time",
                    values={text: chance.random() * p95_ms for text in _STATISTICS},
                )
                for name in _TRENDS
            ),
        )


async def fill(path: Path) -> None:
    """Write `RUNS` runs: only some hundred are made, and the bulk of their documents is used for all."""
    team = Team()
    templates = [team.run(number) for number in range(_TEMPLATES)]
    made = [document_row(run, str(path.parent)) for run in templates]
    database = Database(path, 0)
    for start in range(0, RUNS, _BATCH):
        batch = [_dated(team, templates, number) for number in range(start, start + _BATCH)]
        documents = [_document(made[number % _TEMPLATES], run) for number, run in enumerate(batch, start)]
        async with database.atomic() as connection:
            await connection.executemany(INSERT_DOCUMENT, documents)
            await connection.executemany(INSERT_RUN, [run_row(run) for run in batch])
            await connection.executemany(INSERT_RESULT, [result_row(run) for run in batch])
            await connection.executemany(INSERT_TAG, [row for run in batch for row in tag_rows(run)])
    await database.close()


def _dated(team: Team, templates: Sequence[Run], number: int) -> Run:
    created_at = FIRST + SPACING * number
    template = templates[number % _TEMPLATES]
    asked = template.asked.model_copy(update={"url": team.url()})
    return template.model_copy(
        update={
            "run_id": new_run_id(created_at),
            "created_at": created_at,
            "asked": asked,
            "name": team.name(),
            "tags": team.tags(),
        }
    )


def _document(made: DocumentRow, run: Run) -> DocumentRow:
    run_id, _, final, server_id, results_dir, brief, whole = made
    return (
        run.run_id,
        to_us(run.created_at),
        final,
        server_id,
        results_dir,
        brief.replace(run_id, run.run_id),
        whole,
    )


def _failure(kind: FailureKind) -> Failure:
    return Failure(
        kind=kind,
        message="http_req_duration p(95)<=500 was crossed: 712.4 ms observed",
        hint="call analyze_run with this run_id",
        evidence=("http_req_duration p(95)<=500: observed 712.4", "1500 requests, 0 failed"),
    )
