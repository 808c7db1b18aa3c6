"""Runs moved to another machine in one file, and files of runs that nobody should trust."""

import gzip
import io
import os
import stat
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from k6_mcp.errors import ArchiveUnusable
from k6_mcp.history.history import History
from k6_mcp.models.archive import LARGEST_ARCHIVE_BYTES, MOST_RUNS
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.workspace.workspace import Workspace
from tests.history.archived import (
    Files,
    a_kept_run,
    as_it_is,
    changed_run,
    contents,
    edit,
    refusal,
    relisted,
    renamed,
    write,
)
from tests.history.processes import child, finish
from tests.history.samples import a_run, open_history


async def test_a_run_comes_back_identical_on_another_machine(tmp_path: Path) -> None:
    async with open_history(tmp_path / "a") as history:
        run = await a_kept_run(tmp_path / "a", history)
        report = await history.archives.export([run], tmp_path / "run.zip")
    async with open_history(tmp_path / "b") as history:
        taken = await history.archives.take_in(tmp_path / "run.zip", as_it_is)
        again = await history.archives.take_in(tmp_path / "run.zip", as_it_is)
        assert await history.get(run.run_id) == run
        assert (await history.page(HistoryQuery(tag="env=test", name="checkout"))).total == 1
    a, b = (RunFolder(tmp_path / machine / "results", run.run_id) for machine in "ab")

    assert report.run_ids == taken.imported == again.known == (run.run_id,)
    assert (again.imported, taken.notices) == ((), ())
    for path in (b.run_json, b.script, b.summary, b.timeline, b.log):
        assert path.read_bytes() == (a.path / path.name).read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(b.path.stat().st_mode) == 0o700
    assert not b.reports.exists()
    assert not (b.path / "_main.js").exists()


async def test_the_same_run_gives_the_same_bytes_wherever_it_is_exported(tmp_path: Path) -> None:
    async with open_history(tmp_path / "a") as history:
        run = await a_kept_run(tmp_path / "a", history)
        await history.archives.export([run], tmp_path / "1.zip")
        await history.archives.export([run], tmp_path / "2.zip")
    async with open_history(tmp_path / "b") as history:
        await history.archives.take_in(tmp_path / "1.zip", as_it_is)
        await history.archives.export([run], tmp_path / "3.zip")

    assert (
        (tmp_path / "1.zip").read_bytes()
        == (tmp_path / "2.zip").read_bytes()
        == (tmp_path / "3.zip").read_bytes()
    )
    assert stat.S_IMODE((tmp_path / "1.zip").stat().st_mode) == 0o600


async def test_several_runs_travel_in_one_file(tmp_path: Path) -> None:
    async with open_history(tmp_path / "a") as history:
        runs = [await a_kept_run(tmp_path / "a", history, a_run(minute)) for minute in range(MOST_RUNS)]
        await history.archives.export(runs, tmp_path / "runs.zip")
    async with open_history(tmp_path / "b") as history:
        taken = await history.archives.take_in(tmp_path / "runs.zip", as_it_is)

    assert taken.imported == tuple(run.run_id for run in runs)


async def test_a_script_leaves_without_what_looks_like_a_credential(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        run = await a_kept_run(tmp_path, history)
        script = RunFolder(tmp_path / "results", run.run_id).script
        script.write_text('const headers = { Authorization: "Bearer abcdef123456" };', encoding="utf-8")
        await history.archives.export([run], tmp_path / "run.zip")

    assert b"abcdef123456" not in contents(tmp_path / "run.zip")[f"{run.run_id}/script.js"]


async def test_a_folder_that_was_lost_comes_back_with_an_import(tmp_path: Path, exported: Path) -> None:
    run_id = next(iter(contents(exported))).partition("/")[0]
    async with open_history(tmp_path / "here") as history:
        await history.archives.take_in(exported, as_it_is)
        folder = RunFolder(tmp_path / "here" / "results", run_id)
        folder.run_json.unlink()
        taken = await history.archives.take_in(exported, as_it_is)

    assert taken.known == (run_id,)
    assert folder.run_json.exists()


async def test_a_different_run_with_the_same_id_is_refused_and_neither_changes(
    tmp_path: Path, exported: Path
) -> None:
    files = contents(exported)
    write(tmp_path / "other.zip", changed_run(files, exit_code=99))
    async with open_history(tmp_path / "here") as history:
        (run_id,) = (await history.archives.take_in(exported, as_it_is)).imported
        with pytest.raises(ArchiveUnusable, match="a different run with the id"):
            await history.archives.take_in(tmp_path / "other.zip", as_it_is)
        run = await history.get(run_id)

    assert run is not None and run.exit_code == 0


_HOSTILE: Mapping[str, tuple[Callable[[Files, str], Files], str]] = {
    "a path upwards": (
        lambda files, run_id: files | {f"{run_id}/../../evil.js": b"x"},
        "is not one of a run's files",
    ),
    "an absolute path": (lambda files, run_id: files | {"/tmp/evil": b"x"}, "is not one of a run's files"),
    "a path of another system": (
        lambda files, run_id: files | {f"{run_id}\\run.json": b"x"},
        "is not one of a run's files",
    ),
    "a file that no run has": (
        lambda files, run_id: files | {f"{run_id}/evil.sh": b"x"},
        "is not one of a run's files",
    ),
    "a file of ours that does not travel": (
        lambda files, run_id: renamed(files, "k6.log", "_main.js"),
        "is not one of a run's files",
    ),
    "a folder": (lambda files, run_id: files | {f"{run_id}/reports/": b""}, "is not one of a run's files"),
    "another folder": (lambda files, run_id: files | {"r-x/run.json": b"x"}, "is not one of a run's files"),
    "a file that is not listed": (
        lambda files, run_id: files | {f"{run_id}/record.ndjson": b"x"},
        "is present but not listed",
    ),
    "a file that is missing": (
        lambda files, run_id: {
            name: content for name, content in files.items() if not name.endswith("k6.log")
        },
        "is listed but missing",
    ),
    "no manifest": (
        lambda files, run_id: {f"{run_id}/run.json": files[f"{run_id}/run.json"]},
        "has no manifest.json",
    ),
    "a manifest that is none": (
        lambda files, run_id: files | {"manifest.json": b"[]"},
        "cannot be read: ",
    ),
    "a manifest of a later format": (
        lambda files, run_id: (
            files | {"manifest.json": files["manifest.json"].replace(b'"format": 1', b'"format": 2')}
        ),
        "upgrade this k6-mcp",
    ),
    "a manifest of nothing": (
        lambda files, run_id: {"manifest.json": b'{"made_by":"x","runs":[]}'},
        "no runs at all",
    ),
    "a manifest that never ends": (
        lambda files, run_id: files | {"manifest.json": b" " * 1_000_000},
        "more than 200000",
    ),
    "another content": (
        lambda files, run_id: files | {f"{run_id}/k6.log": b"forged"},
        "its checksum or its size differs",
    ),
    "a summary that is none": (
        lambda files, run_id: relisted(files | {f"{run_id}/k6-mcp-summary.json": b"{"}),
        "k6-mcp-summary.json of r-",
    ),
    "a timeline that is none": (
        lambda files, run_id: relisted(files | {f"{run_id}/timeline.json.gz": gzip.compress(b"{}")}),
        "timeline.json.gz of r-",
    ),
    "a timeline that is cut off": (
        lambda files, run_id: relisted(files | {f"{run_id}/timeline.json.gz": gzip.compress(b"{}")[:-4]}),
        "is damaged",
    ),
    "a timeline that unpacks without end": (
        lambda files, run_id: relisted(
            files | {f"{run_id}/timeline.json.gz": gzip.compress(b" " * 101_000_000, 9)}
        ),
        "unpacks to more than",
    ),
    "a run that goes on": (lambda files, run_id: changed_run(files, status="running"), "had not ended"),
    "a run of another id": (
        lambda files, run_id: changed_run(files, run_id="r-20260101-aaaaaaaaaaaaaaaa"),
        "belongs to another run",
    ),
    "a run of a newer version": (lambda files, run_id: changed_run(files, invented="x"), "invented"),
    "a run with a number that is none": (
        lambda files, run_id: relisted(
            files
            | {f"{run_id}/run.json": files[f"{run_id}/run.json"].replace(b'"wall_s": 30.4', b'"wall_s": NaN')}
        ),
        "wall_s",
    ),
    "a run nested without end": (
        lambda files, run_id: relisted(files | {f"{run_id}/run.json": b"[" * 1_000_000}),
        "cannot be read: ",
    ),
    "a summary nested without end": (
        lambda files, run_id: relisted(files | {f"{run_id}/k6-mcp-summary.json": b"[" * 1_000_000}),
        "is not JSON",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", _HOSTILE)
async def test_a_hostile_archive_is_refused_and_leaves_nothing(
    tmp_path: Path, exported: Path, case: str
) -> None:
    change, reason = _HOSTILE[case]
    files = contents(exported)
    write(tmp_path / "hostile.zip", change(files, next(iter(files)).partition("/")[0]))

    assert reason in await refusal(tmp_path, tmp_path / "hostile.zip")
    assert not (tmp_path / "evil.js").exists()


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [
        ("external_attr", (stat.S_IFLNK | 0o777) << 16, "is a link"),
        ("external_attr", (stat.S_IFIFO | 0o600) << 16, "is a link or something else"),
        ("compress_type", zipfile.ZIP_LZMA, "compressed in another way"),
        ("compress_type", zipfile.ZIP_BZIP2, "compressed in another way"),
    ],
)
async def test_an_entry_that_is_not_a_plain_file_is_refused(
    tmp_path: Path, exported: Path, attribute: str, value: int, reason: str
) -> None:
    write(tmp_path / "hostile.zip", contents(exported), **{attribute: value})

    assert reason in await refusal(tmp_path, tmp_path / "hostile.zip")


async def test_a_duplicate_file_is_refused(tmp_path: Path, exported: Path) -> None:
    with zipfile.ZipFile(exported, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("manifest.json", b"{}")

    assert "is in the archive twice" in await refusal(tmp_path, exported)


async def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, exported: Path) -> None:
    files = contents(exported)
    run_id = next(iter(files)).partition("/")[0]
    write(tmp_path / "bomb.zip", files | {f"{run_id}/k6.log": b"\0" * 20_000_001})

    assert "more than 20000000" in await refusal(tmp_path, tmp_path / "bomb.zip")


async def test_a_false_size_is_found(tmp_path: Path, exported: Path) -> None:
    def lie(content: bytes) -> bytes:
        # The size of the first file once it is unpacked
        size_at = content.index(b"PK\x01\x02") + 24
        return content[:size_at] + (10).to_bytes(4, "little") + content[size_at + 4 :]

    edit(exported, lie)

    await refusal(tmp_path, exported)


@pytest.mark.slow
async def test_more_entries_than_any_export_has_are_refused_before_they_are_read(tmp_path: Path) -> None:
    write(tmp_path / "many.zip", {f"{number}": b"" for number in range(10_000)})

    assert "announces more than" in await refusal(tmp_path, tmp_path / "many.zip")


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0, 10, 21, 22, 100, -1, -30])
async def test_a_truncated_archive_is_refused(tmp_path: Path, exported: Path, kept: int) -> None:
    edit(exported, lambda content: content[:kept])

    await refusal(tmp_path, exported)


@pytest.mark.slow
async def test_every_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path, exported: Path) -> None:
    def flip(content: bytes, place: int) -> bytes:
        return content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :]

    size, run_id = _size(exported), next(iter(contents(exported))).partition("/")[0]
    async with open_history(tmp_path / "here") as history:
        await history.archives.take_in(exported, as_it_is)
        run = await history.get(run_id)
        for place in range(0, size, 37):
            edit(exported, partial(flip, place=place))
            with suppress(ArchiveUnusable):
                assert (await history.archives.take_in(exported, as_it_is)).known == (run_id,)
            edit(exported, partial(flip, place=place))
        assert await history.get(run_id) == run


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06", b"\x1f\x8b" + b"x" * 100, b"x" * 5000])
async def test_a_file_that_is_not_an_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    assert "not an archive of runs" in await refusal(tmp_path, tmp_path / "file")


async def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST_ARCHIVE_BYTES + 1)

    assert "more than" in await refusal(tmp_path, tmp_path / "large")


@pytest.mark.parametrize("name", ["missing.zip", "."])
async def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    assert "cannot be read" in await refusal(tmp_path, tmp_path / name)


async def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert "not a regular file" in await refusal(tmp_path, tmp_path / "pipe")


async def test_an_export_to_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    async with open_history(tmp_path) as history:
        run = await a_kept_run(tmp_path, history)
        with pytest.raises(ArchiveUnusable, match="cannot be written"):
            await history.archives.export([run], tmp_path / "missing" / "run.zip")


async def test_an_export_that_fills_the_disk_keeps_the_former_file_and_leaves_no_part(tmp_path: Path) -> None:
    with child("export_full", tmp_path, 20_000) as process:
        error, size, names = finish(process)

    assert "cannot be written" in error
    assert int(size) == len(b"former")
    assert names == "run.zip"


async def test_nothing_is_imported_if_the_results_folder_cannot_be_created(
    tmp_path: Path, exported: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    history = History(Workspace(tmp_path / "file" / "results"), tmp_path / "h.db")
    with pytest.raises(ArchiveUnusable, match="cannot be written"):
        await history.archives.take_in(exported, as_it_is)


def _size(path: Path) -> int:
    return path.stat().st_size


def test_every_unzip_program_can_open_the_archive(exported: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(exported.read_bytes())) as file:
        assert file.testzip() is None
        assert file.namelist()[-1] == "manifest.json"
