"""`k6-mcp report` where no k6 is needed: what is refused before anything runs, and where reports go."""

from pathlib import Path

import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.cli.main import main
from k6_mcp.frontends.cli.report import Wanted, wanted
from k6_mcp.models.run_folder import RunFolder
from lab.sample_runs import run

RUN_ID = "r-20260101-abcdefghijklmnop"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunFolder:
    """The folder of a run that was kept; no k6 is found."""
    kept = RunFolder(tmp_path / "results", RUN_ID)
    kept.path.mkdir(parents=True)
    kept.run_json.write_text(run(run_id=RUN_ID).model_dump_json())
    monkeypatch.setenv("K6_RESULTS_DIR", str(tmp_path / "results"))
    monkeypatch.setenv("K6_BIN", "/nonexistent/k6")
    return kept


def test_a_report_goes_into_the_folder_of_its_run(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", RUN_ID, "--format", "junit"]) == 0

    path = folder.reports / "report.xml"
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_a_report_goes_where_it_is_told_to(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", RUN_ID, "--format", "csv", option, str(tmp_path / "x.csv")]) == 0

    assert capsys.readouterr().out == f"{tmp_path / 'x.csv'}\n"
    assert (tmp_path / "x.csv").read_bytes().endswith(b"\r\n")


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", RUN_ID, "--output", str(tmp_path / "no" / "x.html")]) == 2

    assert "report_unavailable" in capsys.readouterr().err


def test_an_unknown_run_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "r-20260101-aaaaaaaaaaaaaaaa"]) == 2

    assert "unknown_run" in capsys.readouterr().err


def test_formats_and_files_are_told_apart() -> None:
    assert wanted(["html=a=b.html", "junit", "csv=-"]) == [
        Wanted("html", "a=b.html"),
        Wanted("junit", None),
        Wanted("csv", "-"),
    ]


def test_every_unknown_format_is_named_before_anything_runs() -> None:
    with pytest.raises(
        InvalidArguments, match=r"'pdf' is not a format; .*'doc' is not a format .*use one of html, markdown"
    ):
        wanted(["pdf=x", "html=x", "doc"])
