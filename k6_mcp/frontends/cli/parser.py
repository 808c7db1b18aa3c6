"""The command line: names, help and exit codes."""

import argparse
from collections.abc import Callable
from typing import get_args

from k6_mcp import __version__
from k6_mcp.models.request import Method, Preset, Slo
from k6_mcp.models.run import FailureKind, Status
from k6_mcp.models.service_answers import ReportFormat

AddParser = Callable[..., argparse.ArgumentParser]
AddArgument = Callable[..., object]

COMPLETED, FAILED, REFUSED, CANCELLED = 0, 1, 2, 3

_EXIT_CODES = "exit codes: 0 completed, 1 failed, 2 refused (arguments, limits, no k6), 3 cancelled or lost"
_OWN_CODES = "gate and compare have exit codes of their own: see their help"
_RUN_EXAMPLES = """\
examples:
  k6-mcp run http://127.0.0.1:8080/ --preset low
  k6-mcp run script.js --vus 10 --duration 30s
  k6-mcp run http://127.0.0.1:8080/ --rate 50 --duration 1m --slo p95_ms=500 --slo error_rate=0.01
  k6-mcp run script.js --threshold 'http_req_duration:p(95)<500' --tag build=42 --json
  k6-mcp run http://127.0.0.1:8080/ --stage 10s:20 --stage 30s:20 --stage 10s:0

"""
_GATE_HELP = """\
examples:
  k6-mcp gate perf/checkout.json --tag build=42 --junit gate.xml --html gate.html
  k6-mcp gate http://127.0.0.1:8080/ --preset low --name "home page" --repeat 3 --require-baseline
  k6-mcp gate r-20260131-abcdefghijklmnop --baseline checkout

A definition is a JSON object of execute_k6_test's arguments; options replace what it says, --env, --tag and --header add to it.

exit codes: 0 passed, 1 breached (a threshold, or the target failed), 2 errored (nothing could be judged: arguments, limits, script,
k6, stopped, nothing asserted), 3 regressed against the baseline, 4 not comparable with the baseline"""
_NEWEST = "id of a run; the newest one when left out"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; `command` in its result names the chosen command."""
    parser = argparse.ArgumentParser(
        prog="k6-mcp",
        usage="k6-mcp [--version] COMMAND ...",
        description="Run, judge and keep k6 load tests.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"k6-mcp {__version__}")
    commands = parser.add_subparsers(
        prog="k6-mcp", dest="command", metavar="command", required=True, help=argparse.SUPPRESS
    )
    groups = (
        ("tests", _add_tests),
        ("runs", _add_runs),
        ("storage", _add_history),
        ("servers", _add_servers),
        ("machine", _add_machine),
    )
    listed = [_listed(title, add_group, commands.add_parser) for title, add_group in groups]
    parser.epilog = "\n".join(
        (*listed, "k6-mcp COMMAND --help explains a command and its options.", _EXIT_CODES, _OWN_CODES)
    )
    return parser


def _listed(title: str, add_group: Callable[[AddParser], None], add_parser: AddParser) -> str:
    """Add a group of commands and return its part of the help."""
    lines = [f"{title}:"]

    def add(name: str, *, help: str, **options: object) -> argparse.ArgumentParser:
        lines.append(f"    {name:<9} {help}")
        return add_parser(name, **options)

    add_group(add)
    return "\n".join((*lines, ""))


def _add_tests(add: AddParser) -> None:
    run = _load_command(add, "run", "run a load test with live progress and judge it")
    run.add_argument("--json", action="store_true", help="print the judged result as JSON, and nothing else")
    run.add_argument("--quiet", action="store_true", help="show no progress")
    run.add_argument(
        "--report", metavar="FORMAT=FILE", action="append", default=[], help="write a report too; repeatable"
    )
    plan = _load_command(
        add, "validate", "check a load test without traffic: plan, limits, errors with their line", ["plan"]
    )
    plan.add_argument("--json", action="store_true", help="print the plan as JSON")
    _load_command(add, "render", "print the k6 script that would run")
    _add_gate(
        _load_command(
            add, "gate", "run a load test, or take a run, and let a pipeline pass or not", examples=_GATE_HELP
        )
    )


def _add_gate(gate: argparse.ArgumentParser) -> None:
    gate.set_defaults(quiet=False)
    add = gate.add_argument_group("gate").add_argument
    add(
        "--baseline",
        metavar="RUN|NAME",
        help="compare with this run, or the baseline of this test (default: of its own)",
    )
    add("--require-baseline", action="store_true", help="do not pass without a baseline to compare with")
    add("--set-baseline-on-pass", action="store_true", help="make a run that passes the baseline of its test")
    add(
        "--allow-nothing-asserted",
        action="store_true",
        help="pass a run without thresholds and baseline if its target answered",
    )
    add(
        "--allow-imported",
        action="store_true",
        help="also pass an imported run, although its file is not signed",
    )
    add("--html", metavar="FILE", help="write the run as a page; a comparison goes beside it")
    add("--markdown", metavar="FILE", help="write the answer, the comparison and the run as Markdown")
    add("--junit", metavar="FILE", help="write the answer and the run as JUnit XML")
    add("--github", action="store_true", help="add to GitHub's step summary, and annotate the job")
    add("--json", action="store_true", help="print the answer as JSON, and nothing else")


def _add_runs(add: AddParser) -> None:
    history = add(
        "history",
        help="list past runs, newest first",
        description="List past runs, newest first; all filters must hold.",
    )
    history.add_argument("--status", metavar="STATUS", help=f"one of {', '.join(get_args(Status))}")
    history.add_argument("--failure-kind", metavar="KIND", help=f"one of {', '.join(get_args(FailureKind))}")
    history.add_argument("--name", help="exact name of the test")
    history.add_argument("--url", help="beginning of the target URL")
    history.add_argument("--tag", metavar="NAME[=VALUE]", help="runs with this tag")
    history.add_argument("--since", metavar="TIME", help="created at or after, ISO 8601")
    history.add_argument("--until", metavar="TIME", help="created before, ISO 8601")
    history.add_argument(
        "--min-error-rate", metavar="SHARE", help="share of failed requests at least, 0 to 1"
    )
    history.add_argument("--max-response-time-ms", metavar="MS", help="p95 at most")
    history.add_argument("--limit", metavar="N", help="runs per page, at most 100 (default 20)")
    history.add_argument("--cursor", help="next_cursor of the page before")
    history.add_argument("--json", action="store_true", help="print the page as JSON")
    show = add(
        "show",
        help="show a run",
        description="Show a run: its judged result, every metric, its log or its script.",
    )
    show.add_argument("run_id", nargs="?", metavar="RUN", help=_NEWEST)
    show.add_argument(
        "--detail", choices=("summary", "full", "log", "script"), default="summary", help="what to show of it"
    )
    show.add_argument(
        "--ai", action="store_true", help="add a diagnosis that a model words from the computed facts"
    )
    show.add_argument("--json", action="store_true", help="print it as JSON (full: everything that is kept)")
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
        "-o", "--output", metavar="FILE", help="where to; - for stdout, the run's folder when left out"
    )
    report.add_argument(
        "--baseline",
        metavar="RUN|TEST",
        help="html, markdown: compare with this run, or the baseline of this test",
    )
    compare = add(
        "compare",
        help="say whether a test got better or worse",
        description=(
            "Compare two runs with their repeats; exit code 0 no evidence or improved, 1 regressed, 2 not"
            " comparable."
        ),
    )
    compare.add_argument(
        "baseline", metavar="BASELINE", help="id of a run, or name of a test: the baseline set for it"
    )
    compare.add_argument(
        "candidate",
        nargs="?",
        metavar="CANDIDATE",
        help="id of a run, or name of a test: its latest run (default that of the baseline's test)",
    )
    compare.add_argument("--json", action="store_true", help="print the comparison as JSON")
    stats = add(
        "stats",
        help="how tests did over days",
        description=(
            "Show runs by status, the share with findings, where each named test is heading and how far its"
            " thresholds are."
        ),
    )
    stats.add_argument("--days", metavar="N", help="how far to look back (default 30)")
    stats.add_argument("--json", action="store_true", help="print the statistics as JSON")
    baseline = add(
        "baseline",
        help="make a run the baseline of its test",
        description="Make a run, with its repeats, what later runs of its test are compared with.",
    )
    baseline.add_argument("run_id", metavar="RUN", help="id of a run")
    baseline.add_argument("--name", help="name of the test (default the run's own)")
    baseline.add_argument("--json", action="store_true", help="print the baseline as JSON")
    stop = add(
        "stop",
        help="stop a running test",
        description="Stop a test gracefully, whichever server runs it, and show its figures.",
    )
    stop.add_argument("run_id", nargs="?", metavar="RUN", help=_NEWEST)
    stop.add_argument("--json", action="store_true", help="print the result as JSON")


def _add_history(add: AddParser) -> None:
    export = add(
        "export",
        help="write a run to one file for another machine",
        description="Write a run that has ended, and the repeats of its request, to one file.",
    )
    export.add_argument("run_id", metavar="RUN|NAME", help="id of a run, or the name of a test: its baseline")
    export.add_argument("-o", "--output", metavar="FILE", help="where to (default: the run id and .zip)")
    export.add_argument("--alone", action="store_true", help="leave out the other repeats of its request")
    export.add_argument("--json", action="store_true", help="print the report as JSON")
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
    rebuild = add(
        "rebuild",
        help="restore the history from the runs' folders",
        description="Restore the history from the runs' folders.",
    )
    rebuild.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_servers(add: AddParser) -> None:
    serve = add(
        "serve",
        help="serve MCP",
        description="Serve MCP over stdio, as clients start it, or over HTTP on 127.0.0.1.",
    )
    serve.add_argument(
        "--http",
        metavar="PORT",
        type=_port,
        help="serve streamable HTTP on this port of 127.0.0.1 (path /mcp)",
    )
    add(
        "oneshot",
        help="answer one JSON request per line",
        description="Answer one JSON request per line on stdin with one line on stdout.",
    )


def _add_machine(add: AddParser) -> None:
    demo = add(
        "demo",
        help="three tests of a local target through a real MCP client",
        description="Show k6-mcp at work, in about half a minute.",
    )
    demo.add_argument(
        "--seconds", metavar="S", type=_seconds, default=10, help="length of the first test (default 10)"
    )
    doctor = add(
        "doctor",
        help="check k6, database, disk and limits",
        description="Check whether tests can run here and say what to do if not.",
    )
    doctor.add_argument("--json", action="store_true", help="print the state as JSON")


def _load_command(
    add: AddParser, name: str, help_text: str, aliases: list[str] | None = None, examples: str = ""
) -> argparse.ArgumentParser:
    parser = add(
        name,
        aliases=aliases or [],
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=examples or _RUN_EXAMPLES.replace("k6-mcp run", f"k6-mcp {name}") + _EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if name == "gate":
        parser.add_argument(
            "source",
            metavar="WHAT",
            help="a definition (FILE.json, or - for stdin), a script, a URL, or a run id",
        )
    else:
        parser.add_argument(
            "source",
            metavar="SCRIPT|URL",
            help="path of a k6 script, an http(s) URL, or - for a script on stdin",
        )
    _add_request(parser.add_argument_group("request (with a URL)").add_argument)
    _add_load(parser.add_argument_group("load").add_argument)
    _add_criteria(parser.add_argument_group("criteria").add_argument)
    _add_context(parser.add_argument_group("context").add_argument)
    return parser


def _add_request(add: AddArgument) -> None:
    add("--preset", metavar="NAME", help=f"one of {', '.join(get_args(Preset))} (default low)")
    add("--method", metavar="M", help=f"one of {', '.join(get_args(Method))} (default GET)")
    add("--header", metavar="'NAME: VALUE'", action="append", default=[], help="a request header; repeatable")
    add("--body", metavar="TEXT|@FILE", help="request body, sent as it is")
    add("--json-body", metavar="JSON|@FILE", help="request body, sent as application/json")


def _add_load(add: AddArgument) -> None:
    add("--vus", metavar="N", help="virtual users; with --duration or --iterations")
    add(
        "--duration",
        metavar="TIME",
        help="30s, 1m30s, 1h; with --vus or --rate, alone it changes a preset's length",
    )
    add("--iterations", metavar="N", help="iterations in total, shared by the VUs")
    add(
        "--rate", metavar="PER_S", help="iterations started per second, whatever the latency; with --duration"
    )
    add(
        "--stage",
        metavar="TIME:VUS",
        action="append",
        default=[],
        help="one step of a ramp of VUs; repeatable",
    )
    add(
        "--repeat",
        metavar="N",
        help="run it so many times, one after another, at most 10; 3 for a sure comparison",
    )
    add("--override-load", action="store_true", help="let these replace the script's own scenarios")


def _add_criteria(add: AddArgument) -> None:
    add("--threshold", metavar="METRIC:EXPR", action="append", default=[], help="a k6 threshold; repeatable")
    add(
        "--slo",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=f"{', '.join(Slo.model_fields)}; repeatable",
    )
    add("--expect-status", metavar="S", action="append", default=[], help="200, 200-299 or 4xx; repeatable")


def _add_context(add: AddArgument) -> None:
    add(
        "--env",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="read as __ENV.NAME, never stored; repeatable",
    )
    add("--tag", metavar="NAME=VALUE", action="append", default=[], help="kept with the run; repeatable")
    add("--name", help="name of the test, the same for runs to be compared")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"{port} is not a port: use 0 to 65535")
    return port


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 1 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"{seconds} is not in 1 to 60")
    return seconds
