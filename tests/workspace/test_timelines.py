"""Timelines in run folders: small, whole or not at all, and never believed when damaged."""

import gzip
import json
from functools import cache
from pathlib import Path

import pytest

from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.shorter_timelines import ever_smaller
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.timeline import ScenarioSeries, Timeline
from k6_mcp.workspace.timelines import MOST_BYTES, read_timeline, remove_record, write_timeline
from tests.analysis.measure.records import long_record

_RUN_ID = "r-20260101-abcdefghijklmnop"


def _timeline(seconds: int, scenarios: int) -> Timeline:
    record = Record()
    for line in long_record(seconds, scenarios):
        record.feed(line)
    timeline = record.timeline()
    assert timeline is not None
    return timeline


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path, _RUN_ID)
    made.path.mkdir(parents=True)
    return made


def _more_scenarios(timeline: Timeline, copies: int) -> Timeline:
    """The same run with more scenarios, no two alike."""
    more: list[ScenarioSeries] = []
    for number in range(copies):
        for scenario in timeline.scenarios:
            factor = 1.01 + number / 97
            columns = {
                name: getattr(scenario.series, name)
                for name in type(scenario.series).model_fields
                if name.endswith("_ms")
            }
            longer = {
                name: tuple(v and float(f"{v * factor:.5g}") for v in column)
                for name, column in columns.items()
            }
            more.append(
                ScenarioSeries(
                    name=f"{scenario.name}-{number}", series=scenario.series.model_copy(update=longer)
                )
            )
    return timeline.model_copy(update={"scenarios": tuple(more)})


@pytest.mark.lasting
def test_an_hour_takes_300_kb_at_most_and_loses_no_count(folder: RunFolder, tmp_path: Path) -> None:
    hour = _timeline(3600, 3)
    for scenarios, timeline in ((3, hour), (12, _more_scenarios(hour, 4))):
        write_timeline(tmp_path, _RUN_ID, ever_smaller(timeline))
        assert MOST_BYTES == 300_000
        assert folder.timeline.stat().st_size <= MOST_BYTES
        kept = read_timeline(tmp_path, _RUN_ID)
        assert kept is not None
        assert sum(kept.total.requests) == sum(hour.total.requests)
        assert [sum(error.counts) for error in kept.errors] == [sum(error.counts) for error in hour.errors]
        assert len(kept.scenarios) == scenarios
        if scenarios == 3:
            assert kept.total == hour.total


def test_what_is_read_is_what_was_written(folder: RunFolder, tmp_path: Path) -> None:
    timeline = _timeline(5, 2)
    write_timeline(tmp_path, _RUN_ID, [timeline])
    assert read_timeline(tmp_path, _RUN_ID) == timeline
    assert folder.timeline.stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.path.iterdir()] == [folder.timeline.name]


def test_a_timeline_that_cannot_be_written_leaves_the_former_one(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _timeline(3, 1)
    write_timeline(tmp_path, _RUN_ID, [before])
    folder.timeline.with_name("folder").mkdir()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_timeline(tmp_path, _RUN_ID, [_timeline(4, 1)])
    assert read_timeline(tmp_path, _RUN_ID) == before
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("run_id", ["../elsewhere", "", "r-1/../../x"])
def test_an_id_that_leads_out_of_the_folder_is_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(ValueError, match="is not a run id"):
        write_timeline(tmp_path, run_id, [])
    assert read_timeline(tmp_path, run_id) is None


@cache
def _damaged() -> dict[str, bytes]:
    whole = _timeline(5, 2).model_dump_json().encode()
    uneven = {**json.loads(whole), "dropped": [1]}
    backwards = {**json.loads(whole), "ends_s": [5, 4, 3, 2, 1, 0]}
    return {
        "empty": b"",
        "no gzip": whole,
        "truncated": gzip.compress(whole)[:-20],
        "binary": bytes(range(256)) * 20,
        "no JSON": gzip.compress(b"\x00\xff nothing"),
        "another document": gzip.compress(b'{"run_id": 5}'),
        "NaN": gzip.compress(whole.replace(b'"period_s":1.0', b'"period_s":NaN')),
        "columns of different lengths": gzip.compress(json.dumps(uneven).encode()),
        "time that goes backwards": gzip.compress(json.dumps(backwards).encode()),
        "a bomb": gzip.compress(b" " * 80_000_000, 9),
        "deep nesting": gzip.compress(b"[" * 200_000),
        "huge": b"\x1f\x8b" + bytes(6_000_000),
    }


@pytest.mark.parametrize("kind", _damaged().keys())
def test_a_damaged_timeline_is_none(folder: RunFolder, tmp_path: Path, kind: str) -> None:
    folder.timeline.write_bytes(_damaged()[kind])
    assert read_timeline(tmp_path, _RUN_ID) is None


def test_the_record_goes_only_when_the_timeline_is_there(folder: RunFolder, tmp_path: Path) -> None:
    folder.record.write_text("{}\n")
    remove_record(tmp_path, _RUN_ID)
    assert folder.record.exists()
    write_timeline(tmp_path, _RUN_ID, [_timeline(2, 1)])
    remove_record(tmp_path, _RUN_ID)
    assert not folder.record.exists()
    remove_record(tmp_path, _RUN_ID)
