from datetime import UTC, datetime
from typing import Any

import pytest

from k6_mcp.models.metrics import LiveFigures
from k6_mcp.models.run import Failure, Notice, Run, Series, Verdict
from tests.history.samples import a_run

_NOW = datetime(2026, 5, 1, tzinfo=UTC)
_FAILURE = Failure(kind="internal", message="it broke", hint="run it again")
_LIVE = LiveFigures(
    elapsed_s=1.0,
    percent=None,
    vus=1,
    iterations=1,
    requests=1,
    requests_per_s=None,
    p95_ms=None,
    error_rate=None,
)
_NOTICE = Notice(code="owner_died", message="its server died")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"statsu": "failed"}, "statsu"),
        ({"status": "nonsense"}, "status"),
        ({"ended_at": "soon"}, "ended_at"),
        ({"metrics": {"requests": 1}}, "metrics"),
    ],
)
def test_a_change_of_no_field_or_to_an_impossible_value_is_refused(
    fields: dict[str, Any], where: str
) -> None:
    run = a_run()
    with pytest.raises(ValueError, match=where):
        run.changed(**fields)


def test_a_change_leaves_the_former_value_and_all_other_fields_as_they_are() -> None:
    run = a_run()
    renamed = run.changed(name="basket")
    assert (run.name, renamed.name) == ("checkout", "basket")
    assert renamed.changed(name="checkout") == run
    assert renamed.model_fields_set == run.model_fields_set
    assert renamed.metrics is run.metrics


def test_a_run_waits_runs_and_ends_with_its_verdict() -> None:
    asked = a_run(status="running").changed(started_at=None)
    waiting = asked.queued().with_position(2)
    assert (waiting.status, waiting.queue_position) == ("queued", 2)
    going_on = asked.queued().running().started(_NOW).with_live(_LIVE)
    assert (going_on.status, going_on.started_at, going_on.queue_position) == ("running", _NOW, None)
    verdict = Verdict(status="failed", failure=_FAILURE, warnings=(_NOTICE,))
    ended = asked.ended(verdict, None, exit_code=None, started_at=None, ended_at=_NOW)
    assert (ended.status, ended.failure, ended.warnings, ended.ended_at) == (
        "failed",
        _FAILURE,
        (_NOTICE,),
        _NOW,
    )


def test_a_run_of_a_dead_server_keeps_its_warnings_and_says_why_it_is_lost() -> None:
    run = a_run(status="running").with_warnings([Notice(code="other", message="of before")])
    lost = run.lost(None, _NOTICE, _NOW)
    assert (lost.status, [notice.code for notice in lost.warnings]) == ("lost", ["other", "owner_died"])


def test_a_series_stands_under_the_id_and_the_times_of_its_first_run() -> None:
    first, second = a_run(0), a_run(5, status="running")
    series = Series(first=first.run_id, asked=3)
    shown: Run = second.as_series(first, None, series)
    assert (shown.run_id, shown.created_at, shown.status) == (first.run_id, first.created_at, "running")
    between = first.between_repeats(series)
    assert (between.status, between.metrics, between.ended_at, between.series) == (
        "running",
        None,
        None,
        series,
    )
