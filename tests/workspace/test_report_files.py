"""Reports in a run's folder: whole or not at all, and nowhere else."""

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k6_mcp.errors import ReportUnavailable
from k6_mcp.workspace.report_files import write_report

RUN_ID = "r-20260101-abcdefghijklmnop"


@contextmanager
def full_at(largest_bytes: int) -> Generator[None]:
    """Let no file grow beyond a size; writing more fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run."""
    path = tmp_path / "runs" / RUN_ID
    path.mkdir(parents=True)
    return path


def test_a_report_is_for_its_user_alone_and_replaces_an_older_one(tmp_path: Path, folder: Path) -> None:
    write_report(tmp_path, RUN_ID, "report.csv", b"old")
    path = write_report(tmp_path, RUN_ID, "report.csv", b"new")

    assert (path, path.read_bytes(), path.stat().st_mode & 0o777) == (
        folder / "reports" / "report.csv",
        b"new",
        0o600,
    )
    assert [file.name for file in path.parent.iterdir()] == ["report.csv"]


def test_a_full_disk_is_told_with_the_next_step_and_leaves_the_older_report(
    tmp_path: Path, folder: Path
) -> None:
    path = write_report(tmp_path, RUN_ID, "report.csv", b"old")

    with (
        full_at(1_000),
        pytest.raises(
            ReportUnavailable, match=r"could not be written: .*\(next step: check_health .*free space"
        ),
    ):
        write_report(tmp_path, RUN_ID, "report.csv", b"n" * 100_000)

    assert ([file.name for file in path.parent.iterdir()], path.read_bytes()) == (["report.csv"], b"old")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, folder: Path) -> None:
    (folder / "reports").write_text("in the way")

    with pytest.raises(ReportUnavailable, match="could not be written"):
        write_report(tmp_path, RUN_ID, "report.csv", b"new")


@pytest.mark.parametrize(
    "run_id, name", [("../x", "report.csv"), (RUN_ID, "../report.csv"), (RUN_ID, ".hidden"), (RUN_ID, "")]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, folder: Path, run_id: str, name: str) -> None:
    with pytest.raises(ValueError, match="names no report"):
        write_report(tmp_path, run_id, name, b"x")


def test_a_run_without_a_folder_has_no_reports(tmp_path: Path) -> None:
    with pytest.raises(ReportUnavailable, match="no longer exists"):
        write_report(tmp_path, RUN_ID, "report.csv", b"x")
