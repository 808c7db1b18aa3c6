"""Runs in archives with claims that no run can make."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from k6_mcp.errors import ArchiveUnusable
from k6_mcp.history.trash import Trash
from k6_mcp.models.retention import Retention
from tests.history.archived import Files, as_it_is, changed_run, contents, refusal, write
from tests.history.samples import a_run, open_history

_ABSURD: Mapping[str, tuple[Callable[[Files, str], Files], str]] = {
    "a run of the future": (
        lambda files, run_id: changed_run(
            files, created_at="2999-01-01T00:00:00Z", started_at=None, ended_at=None
        ),
        "which is in the future",
    ),
    "a run that ends in the future": (
        lambda files, run_id: changed_run(files, ended_at="2999-01-01T00:00:00Z"),
        "which is in the future",
    ),
    "a run of 1970": (
        lambda files, run_id: changed_run(files, created_at="1970-01-01T00:00:00Z"),
        "before k6 1.0 existed",
    ),
    "a run that ended before it began": (
        lambda files, run_id: changed_run(files, started_at="2026-06-01T00:00:00Z"),
        "ended before it began",
    ),
    "a repeat of nothing": (
        lambda files, run_id: changed_run(files, repeat=2, repeat_of='%" OR 1'),
        "whose id is not valid",
    ),
    "a repeat without a number": (
        lambda files, run_id: changed_run(files, repeat=10**9, repeat_of=run_id),
        "an impossible number among its repeats",
    ),
    "a name without end": (
        lambda files, run_id: changed_run(files, name="x" * 1000),
        "a name of 1000 characters",
    ),
    "a tag that is none": (
        lambda files, run_id: changed_run(files, tags={"a b": "c"}),
        "tags that no test can have",
    ),
    "a number without end": (
        lambda files, run_id: changed_run(files, exit_code=10**300),
        "a number beyond 1e+18",
    ),
}


@pytest.mark.parametrize("case", _ABSURD)
async def test_an_impossible_run_is_refused_and_leaves_nothing(
    tmp_path: Path, exported: Path, case: str
) -> None:
    change, reason = _ABSURD[case]
    files = contents(exported)
    write(tmp_path / "absurd.zip", change(files, next(iter(files)).partition("/")[0]))

    assert reason in await refusal(tmp_path, tmp_path / "absurd.zip")


async def test_characters_that_hide_others_are_not_imported(tmp_path: Path, exported: Path) -> None:
    files = changed_run(contents(exported), name="good\u202etset\x1b[2J", tags={"env": "a\u2066b"})
    write(tmp_path / "hidden.zip", files)
    async with open_history(tmp_path / "here") as history:
        (run_id,) = (await history.archives.take_in(tmp_path / "hidden.zip", as_it_is)).imported
        run = await history.get(run_id)
        again = await history.archives.take_in(tmp_path / "hidden.zip", as_it_is)

    assert run is not None and (run.name, run.tags) == ("good\ufffdtset\ufffd[2J", {"env": "a\ufffdb"})
    assert again.known == (run_id,)


async def test_a_run_from_elsewhere_does_not_join_the_repeats_of_one_that_ran_here(
    tmp_path: Path, exported: Path
) -> None:
    here = a_run().model_copy(update={"repeat": 1})
    here = here.model_copy(update={"repeat_of": here.run_id})
    write(tmp_path / "joining.zip", changed_run(contents(exported), repeat=2, repeat_of=here.run_id))
    async with open_history(tmp_path / "here") as history:
        await history.save(here)
        with pytest.raises(ArchiveUnusable, match="a repeat of"):
            await history.archives.take_in(tmp_path / "joining.zip", as_it_is)

        assert await history.repeats(here.run_id) == (here,)


async def test_the_remains_of_a_killed_import_go_and_a_running_import_stays(
    tmp_path: Path,
) -> None:
    async with open_history(tmp_path) as history:
        trash = Trash(tmp_path / "results")
        used, hold = trash.workshop()
        dead, of_dead = trash.workshop()
        of_dead.close()
        await history.cleanup.prune(Retention(days=None, runs=None, size_bytes=None))
        assert (used.exists(), dead.exists()) == (True, False)
        hold.close()
