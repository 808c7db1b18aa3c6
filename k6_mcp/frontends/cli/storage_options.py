"""The commands on what is stored: what they take."""

from k6_mcp.frontends.cli.load_test_options import AddParser


def add_storage(add: AddParser) -> None:
    """Add the commands that move, remove and restore runs."""
    _add_export(add)
    _add_import(add)
    _add_prune(add)
    _add_rebuild(add)


def _add_export(add: AddParser) -> None:
    export = add(
        "export",
        help="write a run to one file for another machine",
        description="Write a run that has ended, and the repeats of its request, to one file.",
    )
    export.add_argument("run_id", metavar="RUN|NAME", help="id of a run, or the name of a test: its baseline")
    export.add_argument("-o", "--output", metavar="FILE", help="where to (default: the run id and .zip)")
    export.add_argument("--alone", action="store_true", help="leave out the other repeats of its request")
    export.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_import(add: AddParser) -> None:
    take = add(
        "import",
        help="take in the runs of an exported file",
        description=(
            "Check a file that export wrote and keep its runs under their own ids, judged anew and marked as"
            " not signed."
        ),
    )
    take.add_argument("file", metavar="FILE", help="written by k6-mcp export")
    take.add_argument("--baseline", action="store_true", help="make it the baseline of its test here")
    take.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_prune(add: AddParser) -> None:
    prune = add(
        "prune",
        help="remove old runs",
        description=(
            "Move runs beyond the limits to the trash: the limits of the settings, or only those given here."
            " Baselines always stay. On a terminal it shows first what would go, and asks."
        ),
    )
    prune.add_argument("--older-than", metavar="TIME", help="runs created longer ago, as in 30d or 12h")
    prune.add_argument("--keep-runs", metavar="N", help="all but the newest N runs; baselines stay besides")
    prune.add_argument(
        "--max-size", metavar="SIZE", help="all but the newest runs that take this much together, as in 1GB"
    )
    prune.add_argument("--dry-run", action="store_true", help="remove nothing, only say what would go")
    prune.add_argument("--yes", action="store_true", help="do not ask")
    prune.add_argument(
        "--by-clock", action="store_true", help="count ages by this machine's clock, even if it jumped"
    )
    prune.add_argument("--for-good", action="store_true", help="delete at once, and empty the trash")
    prune.add_argument(
        "--restore", metavar="RUN|all", nargs="+", help="bring removed runs back from the trash"
    )
    prune.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_rebuild(add: AddParser) -> None:
    rebuild = add(
        "rebuild",
        help="restore the history from the runs' folders",
        description="Restore the history from the runs' folders.",
    )
    rebuild.add_argument("--json", action="store_true", help="print the report as JSON")
