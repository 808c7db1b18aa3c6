"""The options of the commands on past and running runs."""

from typing import get_args

from k6_mcp.frontends.cli.load_test_options import AddParser
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.report_formats import ReportFormat
from k6_mcp.models.run import Status

_NEWEST = "id of a run (default: the newest)"
_NEWEST_RUNNING = "id of a run (default: the newest one that runs)"


def add_runs(add: AddParser) -> None:
    """Add the commands that show, compare and stop runs."""
    _add_history(add)
    _add_show(add)
    _add_report(add)
    _add_compare(add)
    _add_stats(add)
    _add_baseline(add)
    _add_stop(add)


def _add_history(add: AddParser) -> None:
    history = add(
        "history",
        help="list past runs, newest first",
        description="List past runs, newest first; all filters must match.",
    )
    history.add_argument("--status", metavar="STATUS", help=f"one of {', '.join(get_args(Status))}")
    history.add_argument("--failure-kind", metavar="KIND", help=f"one of {', '.join(get_args(FailureKind))}")
    history.add_argument("--name", help="exact name of the test")
    history.add_argument("--url", help="start of the target URL")
    history.add_argument("--tag", metavar="NAME[=VALUE]", help="runs with this tag")
    history.add_argument("--since", metavar="TIME", help="created at or after this time, ISO 8601")
    history.add_argument("--until", metavar="TIME", help="created before this time, ISO 8601")
    history.add_argument("--min-error-rate", metavar="SHARE", help="lowest share of failed requests, 0 to 1")
    history.add_argument("--max-response-time-ms", metavar="MS", help="highest p95, in milliseconds")
    history.add_argument("--limit", metavar="N", help="runs per page, at most 100 (default 20)")
    history.add_argument("--cursor", help="next_cursor of the previous page")
    history.add_argument("--json", action="store_true", help="print the page as JSON")


def _add_show(add: AddParser) -> None:
    show = add(
        "show",
        help="show a run",
        description="Show a run: its judged result, every metric, its log or its script.",
    )
    show.add_argument("run_id", nargs="?", metavar="RUN", help=_NEWEST)
    show.add_argument(
        "--detail", choices=("summary", "full", "log", "script"), default="summary", help="what to show"
    )
    show.add_argument(
        "--ai", action="store_true", help="add a diagnosis that a model writes from the computed facts"
    )
    show.add_argument(
        "--json", action="store_true", help="print it as JSON (with --detail full: everything that is kept)"
    )


def _add_report(add: AddParser) -> None:
    report = add(
        "report",
        help="write a report of a run",
        description="Write a report of a run for people or pipelines.",
    )
    report.add_argument("run_id", nargs="?", metavar="RUN", help=_NEWEST)
    report.add_argument(
        "--format", choices=get_args(ReportFormat), default="html", help="what to write (default html)"
    )
    report.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write, - for stdout (default: a file in the run's folder)",
    )
    report.add_argument(
        "--baseline",
        metavar="RUN|TEST",
        help="with html or markdown: compare with this run, or with the baseline of this test",
    )


def _add_compare(add: AddParser) -> None:
    compare = add(
        "compare",
        help="show whether a test got better or worse",
        description=(
            "Compare two runs with their repeats. Exit codes: 0 no evidence or improved, 1 regressed, 2 not"
            " comparable."
        ),
    )
    compare.add_argument(
        "baseline", metavar="BASELINE", help="id of a run, or name of a test for its baseline"
    )
    compare.add_argument(
        "candidate",
        nargs="?",
        metavar="CANDIDATE",
        help="id of a run, or name of a test for its latest run (default: latest run of the baseline's test)",
    )
    compare.add_argument("--json", action="store_true", help="print the comparison as JSON")


def _add_stats(add: AddParser) -> None:
    stats = add(
        "stats",
        help="show how tests did over the last days",
        description=(
            "Show runs by status, the share of runs with findings, and for each named test its trend and its"
            " distance from its thresholds."
        ),
    )
    stats.add_argument("--days", metavar="N", help="how far to look back (default 30)")
    stats.add_argument("--json", action="store_true", help="print the statistics as JSON")


def _add_baseline(add: AddParser) -> None:
    baseline = add(
        "baseline",
        help="make a run the baseline of its test",
        description="Make a run, with its repeats, the baseline for later runs of its test.",
    )
    baseline.add_argument("run_id", metavar="RUN", help="id of a run")
    baseline.add_argument("--name", help="name of the test (default: the run's own)")
    baseline.add_argument("--json", action="store_true", help="print the baseline as JSON")


def _add_stop(add: AddParser) -> None:
    stop = add(
        "stop",
        help="stop a running test",
        description="Stop a test gracefully, on any server that runs it, and show its figures.",
    )
    stop.add_argument("run_id", nargs="?", metavar="RUN", help=_NEWEST_RUNNING)
    stop.add_argument("--json", action="store_true", help="print the result as JSON")
