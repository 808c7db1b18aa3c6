"""Queries of the history."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from k6_mcp.errors import InvalidArguments
from k6_mcp.history.history import History
from k6_mcp.history.pages import select
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run import Run
from tests.history.samples import START, a_run, open_history

RUNS = (
    a_run(0, name="login", url="http://a.test/login", tags={"env": "prod", "build": "7"}, p95_ms=900.0),
    a_run(
        1,
        status="failed",
        failure_kind="thresholds_exceeded",
        tags={"env": "prod"},
        p95_ms=2500.0,
        error_rate=0.02,
    ),
    a_run(
        2, status="failed", failure_kind="target_unreachable", url="http://b.test/", tags={}, error_rate=1.0
    ),
    a_run(3, status="cancelled", name=None, url=None, tags={"env": "a\x1fb=c"}, error_rate=None),
    a_run(4, status="running", tags={"environment": "prod"}),
    a_run(5, name="checkout ünï", url="http://a.test/lögin?x=%", tags={"note": "50%_='\"\n"}, p95_ms=120.0),
)
QUERIES: list[tuple[HistoryQuery, list[int]]] = [
    (HistoryQuery(), [5, 4, 3, 2, 1, 0]),
    (HistoryQuery(status="failed"), [2, 1]),
    (HistoryQuery(status="lost"), []),
    (HistoryQuery(failure_kind="target_unreachable"), [2]),
    (HistoryQuery(name="checkout"), [4, 2, 1]),
    (HistoryQuery(name="checkout ünï"), [5]),
    (HistoryQuery(url="http://a.test/"), [5, 0]),
    (HistoryQuery(url="http://a.test/lögin?x=%"), [5]),
    (HistoryQuery(url="http://a.test/l_gin"), []),
    (HistoryQuery(tag="env"), [3, 1, 0]),
    (HistoryQuery(tag="env=prod"), [1, 0]),
    (HistoryQuery(tag="env=pro"), []),
    (HistoryQuery(tag="env=a\x1fb=c"), [3]),
    (HistoryQuery(tag="b=c"), []),
    (HistoryQuery(tag="note=50%_='\"\n"), [5]),
    (HistoryQuery(min_error_rate=0.0), [5, 2, 1, 0]),
    (HistoryQuery(min_error_rate=0.02), [2, 1]),
    (HistoryQuery(max_response_time_ms=120.0), [5, 3, 2]),
    (HistoryQuery(since=START + timedelta(minutes=4)), [5, 4]),
    (HistoryQuery(until=START + timedelta(minutes=2)), [1, 0]),
    (HistoryQuery(since=START.replace(tzinfo=None) + timedelta(minutes=4)), [5, 4]),
    (HistoryQuery(since=(START + timedelta(minutes=4)).astimezone(timezone(timedelta(hours=5)))), [5, 4]),
    (
        HistoryQuery(since=START + timedelta(minutes=1), until=START + timedelta(minutes=3), status="failed"),
        [2, 1],
    ),
    (HistoryQuery(tag="env=prod", status="failed", name="checkout", min_error_rate=0.01), [1]),
    (HistoryQuery(tag="env=prod", status="cancelled"), []),
    (HistoryQuery(status="completed", url="http://a", tag="build", max_response_time_ms=1000), [0]),
    (HistoryQuery(since=datetime.max.replace(tzinfo=UTC)), []),
    (HistoryQuery(since=datetime.min), [5, 4, 3, 2, 1, 0]),
]


async def _fill(history: History, runs: Sequence[Run] = RUNS) -> None:
    for run in runs:
        assert await history.save(run) == ()


async def test_every_filter_finds_the_runs_it_describes_and_no_other(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await _fill(history)
        pages = [[run.run_id for run in (await history.page(query)).runs] for query, _ in QUERIES]

    assert pages == [[RUNS[number].run_id for number in numbers] for _, numbers in QUERIES]


@pytest.mark.parametrize("few", [0, 2])
async def test_the_way_of_searching_does_not_change_the_answer(
    tmp_path: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k6_mcp.history.pages.FEW", few)
    async with open_history(tmp_path) as history:
        await _fill(history)
        pages = [[run.run_id for run in (await history.page(query)).runs] for query, _ in QUERIES]

    assert pages == [[RUNS[number].run_id for number in numbers] for _, numbers in QUERIES]


@pytest.mark.parametrize(("query", "numbers"), QUERIES)
def test_runs_from_folders_are_filtered_the_same_way(query: HistoryQuery, numbers: list[int]) -> None:
    page = select(RUNS, query, "the database is away")

    assert [run.run_id for run in page.runs] == [RUNS[number].run_id for number in numbers]


@pytest.mark.parametrize(
    "query",
    [
        HistoryQuery(limit=3),
        HistoryQuery(limit=2, tag="env=prod"),
        HistoryQuery(limit=1, max_response_time_ms=900),
    ],
)
async def test_cursors_lead_through_all_runs_once(tmp_path: Path, query: HistoryQuery) -> None:
    runs = [a_run(minute // 3, tags={"env": "prod" if minute % 2 else "dev"}) for minute in range(10)]
    expected = [
        run.run_id for run in sorted(runs, key=lambda run: (run.created_at, run.run_id), reverse=True)
    ]
    async with open_history(tmp_path) as history:
        await _fill(history, runs)
        first = await history.page(query)
        seen, cursor, total = [run.run_id for run in first.runs], first.next_cursor, first.total
        while cursor:
            page = await history.page(query.model_copy(update={"cursor": cursor}))
            seen += [run.run_id for run in page.runs]
            assert len(page.runs) <= query.limit
            cursor = page.next_cursor

    tagged = {run.run_id for run in runs if query.tag is None or run.tags["env"] == "prod"}
    assert seen == [run_id for run_id in expected if run_id in tagged]
    assert total == len(seen)


async def test_a_cursor_continues_within_the_requested_times(tmp_path: Path) -> None:
    runs = [a_run(minute) for minute in range(6)]
    query = HistoryQuery(limit=2, until=START + timedelta(minutes=5))
    async with open_history(tmp_path) as history:
        await _fill(history, runs)
        first = await history.page(query)
        second = await history.page(query.model_copy(update={"cursor": first.next_cursor}))
        earlier = await history.page(
            HistoryQuery(limit=2, until=START + timedelta(minutes=1), cursor=first.next_cursor)
        )

    pages = [[run.run_id for run in page.runs] for page in (first, second, earlier)]
    assert pages == [[runs[number].run_id for number in numbers] for numbers in ([4, 3], [2, 1], [0])]


async def test_runs_created_in_the_same_moment_are_all_found(tmp_path: Path) -> None:
    runs = [a_run().model_copy(update={"created_at": START}) for _ in range(5)]
    async with open_history(tmp_path) as history:
        await _fill(history, runs)
        first = await history.page(HistoryQuery(limit=2))
        second = await history.page(HistoryQuery(limit=3, cursor=first.next_cursor))

    assert {run.run_id for run in (*first.runs, *second.runs)} == {run.run_id for run in runs}
    assert second.next_cursor is None


async def test_a_run_saved_meanwhile_does_not_shift_the_next_page(tmp_path: Path) -> None:
    runs = [a_run(minute) for minute in range(4)]
    async with open_history(tmp_path) as history:
        await _fill(history, runs)
        first = await history.page(HistoryQuery(limit=2))
        await history.save(a_run(9))
        second = await history.page(HistoryQuery(limit=2, cursor=first.next_cursor))

    assert [run.run_id for run in second.runs] == [runs[1].run_id, runs[0].run_id]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!",
        "MS4x",
        "MTIz",
        "é",
        "MS4xLnItMjAyNjAzMDEtQQ==",
        "A" * 200,
        "MS45OTk5OTk5OTk5OTk5OTk5OTk5OTkuci0x",
    ],
)
async def test_a_foreign_cursor_is_refused_by_name(tmp_path: Path, cursor: str) -> None:
    async with open_history(tmp_path) as history:
        with pytest.raises(InvalidArguments, match="cursor"):
            await history.page(HistoryQuery(cursor=cursor))


async def test_a_page_shows_figures_but_not_the_bulk(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await _fill(history, RUNS[:2])
        shown = (await history.page(HistoryQuery())).runs[0]

    assert shown.failure == RUNS[1].failure
    assert shown.metrics is not None and RUNS[1].metrics is not None
    assert shown.metrics.figures == RUNS[1].metrics.figures
    assert (shown.metrics.rows, shown.metrics.checks, shown.plan) == ((), (), None)


async def test_more_runs_than_are_worth_counting_have_no_total(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k6_mcp.history.pages._COUNTED", 4)
    async with open_history(tmp_path) as history:
        await _fill(history)

        assert (await history.page(HistoryQuery(limit=1))).total is None
        assert (await history.page(HistoryQuery(limit=1, name="checkout"))).total == 3


@pytest.mark.parametrize("until", [START, START - timedelta(days=1), START.replace(tzinfo=None)])
def test_a_time_that_ends_before_it_begins_is_refused(until: datetime) -> None:
    with pytest.raises(ValidationError, match="since must be before until"):
        HistoryQuery(since=START, until=until)
