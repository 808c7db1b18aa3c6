"""Runs wait for their turn, run, stop and are kept."""

from datetime import UTC, datetime

import pytest

from k6_mcp.models.outcome import Emit, Outcome
from k6_mcp.models.plan import RunPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Settings
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6
from tests.k6.processes import until
from tests.service.bench import SCRIPT, open_queue


async def test_runs_wait_in_their_order_until_another_one_ends(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        first, second, third = [await bench.launch() for _ in range(3)]

        assert [(run.status, run.queue_position) for run in (first, second, third)] == [
            ("running", None),
            ("queued", 1),
            ("queued", 2),
        ]
        bench.k6.finish(first.run_id)
        await bench.ended(first.run_id)
        await until(lambda: second.run_id in bench.k6.started, "the second run's turn")
        assert bench.queue.ids("running") == (second.run_id,)
        assert bench.queue.snapshot(bench.live_run(third.run_id)).queue_position == 1
        bench.k6.finish()
        assert (await bench.ended(third.run_id)).status == "completed"
        assert bench.k6.started == bench.runs


async def test_as_many_tests_run_at_once_as_are_allowed(settings: Settings) -> None:
    async with open_queue(settings, at_once=2) as bench:
        runs = [await bench.launch() for _ in range(3)]
        await until(lambda: len(bench.k6.started) == 2, "the start of two runs")

        assert [run.status for run in runs] == ["running", "running", "queued"]


async def test_a_run_is_kept_as_it_ended_and_its_secrets_are_out_of_its_folder(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        run = await bench.launch()
        RunFolder(settings.results_dir, run.run_id).script.write_text("const password = 'hunter2-hunter2';")
        bench.k6.finish()
        ended = await bench.ended(run.run_id)

        assert (ended.status, ended.metrics is not None) == ("completed", True)
        assert ended.ended_at is not None
        assert await bench.history.get(run.run_id) == ended
        assert "hunter2" not in RunFolder(settings.results_dir, run.run_id).script.read_text()


async def test_a_run_that_waits_leaves_the_queue_and_never_starts(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        first, second = await bench.launch(), await bench.launch()
        bench.queue.request_stop(bench.live_run(second.run_id), "caller")
        ended = await bench.ended(second.run_id)
        bench.k6.finish()
        await bench.ended(first.run_id)

        assert (ended.status, ended.started_at) == ("cancelled", None)
        assert bench.k6.started == [first.run_id]


async def test_a_run_that_waits_leaves_the_queue_when_another_process_requests_it(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        await bench.launch()
        waiting = await bench.launch()
        bench.workspace.request_stop(waiting.run_id)

        assert (await bench.ended(waiting.run_id)).status == "cancelled"


async def test_a_run_that_runs_is_stopped_with_its_figures(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        run = await bench.launch()
        await until(lambda: bench.k6.started, "the start of the run")
        bench.queue.request_stop(bench.live_run(run.run_id), "caller")
        ended = await bench.ended(run.run_id)

        assert ended.status == "cancelled"
        assert ended.metrics is not None
        assert ended.metrics.figures.requests == 10


async def test_leaving_stops_what_runs_and_what_waits(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        runs = [await bench.launch() for _ in range(3)]
        await until(lambda: bench.k6.started, "the start of the first run")
        await bench.queue.stop_all(within_s=30)

        assert [(await bench.ended(run.run_id)).status for run in runs] == ["cancelled"] * 3
        assert (bench.queue.ids("running"), bench.queue.ids("queued")) == ((), ())


class _Broken(ScriptedK6):
    """A runner that breaks its promise never to raise."""

    async def run(self, work: RunPlan, emit: Emit) -> Outcome:
        raise RuntimeError("broken")


@pytest.mark.filterwarnings("ignore")
async def test_a_failure_of_our_own_fails_the_run_and_frees_its_place(settings: Settings) -> None:
    async with open_queue(settings, make=_Broken) as bench:
        first, second = await bench.launch(), await bench.launch()
        ended = [await bench.ended(run.run_id) for run in (first, second)]

        assert [run.failure and run.failure.kind for run in ended] == ["internal", "internal"]
        assert await bench.history.get(first.run_id) == ended[0]


async def test_a_refused_script_is_a_failed_run_that_took_no_place(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        running = await bench.launch()
        now = datetime.now(UTC)
        refusal = Outcome(exit_code=107, phase="plan", started_at=now, ended_at=now)
        run = (await bench.launch()).changed(plan=None)
        refused = await bench.queue.refused(run, SCRIPT, refusal)

        assert (refused.status, refused.failure and refused.failure.kind) == ("failed", "script_error")
        assert bench.queue.ids("running") == (running.run_id,)


async def test_idle_returns_when_the_last_run_has_ended(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        await bench.queue.idle()
        run = await bench.launch()
        bench.k6.finish()
        await bench.queue.idle()

        assert bench.queue.live_run(run.run_id) is None


async def test_a_run_that_could_not_be_kept_is_known_and_kept_again(settings: Settings) -> None:
    async with open_queue(settings) as bench:
        run = await bench.launch()
        folder = RunFolder(settings.results_dir, run.run_id).path
        await until(lambda: bench.k6.started, "the start of the run")
        # A folder that cannot be made: its place is taken by a file
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        folder.write_text("", encoding="utf-8")
        bench.k6.finish()
        ended = await bench.ended(run.run_id)
        folder.unlink()
        await bench.queue.keep_again()
        again = bench.queue.finished(run.run_id)

        assert "backup_unavailable" in [notice.code for notice in ended.warnings]
        assert again is not None
        assert "backup_unavailable" not in [notice.code for notice in again.warnings]
        assert RunFolder(settings.results_dir, run.run_id).run_json.exists()
