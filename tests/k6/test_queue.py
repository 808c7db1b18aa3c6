"""Many runs at once: no more than allowed, the others in the order they came."""

import dataclasses
from datetime import datetime

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Limits, Settings
from lab.target import Target
from tests.k6.processes import until
from tests.k6.services import endless, start

_WAIT_S = 30.0


def _allowing(settings: Settings, at_once: int) -> Settings:
    return dataclasses.replace(settings, limits=Limits(max_concurrent_runs=at_once))


def _when(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment


async def test_runs_above_the_limit_wait_in_order(settings: Settings, target: Target) -> None:
    async with open_app(_allowing(settings, 1)) as service:
        runs = [await start(service, endless(target.url("/ok"))) for _ in range(3)]
        assert [run.status for run in runs] == ["running", "queued", "queued"]
        assert [run.queue_position for run in runs] == [None, 1, 2]
        ended: list[Run] = []
        for run in runs:
            await service.wait(run.run_id, 0.3)
            ended.append(await service.stop(run.run_id))
    starts = [_when(run.started_at) for run in ended]
    assert starts == sorted(starts)


async def test_a_queued_run_that_is_stopped_never_starts(settings: Settings, target: Target) -> None:
    async with open_app(_allowing(settings, 1)) as service:
        first = await start(service, endless(target.url("/ok")))
        second = await start(service, endless(target.url("/status/418")))
        stopped = await service.stop(second.run_id)
        assert (stopped.status, stopped.started_at) == ("cancelled", None)
        await service.stop(first.run_id)
    assert target.requests["/status/418"] == 0


async def test_a_queued_run_of_another_server_can_be_stopped_before_its_turn(
    settings: Settings, target: Target
) -> None:
    async with open_app(_allowing(settings, 1)) as service, open_app(settings) as other:
        first = await start(service, endless(target.url("/ok")))
        second = await start(service, endless(target.url("/status/418")))
        await until(
            RunFolder(settings.results_dir, second.run_id).run_json.exists,
            "the run in the folder that both share",
        )
        stopped = await other.stop(second.run_id)
        assert (stopped.status, stopped.started_at) == ("cancelled", None)
        assert (await service.get(first.run_id)).status == "running"
        await service.stop(first.run_id)
    assert target.requests["/status/418"] == 0


async def test_a_freed_place_is_taken_by_the_next_in_line(settings: Settings, target: Target) -> None:
    async with open_app(_allowing(settings, 1)) as service:
        first = await start(service, endless(target.url("/ok")))
        second = await service.start(parse_load_test({"url": target.url("/ok"), "vus": 1, "iterations": 2}))
        assert second.status == "queued"
        await service.stop(first.run_id)
        assert (await service.wait(second.run_id, _WAIT_S)).status == "completed"


async def test_never_more_at_once_than_allowed(settings: Settings, target: Target) -> None:
    test = {"url": target.url("/delay/100"), "vus": 1, "iterations": 3}
    async with open_app(_allowing(settings, 2)) as service:
        runs = [await service.start(parse_load_test(test)) for _ in range(6)]
        ended = [await service.wait(run.run_id, _WAIT_S) for run in runs]
    assert {run.status for run in ended} == {"completed"}
    for run in ended:
        others = [r for r in ended if _when(r.started_at) <= _when(run.started_at) < _when(r.ended_at)]
        assert len(others) <= 2
