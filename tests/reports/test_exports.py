"""Exports for other programs, read by independent parsers: CSV and JSON."""

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from k6_mcp.models.metrics import ErrorCount
from k6_mcp.models.report_formats import FILE_TYPES
from k6_mcp.models.timeline import ScenarioSeries
from k6_mcp.reports.csv_export import timeline_csv
from k6_mcp.reports.formats import rendered
from k6_mcp.reports.json_export import RunDocument
from lab.sample_reports import HOSTILE, bare, broken, hostile, timeline, view
from lab.sample_runs import metrics, run

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]\d+)?\Z|\Z")


def rows(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True))


def test_there_is_a_line_for_each_interval_with_a_header_that_names_units() -> None:
    told = timeline(60, outage=(20, 30))
    read = rows(timeline_csv(told))

    assert len(read) == 60
    assert {
        "from_s",
        "to_s",
        "vus",
        "requests_per_s",
        "error_rate",
        "p95_ms",
        "dropped_iterations",
        "failed_code_1212",
    } <= read[0].keys()
    assert sum(int(row["requests"]) for row in read) == sum(told.total.requests)
    assert [row["to_s"] for row in read[:3]] == ["1", "2", "3"]
    assert float(read[25]["p95_ms"]) == pytest.approx(told.total.p95_ms[25], rel=1e-5)
    assert read[25]["error_rate"] == "1"


def test_a_figure_that_there_is_none_of_is_an_empty_field() -> None:
    told = timeline(3)
    nothing = told.total.model_copy(update={"requests": (0, 1, 1), "p95_ms": (None, 1.0, 2.0)})
    read = rows(timeline_csv(told.model_copy(update={"total": nothing})))

    assert (read[0]["p95_ms"], read[0]["error_rate"], read[1]["p95_ms"]) == ("", "", "1")


def test_without_a_timeline_there_is_one_line_for_the_whole_run() -> None:
    errors = (ErrorCount(code=1500, meaning="HTTP 500", count=5),)
    measured = metrics(failed_requests=5, iterations_dropped=3, more={"errors": errors})
    (whole,) = rows(rendered(view(run(metrics=measured), None), "csv"))

    assert (whole["from_s"], whole["to_s"], whole["requests"], whole["failed"]) == ("0", "2.6", "100", "5")
    assert (whole["p95_ms"], whole["vus"], whole["dropped_iterations"], whole["failed_code_1500"]) == (
        "35.75",
        "2",
        "3",
        "5",
    )


def test_a_run_that_measured_nothing_is_only_the_header() -> None:
    assert rows(rendered(view(run("failed"), None), "csv")) == []
    assert timeline_csv(None).startswith(b"start_unix_ms,from_s,to_s,")


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "\r\n=1", "a,b", '"', *HOSTILE]
)
def test_no_field_is_a_formula_or_breaks_its_line(name: str) -> None:
    told = timeline(2)
    told = told.model_copy(update={"scenarios": (ScenarioSeries(name=name, series=told.total),)})
    text = timeline_csv(told)
    read = rows(text)

    assert len(text.split(b"\r\n")) == 4
    assert all(re.match(r"[a-z]\w*\Z", column.replace("-", "_")) for column in read[0])
    assert all(_NUMBER.match(value) for row in read for value in row.values())


@pytest.mark.parametrize(
    "view", [broken(), bare(), *(hostile(text) for text in HOSTILE if "\ud800" not in text)]
)
def test_a_document_holds_all_that_is_known_and_reads_back(view: Any) -> None:
    document = rendered(view, "json")

    content = json.loads(document, parse_constant=pytest.fail)
    read = RunDocument.model_validate_json(document)

    assert content["schema_version"] == 1
    assert content["run"]["run_id"] == view.run.run_id
    assert (read.run, read.timeline, read.explanation) == (view.run, view.timeline, view.explanation)


@pytest.mark.parametrize("format", [format for format in FILE_TYPES if format != "png"])
@pytest.mark.parametrize(
    "view", [broken(1), bare(), replace(broken(), timeline=None)], ids=["one point", "nothing", "no timeline"]
)
def test_every_format_of_text_is_utf8_and_can_be_told_of_any_run(view: Any, format: Any) -> None:
    assert rendered(view, format).decode()
