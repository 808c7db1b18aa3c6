"""Wrong clocks: none of them makes a history older than it is."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from k6_mcp.history.elapsed_time import DAY_US, Boot, Reading, advanced, first_time, read_clocks
from k6_mcp.history.history import History
from k6_mcp.history.runs import from_us, to_us
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.retention import Retention
from tests.history.samples import a_run, open_history

NOW = datetime(2026, 11, 30, tzinfo=UTC)
_HOUR_US = 3_600_000_000
_DEFAULT = Retention()


class Clocks:
    """A machine's clocks, set by hand.

    Real time passes with `pass_`; the wall clock is off by `error`.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error = timedelta(0)
        self._boots = itertools.count()
        self._passed = timedelta(0)
        self._booted_after = timedelta(0)
        self._boot = "boot 0"
        monkeypatch.setattr("k6_mcp.history.elapsed_time.read_clocks", self._read)

    @property
    def wall(self) -> datetime:
        """Return the time that `datetime.now` would return."""
        return NOW + self._passed + self.error

    def pass_(self, time: timedelta) -> None:
        """Let real time pass."""
        self._passed += time

    def reboot(self) -> None:
        """Start another boot."""
        self._boot, self._booted_after = f"boot {next(self._boots) + 1}", self._passed

    def _read(self) -> Reading:
        uptime_us = (self._passed - self._booted_after) // timedelta(microseconds=1)
        return Reading(self._boot, uptime_us, to_us(self.wall))


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Return clocks that a test can set."""
    return Clocks(monkeypatch)


async def run_one(folder: Path, clocks: Clocks, limits: Retention = _DEFAULT) -> str:
    """Start a server, run a test by its clock, clean up and end; return the run."""
    async with open_history(folder) as history:
        run = a_run().model_copy(update={"created_at": clocks.wall})
        assert await history.save(run) == ()
        await tidy(folder, history, limits)
    return run.run_id


async def tidy(folder: Path, history: History, limits: Retention = _DEFAULT) -> None:
    """Clean up as if the hour since the last cleanup had passed."""
    (folder / "results" / "last-prune").unlink(missing_ok=True)
    await history.cleanup.tidy(limits)


async def kept(folder: Path) -> set[str]:
    """Return the runs that the history shows."""
    async with open_history(folder) as history:
        return {run.run_id for run in (await history.page(HistoryQuery(limit=100))).runs}


@pytest.mark.slow
@pytest.mark.parametrize("boots", [False, True], ids=["while it runs", "at boots"])
@pytest.mark.parametrize(
    "errors",
    [
        pytest.param((-3, 400, -3650, 0), id="back, forward, back, right"),
        pytest.param((0, 400, 0, 400, 0), id="forward and back again"),
        pytest.param((0, -20_000, 0), id="1970 and corrected"),
        pytest.param((-20_000, 0), id="1970 at first, then corrected"),
        pytest.param((0, 36_500, 36_500), id="a century ahead for good"),
        pytest.param((400, 0, 0), id="ahead at first"),
        pytest.param((0, 364, 728, 1092), id="ever further"),
    ],
)
async def test_no_wrong_clock_removes_a_run(
    tmp_path: Path, clocks: Clocks, errors: tuple[int, ...], boots: bool
) -> None:
    runs: set[str] = set()
    for error in errors:
        clocks.error = timedelta(days=error)
        clocks.pass_(timedelta(minutes=5))
        if boots:
            clocks.reboot()
        runs.add(await run_one(tmp_path, clocks))
    clocks.pass_(timedelta(days=2))
    async with open_history(tmp_path) as history:
        await tidy(tmp_path, history)

    assert await kept(tmp_path) == runs


async def test_runs_go_once_their_time_has_passed_however_wrong_their_clock_was(
    tmp_path: Path, clocks: Clocks
) -> None:
    for error in (0, -3650, 400):
        clocks.error = timedelta(days=error)
        await run_one(tmp_path, clocks)
    clocks.error = timedelta(0)
    clocks.pass_(timedelta(days=200))
    young = await run_one(tmp_path, clocks)
    clocks.pass_(timedelta(days=166))
    # At most half of them at once
    for _ in range(3):
        async with open_history(tmp_path) as history:
            await tidy(tmp_path, history)

    assert await kept(tmp_path) == {young}


async def test_the_newest_run_stays_and_at_most_half_go_for_their_age_at_once(
    tmp_path: Path, clocks: Clocks
) -> None:
    runs: list[str] = []
    for _ in range(8):
        runs.append(await run_one(tmp_path, clocks))
        clocks.pass_(timedelta(minutes=1))
    clocks.pass_(timedelta(days=400))
    left: list[int] = []
    for _ in range(5):
        async with open_history(tmp_path) as history:
            await tidy(tmp_path, history)
        left.append(len(await kept(tmp_path)))

    assert left == [4, 2, 1, 1, 1]
    assert await kept(tmp_path) == {runs[-1]}


async def test_automatically_removed_runs_are_reported_and_can_be_restored_for_days(
    tmp_path: Path, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Retention(days=None, runs=1)
    first = await run_one(tmp_path, clocks, limits)
    clocks.pass_(timedelta(hours=3))
    await run_one(tmp_path, clocks, limits)
    clocks.error = timedelta(days=400)
    clocks.pass_(timedelta(days=6))
    async with open_history(tmp_path) as history:
        await tidy(tmp_path, history, limits)
        trash = await history.cleanup.trash(limits)
        restored = await history.cleanup.restore([first])
        again = await history.cleanup.restore([first])

    assert f"1 run removed ({first} (count))" in caplog.text
    assert (trash.runs, trash.reasons, trash.days_left) == (1, {"count": 1}, 1.0)
    assert (restored.restored, restored.problems) == ((first,), ())
    assert (again.restored, again.problems) == ((), (f"{first}: is not in the trash",))
    assert first in await kept(tmp_path)


async def test_the_trash_is_emptied_after_its_days_or_for_lack_of_space(
    tmp_path: Path, clocks: Clocks
) -> None:
    by_count = Retention(days=None, runs=1)
    for _ in range(3):
        await run_one(tmp_path, clocks, by_count)
        clocks.pass_(timedelta(hours=3))
    async with open_history(tmp_path) as history:
        await tidy(tmp_path, history, by_count)
        space, trash = await history.cleanup.space(10), await history.cleanup.trash(by_count)
        assert (space.runs, trash.runs) == (1, 2)
        room = Retention(days=None, runs=None, size_bytes=space.size_bytes + trash.size_bytes - 1)
        await tidy(tmp_path, history, room)
        assert (await history.cleanup.space(10), (await history.cleanup.trash(room)).runs) == (space, 1)
        clocks.pass_(timedelta(days=8))
        await tidy(tmp_path, history, by_count)
        assert (await history.cleanup.trash(by_count)).runs == 0
    assert [*(tmp_path / "results" / "trash").iterdir()] == []


async def test_without_days_in_the_trash_runs_are_deleted_at_once(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        for minute in range(2):
            await history.save(a_run(minute))
        report = await history.cleanup.prune(Retention(days=None, runs=1, trash_days=0))

    assert (report.removed, report.trash.runs) == (1, 0)
    assert [*(tmp_path / "results" / "trash").iterdir()] == []


async def test_a_run_without_a_folder_can_be_restored_too(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        runs = [a_run(minute) for minute in range(2)]
        for run in runs:
            await history.save(run)
        folder = tmp_path / "results" / "runs" / runs[0].run_id
        (folder / "run.json").unlink()
        folder.rmdir()
        await history.cleanup.prune(Retention(days=None, runs=1))
        await history.cleanup.restore()

        assert await history.get(runs[0].run_id) == runs[0]


@pytest.mark.parametrize("by_itself", [False, True], ids=["rebuilt", "by itself"])
async def test_a_replaced_database_does_not_count_old_runs_as_older(
    tmp_path: Path, clocks: Clocks, by_itself: bool
) -> None:
    runs = {await run_one(tmp_path, clocks) for _ in range(3)}
    (tmp_path / "results" / "history.db").unlink()
    clocks.error = timedelta(days=400)
    clocks.reboot()
    async with open_history(tmp_path) as history:
        if by_itself:
            await history.orphans()
        else:
            assert (await history.rebuild()).restored == 3
        await tidy(tmp_path, history)

    assert await kept(tmp_path) == runs


async def test_a_person_can_prune_by_the_clock_and_learns_that_it_is_off(
    tmp_path: Path, clocks: Clocks
) -> None:
    await run_one(tmp_path, clocks)
    clocks.error = timedelta(days=400)
    async with open_history(tmp_path) as history:
        limits = Retention(days=30, runs=None, size_bytes=None)
        witnessed = await history.cleanup.prune(limits, dry_run=True)
        by_clock = await history.cleanup.prune(limits, dry_run=True, by_clock=True)

    assert (witnessed.removed, by_clock.removed) == (0, 1)
    assert witnessed.clock_ahead_s == pytest.approx(400 * 86_400, abs=60)


def test_two_machines_with_different_clocks_count_the_time_once() -> None:
    boots: list[Boot] = [Boot(1000 * DAY_US, "a", 0, 1000 * DAY_US)]
    for hour in range(1, 25):
        for machine, error in (("a", 0), ("b", 400 * DAY_US)):
            now = Reading(machine, hour * _HOUR_US, 1000 * DAY_US + hour * _HOUR_US + error)
            seen_us = advanced(boots, now)
            others: list[Boot] = [boot for boot in boots if boot.boot != machine]
            boots = [*others, Boot(seen_us, *now)]

    assert 1001 * DAY_US <= max(boots).seen_us <= 1002 * DAY_US


@pytest.mark.parametrize(
    ("created_days", "wall_days", "first_days"),
    [
        ((), 500, 500),
        ((100, 200, 300), 301, 301),
        ((100, 200, 300), 300.5, 300.5),
        ((100, 200, 300), 700, 301),
        ((100, 200, 300), 10, 300),
        ((100, 200, 700), 300, 300),
    ],
)
def test_the_first_time_of_a_history_is_checked_against_its_runs(
    created_days: tuple[int, ...], wall_days: float, first_days: float
) -> None:
    first_us = first_time([day * DAY_US for day in created_days], round(wall_days * DAY_US))

    assert first_us == first_days * DAY_US


def test_the_clocks_of_this_machine_are_read() -> None:
    first, second = read_clocks(), read_clocks()

    assert first.boot == second.boot
    assert 0 < first.uptime_us <= second.uptime_us
    assert abs(from_us(first.wall_us) - datetime.now(UTC)) < timedelta(minutes=1)
