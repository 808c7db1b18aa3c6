"""Many runs at once, from a real database."""

from datetime import timedelta
from pathlib import Path

from k6_mcp.history.past_runs import MOST_RUNS, MOST_TESTS
from k6_mcp.models.past_runs import Tally
from tests.history.samples import START, a_run, open_history


async def test_runs_are_counted_since_a_moment(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        for minute in range(4):
            await history.save(a_run(minute))
        worse = a_run(5, status="failed", failure_kind="thresholds_exceeded").model_copy(
            update={"worst": "critical"}
        )
        await history.save(worse)
        whole = await history.past(START)
        late = await history.past(START + timedelta(minutes=4))
    assert set(whole.tallies) == {
        Tally("completed", None, None, 4),
        Tally("failed", "thresholds_exceeded", "critical", 1),
    }
    assert [tally.runs for tally in late.tallies] == [1]


async def test_a_run_that_is_saved_again_counts_in_its_new_state(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        running = a_run(status="running")
        await history.save(running)
        await history.save(running.model_copy(update={"status": "failed", "worst": "warning"}))
        assert (await history.past(START)).tallies == (Tally("failed", None, "warning", 1),)


async def test_a_test_has_its_newest_runs_oldest_first_and_the_thresholds_of_the_last(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = [a_run(minute, p95_ms=minute + 1.0) for minute in range(MOST_RUNS + 3)]
        for run in runs:
            await history.save(run)
        await history.save(a_run(99, status="cancelled"))
        await history.save(a_run(99, name=None))
        (test,) = (await history.past(START)).tests
    assert (test.name, test.of) == ("checkout", len(runs))
    assert [run.run_id for run in test.runs] == [run.run_id for run in runs[3:]]
    assert test.runs[-1].created_at == runs[-1].created_at
    assert (test.runs[0].p95_ms, test.runs[0].error_rate, test.runs[0].requests_per_s) == (4.0, 0.0, 5.0)
    assert test.thresholds[0].observed == len(runs)


async def test_the_tests_with_most_runs_have_details_and_the_rest_are_counted(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        for number in range(MOST_TESTS + 2):
            await history.save(a_run(number, name=f"test {number:03}"))
        await history.save(a_run(99, name="test 051"))
        past = await history.past(START)
    assert past.tests[0].name == "test 051"
    assert (len(past.tests), past.omitted_tests) == (MOST_TESTS, 2)


async def test_statistics_are_complete_again_after_a_rebuild(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.save(a_run())
    (tmp_path / "results" / "history.db").unlink()
    async with open_history(tmp_path) as history:
        await history.rebuild()
        assert [test.name for test in (await history.past(START)).tests] == ["checkout"]
