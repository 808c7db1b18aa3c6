"""`k6-mcp report` and `--report` of `k6-mcp run`: reports of a run as files of the caller's choice."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, get_args

from k6_mcp.errors import InvalidArguments, ReportUnavailable
from k6_mcp.models.report_formats import FILE_TYPES, ReportFormat
from k6_mcp.service.load_tests import LoadTests

STDOUT = "-"
_FORMATS = get_args(ReportFormat)


class Wanted(NamedTuple):
    """A requested report; `output` is a path, `-` for stdout, or None for the run's folder."""

    format: ReportFormat
    output: str | None


def wanted(texts: Iterable[str]) -> list[Wanted]:
    """Return the reports that `FORMAT=FILE` texts request; a format alone means the run's folder.

    Raises:
        InvalidArguments: With every unknown format.
    """
    requests = [text.partition("=") for text in texts]
    reports = [
        Wanted(format, output or None)
        for name, _, output in requests
        for format in _FORMATS
        if format == name
    ]
    if len(reports) < len(requests):
        unknown = [
            f"--report {name[:40]!r} is not a format" for name, _, _ in requests if name not in _FORMATS
        ]
        raise InvalidArguments(
            *unknown, hint=f"use one of {', '.join(_FORMATS)}, as in --report html=report.html"
        )
    return reports


async def write_report(
    service: LoadTests, run_id: str, report: Wanted, baseline: str | None = None
) -> str | None:
    """Write one report and return its path, or None for stdout.

    With `baseline`, the report shows how the run compares with it.

    Raises:
        UnknownRun: If there is no such run.
        ReportUnavailable: If it cannot be made or written.
    """
    if report.output is None:
        return (await service.kept_runs.report(run_id, report.format, baseline)).path
    content = await service.kept_runs.rendered(run_id, report.format, baseline)
    if report.output == STDOUT:
        _to_stdout(content, report.format)
        return None
    return _to_file(Path(report.output), content)


def _to_file(path: Path, content: bytes) -> str:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ReportUnavailable(
            f"{path} could not be written: {error.strerror or error}", hint="choose another --output"
        ) from None
    return str(path.absolute())


def _to_stdout(content: bytes, format: ReportFormat) -> None:
    if sys.stdout.isatty() and not FILE_TYPES[format].text:
        raise ReportUnavailable(f"{format} is not text for a terminal", hint="use --output FILE, or a pipe")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
