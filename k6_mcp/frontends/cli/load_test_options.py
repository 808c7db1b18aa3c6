"""The commands that take a load test, and the options that describe one."""

import argparse
from collections.abc import Callable
from typing import get_args

from k6_mcp.frontends.cli.exit_codes import EXIT_CODES
from k6_mcp.models.request import Method, Preset, Slo

AddParser = Callable[..., argparse.ArgumentParser]
AddArgument = Callable[..., object]

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

A definition is a JSON object of execute_k6_test's arguments; options replace its values,
--env, --tag and --header add to them.

exit codes: 0 passed, 1 breached (a threshold, or the target failed), 2 errored (nothing could be judged:
arguments, limits, script, k6, stopped, nothing asserted), 3 regressed against the baseline,
4 not comparable with the baseline"""


def add_tests(add: AddParser) -> None:
    """Add the commands that run, check or print a load test."""
    run = _load_command(add, "run", "run a load test with live progress and judge it")
    run.add_argument("--json", action="store_true", help="print the judged result as JSON, and nothing else")
    run.add_argument("--quiet", action="store_true", help="show no progress")
    run.add_argument(
        "--report", metavar="FORMAT=FILE", action="append", default=[], help="also write a report; repeatable"
    )
    plan = _load_command(
        add, "validate", "check a load test without traffic: plan, limits, errors with their lines", ["plan"]
    )
    plan.add_argument("--json", action="store_true", help="print the plan as JSON")
    _load_command(add, "render", "print the k6 script that would run")
    _add_gate(
        _load_command(
            add,
            "gate",
            "run a load test, or take a finished run, and pass or fail a pipeline",
            examples=_GATE_HELP,
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
    add("--require-baseline", action="store_true", help="pass only if there is a baseline to compare with")
    add(
        "--set-baseline-on-pass",
        action="store_true",
        help="if the run passes, make it the baseline of its test",
    )
    add(
        "--allow-nothing-asserted",
        action="store_true",
        help="pass a run that has no thresholds and no baseline if its target answered",
    )
    add(
        "--allow-imported",
        action="store_true",
        help="also pass an imported run, although its file is not signed",
    )
    add(
        "--html",
        metavar="FILE",
        help="write the run as a page; a comparison goes into a second file next to it",
    )
    add("--markdown", metavar="FILE", help="write the answer, the comparison and the run as Markdown")
    add("--junit", metavar="FILE", help="write the answer and the run as JUnit XML")
    add("--github", action="store_true", help="append to GitHub's step summary, and annotate the job")
    add("--json", action="store_true", help="print the answer as JSON, and nothing else")


def _load_command(
    add: AddParser, name: str, help_text: str, aliases: list[str] | None = None, examples: str = ""
) -> argparse.ArgumentParser:
    parser = add(
        name,
        aliases=aliases or [],
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=examples or _RUN_EXAMPLES.replace("k6-mcp run", f"k6-mcp {name}") + EXIT_CODES,
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
    add("--body", metavar="TEXT|@FILE", help="request body, sent unchanged")
    add("--json-body", metavar="JSON|@FILE", help="request body, sent as application/json")


def _add_load(add: AddArgument) -> None:
    add("--vus", metavar="N", help="virtual users; with --duration or --iterations")
    add(
        "--duration",
        metavar="TIME",
        help="30s, 1m30s, 1h; with --vus or --rate; alone, it changes the length of a preset",
    )
    add("--iterations", metavar="N", help="iterations in total, shared by the VUs")
    add("--rate", metavar="PER_S", help="iterations to start per second, at any latency; with --duration")
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
        help="run the test N times in sequence, at most 10; use 3 for a sure comparison",
    )
    add("--override-load", action="store_true", help="replace the script's own scenarios with these options")


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
        help="variable of the script (__ENV.NAME), never stored; repeatable",
    )
    add("--tag", metavar="NAME=VALUE", action="append", default=[], help="kept with the run; repeatable")
    add("--name", help="name of the test; use the same name for runs to compare")
