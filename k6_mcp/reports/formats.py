"""All report formats and how each is made from a run."""

from collections.abc import Sequence

from k6_mcp import __version__
from k6_mcp.errors import ReportUnavailable
from k6_mcp.models.comparison import Comparison
from k6_mcp.models.report_formats import ReportFormat
from k6_mcp.reports.run_view import RunView

_INSTALL_CHARTS = "install the extra: pip install './k6-mcp[charts]'; html and markdown work without it"


COMPARED: tuple[ReportFormat, ...] = ("html", "markdown")


def rendered(view: RunView, format: ReportFormat) -> bytes:
    """Return the report of one run; a format's modules are imported only for that format.

    Raises:
        ReportUnavailable: If the format needs a library that is not installed.
    """
    match format:
        case "html":
            from k6_mcp.reports.html import render_html

            return render_html(view).encode()
        case "markdown":
            from k6_mcp.reports.markdown import run_markdown

            return run_markdown(view)
        case "junit":
            from k6_mcp.reports.junit import run_junit

            return run_junit(view.run)
        case "csv":
            from k6_mcp.reports.csv_export import run_csv

            return run_csv(view.run, view.timeline)
        case "json":
            from k6_mcp.reports.json_export import run_document

            return run_document(view.run, view.timeline, view.explanation, version=__version__)
        case "png":
            return _chart(view)


def _chart(view: RunView) -> bytes:
    try:
        from k6_mcp.reports.chart import run_png
    except ImportError:
        raise ReportUnavailable(
            "format png needs Pillow, which is not installed", hint=_INSTALL_CHARTS
        ) from None
    return run_png(view)


def rendered_comparison(comparison: Comparison, views: Sequence[RunView], format: ReportFormat) -> bytes:
    """Return the report of a comparison; `views` are the views of its runs.

    Raises:
        ReportUnavailable: If this format has no comparison report.
    """
    match format:
        case "html":
            from k6_mcp.reports.html import render_comparison_html

            return render_comparison_html(comparison, views).encode()
        case "markdown":
            from k6_mcp.reports.comparison_markdown import comparison_markdown

            return comparison_markdown(comparison)
        case _:
            reason = f"there is no comparison report in format {format}"
            raise ReportUnavailable(reason, hint=f"use {' or '.join(COMPARED)}, or omit baseline")
