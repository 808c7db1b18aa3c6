"""How long a report of a one-hour run takes to render, and how large it is."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.measure import Bench, Row, Table
from k6_mcp.errors import ReportUnavailable
from k6_mcp.models.report_formats import FILE_TYPES, ReportFormat
from k6_mcp.reports.app_view import app_view
from k6_mcp.reports.formats import rendered
from k6_mcp.reports.html import LARGEST_BYTES, render_comparison_html
from lab.sample_reports import broken, comparison

_SECONDS = 3600
_REPEATS = 15
_GOAL_MS = 300.0


async def measure(bench: Bench) -> Table:
    """Render an hour with one interval per second, an outage and three stages, in every available format."""
    view, other = broken(_SECONDS), broken(_SECONDS, run_id="r-20260102-fedcba9876543210")
    compared = comparison(view, other)
    rows = [
        row for format in FILE_TYPES if (row := _row(format, lambda f=format: rendered(broken(_SECONDS), f)))
    ]
    rows += filter(
        None, [_row("html of a comparison", lambda: render_comparison_html(compared, (view, other)).encode())]
    )
    rows += filter(
        None,
        [
            _row(
                "view of the MCP App",
                lambda: app_view(replace(broken(_SECONDS), most_points=300)).model_dump_json().encode(),
            )
        ],
    )
    note = (
        f"Median of {_REPEATS}, the view built anew each time for one run. The first html also loads the"
        " templates."
    )
    return Table("Reports of a one-hour run", rows, note, ("", "first, ms", "median, ms", "kB"))


def _row(what: ReportFormat | str, render: Callable[[], bytes]) -> Row | None:
    taken: list[float] = []
    content = b""
    for _ in range(_REPEATS):
        began = time.perf_counter()
        try:
            content = render()
        except ReportUnavailable:
            # The format needs an extra that isn't installed
            return None
        taken.append((time.perf_counter() - began) * 1000)
    middle = statistics.median(taken)
    goal, holds = f"≤ {_GOAL_MS:.0f} ms", middle <= _GOAL_MS
    if what.startswith("html"):
        goal, holds = f"{goal}, ≤ {LARGEST_BYTES // 1000} kB", holds and len(content) <= LARGEST_BYTES
    return Row(what, f"{taken[0]:.0f}", f"{middle:.1f}", f"{len(content) / 1000:.0f}", goal, holds)
