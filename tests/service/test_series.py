"""One request runs several times in a row and is shown as one test."""

import pytest

from k6_mcp.errors import K6NotFound
from k6_mcp.models.run import Run
from k6_mcp.service.series import Repeats
from k6_mcp.settings import Settings
from tests.k6.processes import until
from tests.service.bench import Bench, open_queue


async def _drive(bench: Bench, repeats: int) -> tuple[Repeats, Run]:
    """Drive a series; return it and its first run as launched."""
    series, first = Repeats(bench.queue, bench.history), await bench.launch("")
    series.drive(first, repeats, bench.launch, bench.tasks)
    return series, first


async def _over(series: Repeats, first: Run) -> None:
    if end := series.end_of(first.run_id):
        await end.wait()


async def test_a_request_runs_as_often_as_it_repeats_and_every_repeat_is_a_run(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        series, first = await _drive(bench, 3)
        bench.k6.finish()
        await _over(series, first)
        shown = await series.overview(first)
        kept = await bench.history.repeats(first.run_id)

    assert bench.k6.started == bench.runs == [run.run_id for run in kept]
    assert [run.repeat for run in kept] == [1, 2, 3]
    assert shown.series is not None
    assert (shown.status, len(shown.series.runs), shown.series.asked) == ("completed", 3, 3)
    assert series.end_of(first.run_id) is None


async def test_a_series_goes_on_under_its_first_id_with_the_share_of_all_repeats(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        series, first = await _drive(bench, 2)
        bench.k6.finish(first.run_id)
        await until(lambda: len(bench.k6.started) == 2, "the start of the second repeat")
        bench.k6.progress(bench.runs[1], 50.0)
        shown = await series.overview(await bench.ended(first.run_id))

        assert (shown.run_id, shown.status) == (first.run_id, "running")
        assert shown.live is not None
        assert shown.live.percent == 75.0
        assert shown.series is not None
        assert [row.run_id for row in shown.series.runs] == [first.run_id]


@pytest.mark.parametrize("named", [0, 1])
async def test_a_stop_under_any_of_its_ids_names_what_runs_and_lets_no_repeat_follow(
    settings: Settings, named: int
) -> None:
    async with open_queue(settings) as bench:
        series, first = await _drive(bench, 3)
        bench.k6.finish(first.run_id)
        await until(lambda: len(bench.k6.started) == 2, "the start of the second repeat")
        current = series.stop(bench.runs[named])
        bench.k6.finish()
        await _over(series, first)

        assert current == bench.runs[1]
        assert len(bench.k6.started) == 2
        assert series.stop("r-20260101-aaaaaaaaaaaaaaaa") is None


async def test_a_repeat_that_does_not_complete_is_the_last(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        series, first = await _drive(bench, 3)
        await until(lambda: bench.k6.started, "the start of the first repeat")
        bench.queue.request_stop(bench.live_run(first.run_id), "caller")
        await _over(series, first)
        shown = await series.overview(await bench.ended(first.run_id))

        assert bench.k6.started == [first.run_id]
        assert (shown.status, shown.series and len(shown.series.runs)) == ("cancelled", 1)


async def test_a_repeat_that_cannot_be_started_ends_the_series_with_what_was_run(settings: Settings) -> None:
    async def gone(repeat_of: str, repeat: int) -> Run:
        raise K6NotFound("k6 is gone", hint="install k6")

    async with open_queue(settings) as bench:
        series, first = Repeats(bench.queue, bench.history), await bench.launch("")
        series.drive(first, 3, gone, bench.tasks)
        bench.k6.finish()
        await _over(series, first)
        shown = await series.overview(await bench.ended(first.run_id))

        assert (shown.status, shown.series and len(shown.series.runs)) == ("completed", 1)


async def test_a_series_of_another_process_is_read_from_the_history(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        series, first = await _drive(bench, 2)
        bench.k6.finish(first.run_id)
        await until(lambda: len(bench.k6.started) == 2, "the start of the second repeat")
        elsewhere = Repeats(bench.queue, bench.history)
        ended = await bench.ended(first.run_id)

        assert await elsewhere.unfinished(first.run_id) == bench.runs[1]
        assert (await elsewhere.overview(ended)).status == "running"
        bench.k6.finish()
        await _over(series, first)
        assert await elsewhere.unfinished(first.run_id) is None
        assert (await elsewhere.overview(ended)).status == "completed"
