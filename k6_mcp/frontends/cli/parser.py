"""The command line: the names and help texts of all commands."""

import argparse
from collections.abc import Callable

from k6_mcp import __version__
from k6_mcp.frontends.cli.exit_codes import EXIT_CODES
from k6_mcp.frontends.cli.load_test_options import AddParser, add_tests
from k6_mcp.frontends.cli.run_options import add_runs
from k6_mcp.frontends.cli.storage_options import add_storage

_OWN_CODES = "gate and compare use their own exit codes; see their help"


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
        ("tests", add_tests),
        ("runs", add_runs),
        ("storage", add_storage),
        ("servers", _add_servers),
        ("machine", _add_machine),
    )
    listed = [_listed(title, add_group, commands.add_parser) for title, add_group in groups]
    parser.epilog = "\n".join(
        (*listed, "k6-mcp COMMAND --help explains a command and its options.", EXIT_CODES, _OWN_CODES)
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
        description="Read one JSON request per line on stdin, and answer each with one line on stdout.",
    )


def _add_machine(add: AddParser) -> None:
    demo = add(
        "demo",
        help="run three tests of a local target through a real MCP client",
        description="Show k6-mcp at work, in about half a minute.",
    )
    demo.add_argument(
        "--seconds", metavar="S", type=_seconds, default=10, help="length of the first test (default 10)"
    )
    doctor = add(
        "doctor",
        help="check k6, database, disk and limits",
        description="Check whether tests can run here, and show what to do if they can't.",
    )
    doctor.add_argument("--json", action="store_true", help="print the state as JSON")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"{port} is not a port; use 0 to 65535")
    return port


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 1 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"{seconds} is not between 1 and 60")
    return seconds
