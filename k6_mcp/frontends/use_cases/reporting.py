"""The use case that writes a report for people."""

from pathlib import Path

from anyio import to_thread

from k6_mcp.answers.report import ReportAnswer, WrittenReport, report_answer
from k6_mcp.frontends.use_cases.arguments import ReportArguments, of_model
from k6_mcp.frontends.use_cases.declaration import CHANGES_RUNS, Caller, Shape, UseCase
from k6_mcp.models.report_formats import FILE_TYPES


async def _report(caller: Caller, wanted: ReportArguments) -> WrittenReport:
    file = await caller.service.kept_runs.report(wanted.run_id, wanted.format, wanted.baseline)
    is_shown = FILE_TYPES[file.format].shown
    content = await to_thread.run_sync(Path(file.path).read_bytes) if is_shown else b""
    return WrittenReport(wanted.run_id, file, content, is_comparison=wanted.baseline is not None)


REPORT = UseCase(
    name="get_report",
    title="Report of a load test",
    description=(
        "Write a report of one load test to a file for people: html (charts, tables, findings), markdown for"
        " a pull request, junit for CI, csv (figures over time), json (everything), png (a chart, also shown"
        " as an image). Give the user the path."
    ),
    effect=CHANGES_RUNS,
    arguments=ReportArguments,
    parse=of_model(ReportArguments),
    call=_report,
    answer=report_answer,
    shape=Shape(ReportAnswer),
)
