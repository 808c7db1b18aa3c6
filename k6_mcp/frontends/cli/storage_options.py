"""The options of the commands on stored runs."""

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
        description="Write a finished run, and the repeats of its request, to one file.",
    )
    export.add_argument("run_id", metavar="RUN|NAME", help="id of a run, or name of a test for its baseline")
    export.add_argument(
        "-o", "--output", metavar="FILE", help="file to write (default: the run id with .zip)"
    )
    export.add_argument("--alone", action="store_true", help="leave out the other repeats of its request")
    export.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_import(add: AddParser) -> None:
    take = add(
        "import",
        help="import the runs of an exported file",
        description=(
            "Check a file that export wrote, and keep its runs under their own ids. The runs are judged again"
            " and marked as not signed."
        ),
    )
    take.add_argument("file", metavar="FILE", help="file written by k6-mcp export")
    take.add_argument("--baseline", action="store_true", help="make the run the baseline of its test here")
    take.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_prune(add: AddParser) -> None:
    prune = add(
        "prune",
        help="remove old runs",
        description=(
            "Move runs beyond the limits to the trash. The limits are those of the settings, or only those"
            " given here. Baselines always stay. On a terminal, the command first shows what it would remove,"
            " and asks."
        ),
    )
    prune.add_argument("--older-than", metavar="TIME", help="remove runs older than this, as in 30d or 12h")
    prune.add_argument(
        "--keep-runs", metavar="N", help="remove all but the newest N runs; baselines stay in addition"
    )
    prune.add_argument(
        "--max-size",
        metavar="SIZE",
        help="remove all but the newest runs that take this much together, as in 1GB",
    )
    prune.add_argument(
        "--dry-run", action="store_true", help="remove nothing, only show what would be removed"
    )
    prune.add_argument("--yes", action="store_true", help="remove without asking")
    prune.add_argument(
        "--by-clock", action="store_true", help="count ages by this machine's clock, even if it jumped"
    )
    prune.add_argument(
        "--for-good", action="store_true", help="delete permanently at once, and empty the trash"
    )
    prune.add_argument("--restore", metavar="RUN|all", nargs="+", help="restore removed runs from the trash")
    prune.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_rebuild(add: AddParser) -> None:
    rebuild = add(
        "rebuild",
        help="restore the history from the runs' folders",
        description="Restore the history from the runs' folders.",
    )
    rebuild.add_argument("--json", action="store_true", help="print the report as JSON")
