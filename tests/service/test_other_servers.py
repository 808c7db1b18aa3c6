"""Records of other servers' runs, read as they grow, always give the same result as the whole file."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k6_mcp.analysis.measure.live import live_figures
from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.metrics import LiveFigures
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.timeline import Timeline
from k6_mcp.service.other_servers import OtherServersRuns, empty_record
from k6_mcp.workspace.files import seal
from k6_mcp.workspace.workspace import Workspace
from lab.sample_runs import CLOSING, KINDS, OPENING, counts, line, plan, rows, run

_SECRET = "zz-secret"
_SECONDS = 30
# It sorts elsewhere once it is masked
_NAMES = {**KINDS, f"a_{_SECRET}": {"type": "counter"}}

Told = tuple[LiveFigures, Timeline | None, int]


def _lines() -> Iterator[str]:
    yield from OPENING
    yield line("metric", {f"a_{_SECRET}": {"type": "counter"}})
    for second in range(1, _SECONDS + 1):
        own = {f"a_{_SECRET}": [7 * second, 7]}
        yield line(
            "cumulative", rows(1000 * second, {**counts(40 * second, second, 4 * second), **own}, _NAMES)
        )
        yield line("snapshot", rows(1000 * second, {**counts(40, 1, 4), **own}, _NAMES))
    yield CLOSING[1]


_RECORD = "".join(f"{text}\n" for text in _lines()).encode()


def _tell(record: Record) -> Told:
    return live_figures(record, None, plan()), record.timeline(), record.count(f"a_{_SECRET}")


class _Counting(Workspace):
    """A workspace that notes the lines that were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lines = 0

    def follow(self, run_id: str, take: Callable[[str], None]) -> Callable[[], bool]:
        def count(text: str) -> None:
            self.lines += 1
            take(text)

        return super().follow(run_id, count)


@pytest.fixture
def workspace(tmp_path: Path) -> _Counting:
    return _Counting(tmp_path)


def _a_run(tmp_path: Path, number: int = 0, content: bytes = _RECORD) -> Run:
    """A running test of another server with this record."""
    going_on = run("running", run_id=f"r-20260101-{number:016x}", plan=plan())
    folder = RunFolder(tmp_path, going_on.run_id)
    folder.path.mkdir(parents=True)
    folder.record.write_bytes(content)
    return going_on


def _whole(going_on: Run, record: Path) -> Told:
    """Return the result of reading the whole file."""
    read = empty_record(going_on)
    for text in record.read_bytes().split(b"\n")[:-1]:
        read.feed(text.decode())
    return _tell(read)


async def test_a_record_that_grows_tells_at_each_look_what_the_whole_file_tells_and_is_read_once(
    tmp_path: Path, workspace: _Counting
) -> None:
    going_on, following = _a_run(tmp_path, content=b""), OtherServersRuns(workspace)
    record = RunFolder(tmp_path, going_on.run_id).record
    # Most looks meet half a line
    steps = [*range(0, len(_RECORD), 173), len(_RECORD)]
    for begin, end in itertools.pairwise(steps):
        with record.open("ab") as file:
            file.write(_RECORD[begin:end])

        assert await following.look(going_on, _tell) == _whole(going_on, record)
    assert (await following.look(going_on, _tell))[0].requests == 40 * _SECONDS
    assert workspace.lines == _RECORD.count(b"\n")


async def test_looks_at_one_run_at_once_read_it_once_and_tell_the_same(
    tmp_path: Path, workspace: _Counting
) -> None:
    going_on, following = _a_run(tmp_path), OtherServersRuns(workspace)
    expected = _whole(going_on, RunFolder(tmp_path, going_on.run_id).record)

    assert await asyncio.gather(*(following.look(going_on, _tell) for _ in range(20))) == [expected] * 20
    assert workspace.lines == _RECORD.count(b"\n")


async def test_a_look_that_is_given_up_takes_nothing_from_the_next_one(
    tmp_path: Path, workspace: _Counting
) -> None:
    going_on, following = _a_run(tmp_path), OtherServersRuns(workspace)
    expected = _whole(going_on, RunFolder(tmp_path, going_on.run_id).record)
    given_up = [asyncio.create_task(following.look(going_on, _tell)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()

    assert await following.look(going_on, _tell) == expected
    assert all(
        isinstance(ended, asyncio.CancelledError)
        for ended in await asyncio.gather(*given_up, return_exceptions=True)
    )
    assert workspace.lines == _RECORD.count(b"\n")


@pytest.mark.parametrize("read", [0.3, 0.6, 1.0])
async def test_a_record_that_is_cleaned_of_secrets_meanwhile_is_read_anew(
    tmp_path: Path, workspace: _Counting, read: float
) -> None:
    going_on, following = (
        _a_run(tmp_path, content=_RECORD[: int(len(_RECORD) * read)]),
        OtherServersRuns(workspace),
    )
    folder = RunFolder(tmp_path, going_on.run_id)
    before = await following.look(going_on, _tell)
    folder.record.write_bytes(_RECORD)
    seal(folder, (), (_SECRET,))
    after = await following.look(going_on, _tell)

    assert before[2] > 0
    assert after == _whole(going_on, folder.record)
    # Nothing has the former name
    assert (after[0].requests, after[2]) == (40 * _SECONDS, 0)


async def test_a_record_that_is_half_written_anew_tells_what_is_there(
    tmp_path: Path, workspace: _Counting
) -> None:
    going_on, following = _a_run(tmp_path), OtherServersRuns(workspace)
    folder = RunFolder(tmp_path, going_on.run_id)
    await following.look(going_on, _tell)
    seal(folder, (), (_SECRET,))
    sealed = folder.record.read_bytes()
    for end in (0, 100, len(sealed) // 2, len(sealed)):
        folder.record.write_bytes(sealed[:end])

        assert await following.look(going_on, _tell) == _whole(going_on, folder.record)


async def test_another_file_in_its_place_is_read_anew_although_it_begins_alike(
    tmp_path: Path, workspace: _Counting
) -> None:
    going_on, following = _a_run(tmp_path), OtherServersRuns(workspace)
    record = RunFolder(tmp_path, going_on.run_id).record
    await following.look(going_on, _tell)
    other = record.with_name("other")
    other.write_bytes(_RECORD + b"not of it\n")
    other.replace(record)

    assert await following.look(going_on, _tell) == _whole(going_on, record)
    assert workspace.lines == 2 * _RECORD.count(b"\n") + 1


async def test_a_record_that_is_gone_tells_nothing_and_is_read_anew_when_it_is_back(
    tmp_path: Path, workspace: _Counting
) -> None:
    going_on, following = _a_run(tmp_path), OtherServersRuns(workspace)
    record = RunFolder(tmp_path, going_on.run_id).record
    expected = await following.look(going_on, _tell)
    record.unlink()
    gone = await following.look(going_on, _tell)
    record.write_bytes(_RECORD)

    assert gone == _tell(Record())
    assert await following.look(going_on, _tell) == expected != gone


async def test_a_run_that_is_over_or_of_another_owner_is_not_remembered(
    tmp_path: Path, workspace: _Counting
) -> None:
    going_on, following = _a_run(tmp_path), OtherServersRuns(workspace)
    length = _RECORD.count(b"\n")
    await following.look(going_on, _tell)
    await following.look(going_on.model_copy(update={"server_id": "s-another"}), _tell)
    assert workspace.lines == 2 * length
    following.forget(going_on.run_id)
    await following.look(going_on.model_copy(update={"status": "completed"}), _tell)
    assert workspace.lines == 3 * length
    await following.look(going_on, _tell)
    assert workspace.lines == 4 * length


async def test_only_the_last_few_runs_are_remembered(tmp_path: Path, workspace: _Counting) -> None:
    following, length = OtherServersRuns(workspace), _RECORD.count(b"\n")
    going_on = [_a_run(tmp_path, number) for number in range(11)]
    for one in going_on[:10]:
        await following.look(one, _tell)
    # Now the second is the one that was not asked about for longest
    await following.look(going_on[0], _tell)
    assert workspace.lines == 10 * length
    await following.look(going_on[10], _tell)
    await following.look(going_on[0], _tell)
    assert workspace.lines == 11 * length
    await following.look(going_on[1], _tell)
    assert workspace.lines == 12 * length
