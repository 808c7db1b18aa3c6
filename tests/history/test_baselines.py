"""Baselines in the database and in a file: the newest one of a name counts, even if one place is lost."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from k6_mcp.errors import HistoryUnavailable
from k6_mcp.models.comparison import Baseline
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.retention import Retention
from tests.history.samples import START, a_run, open_history


def a_baseline(
    run_id: str = "r-20260301-aaaaaaaaaaaaaaaa", *, name: str = "checkout", minute: int = 0
) -> Baseline:
    return Baseline(name=name, run_id=run_id, set_at=START + timedelta(minutes=minute))


async def test_a_baseline_is_found_again_by_another_server(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.set_baseline(a_baseline())
    async with open_history(tmp_path) as history:
        assert await history.baselines() == {"checkout": a_baseline()}


async def test_the_baseline_that_was_set_last_counts(tmp_path: Path) -> None:
    later = a_baseline("r-20260301-bbbbbbbbbbbbbbbb", minute=1)
    async with open_history(tmp_path) as history:
        await history.set_baseline(a_baseline())
        await history.set_baseline(later)
        await history.set_baseline(a_baseline(name="search"))

        assert await history.baselines() == {"checkout": later, "search": a_baseline(name="search")}


async def test_baselines_survive_the_loss_of_the_database(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.set_baseline(a_baseline())
    (tmp_path / "results" / "history.db").unlink()
    async with open_history(tmp_path) as history:
        await history.rebuild()
        (tmp_path / "results" / "baselines.json").unlink()

        assert await history.baselines() == {"checkout": a_baseline()}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"baselines": [{"name": 1}]}', b"\xff" * 1000])
async def test_a_damaged_file_hides_no_baseline_and_is_repaired_by_the_next(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "results" / "baselines.json"
    async with open_history(tmp_path) as history:
        await history.set_baseline(a_baseline())
        file.write_bytes(content)
        assert await history.baselines() == {"checkout": a_baseline()}

        await history.set_baseline(a_baseline(name="search"))

    assert [item["name"] for item in json.loads(file.read_bytes())["baselines"]] == ["checkout", "search"]


async def test_without_a_database_the_file_is_enough(tmp_path: Path) -> None:
    database = tmp_path / "results" / "history.db"
    database.mkdir(parents=True)
    async with open_history(tmp_path) as history:
        await history.set_baseline(a_baseline())

        assert await history.baselines() == {"checkout": a_baseline()}


async def test_without_database_and_file_setting_a_baseline_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results" / "history.db").mkdir(parents=True)
    (tmp_path / "results" / "baselines.json").mkdir()
    async with open_history(tmp_path) as history:
        with pytest.raises(HistoryUnavailable):
            await history.set_baseline(a_baseline())
        with pytest.raises(HistoryUnavailable):
            await history.baselines()


async def test_two_servers_lose_none_of_their_baselines(tmp_path: Path) -> None:
    async with open_history(tmp_path) as first, open_history(tmp_path) as second:
        await asyncio.gather(
            *(
                server.set_baseline(a_baseline(name=f"{n} {i}"))
                for n, server in enumerate((first, second))
                for i in range(8)
            )
        )

        assert len(await first.baselines()) == 16
    assert len(json.loads((tmp_path / "results" / "baselines.json").read_bytes())["baselines"]) == 16


async def test_a_page_marks_the_baselines_among_its_runs(tmp_path: Path) -> None:
    runs = [a_run(minute) for minute in range(3)]
    async with open_history(tmp_path) as history:
        for run in runs:
            await history.save(run)
        await history.set_baseline(a_baseline(runs[1].run_id))

        assert (await history.page(HistoryQuery())).baselines == (runs[1].run_id,)


async def test_retention_spares_a_baseline_and_its_repeats(tmp_path: Path) -> None:
    first = a_run()
    repeats = [first.model_copy(update={"repeat_of": first.run_id, "repeat": 1})]
    repeats += [a_run(n).model_copy(update={"repeat_of": first.run_id, "repeat": n + 1}) for n in (1, 2)]
    other = a_run(3)
    async with open_history(tmp_path) as history:
        for run in (*repeats, other):
            await history.save(run)
        await history.set_baseline(a_baseline(first.run_id))

        report = await history.cleanup.prune(Retention(days=1, runs=None, size_bytes=None))

        assert [removed.run_id for removed in report.listed] == [other.run_id]
        assert [run.run_id for run in await history.repeats(repeats[2].run_id)] == [
            run.run_id for run in repeats
        ]


async def test_a_baseline_that_was_set_while_the_clock_was_ahead_can_be_replaced(tmp_path: Path) -> None:
    ahead = a_baseline(minute=1_000_000)
    async with open_history(tmp_path) as history:
        await history.set_baseline(ahead)
        await history.set_baseline(a_baseline("r-20260301-bbbbbbbbbbbbbbbb"))
    async with open_history(tmp_path) as history:
        assert (await history.baselines())["checkout"].run_id == "r-20260301-bbbbbbbbbbbbbbbb"
    (tmp_path / "results" / "history.db").unlink()
    async with open_history(tmp_path) as history:
        assert (await history.baselines())["checkout"].run_id == "r-20260301-bbbbbbbbbbbbbbbb"


async def test_a_baseline_set_in_the_far_future_is_ignored(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        await history.set_baseline(a_baseline())
        forged = {
            "name": "checkout",
            "run_id": "r-20260301-bbbbbbbbbbbbbbbb",
            "set_at": "9999-12-31T23:59:59.999999Z",
        }
        (tmp_path / "results" / "baselines.json").write_text(
            json.dumps({"baselines": [forged]}), encoding="utf-8"
        )
        assert await history.baselines() == {"checkout": a_baseline()}
