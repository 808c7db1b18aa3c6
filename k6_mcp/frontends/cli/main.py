"""From the command line to an exit code; each command imports what it needs only when it runs."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from k6_mcp.errors import Interrupted, K6McpError
from k6_mcp.frontends.cli.exit_codes import CANCELLED, REFUSED
from k6_mcp.frontends.cli.parser import build_parser
from k6_mcp.frontends.cli.words import in_commands
from k6_mcp.frontends.first_line import read_head
from k6_mcp.frontends.standard_streams import hold_standard_streams
from k6_mcp.settings import Settings

# These commands print no warning about misspelled settings. `doctor` shows them, `serve` logs them, and
# clients of the one-shot mode take any word on stderr for a failure.
_WITHOUT_WARNINGS = ("doctor", "serve", "oneshot")
Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (default: the process's) name and return its exit code."""
    hold_standard_streams()
    options = build_parser().parse_args(arguments)
    try:
        settings = Settings.from_environment()
        if options.command not in _WITHOUT_WARNINGS:
            sys.stderr.writelines(f"k6-mcp: {warning}\n" for warning in settings.unknown)
        return _COMMANDS[options.command](options, settings)
    except K6McpError as error:
        _refuse(error, options.command, as_json=getattr(options, "json", False))
        return _code_of_interruption(options) if isinstance(error, Interrupted) else REFUSED
    except KeyboardInterrupt:
        return _code_of_interruption(options)
    # The reader has closed the pipe, so the interpreter must not flush into it at exit.
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _code_of_interruption(options: argparse.Namespace) -> int:
    # For `gate`, exit code 3 would mean that it has judged a run.
    return REFUSED if options.command == "gate" else CANCELLED


def _refuse(error: K6McpError, command: str, *, as_json: bool) -> None:
    hint = error.hint.replace("k6-mcp COMMAND", f"k6-mcp {command}") if error.hint else error.hint
    if as_json:
        document = {"error": {"code": error.code, "reasons": [*error.reasons], "hint": hint}}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        return
    lines = [f"k6-mcp: {error.code}", *(f"  - {in_commands(reason)}" for reason in error.reasons)]
    if hint:
        lines.append(f"  next step: {in_commands(hint)}")
    sys.stderr.write("\n".join(lines) + "\n")


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from k6_mcp.frontends.mcp_server.serve import serve_http, serve_stdio

    return serve_stdio(settings) if options.http is None else serve_http(settings, options.http)


def _oneshot(options: argparse.Namespace, settings: Settings) -> int:
    from k6_mcp.frontends.oneshot.start import serve_lines

    return serve_lines(read_head(sys.stdin.fileno(), settings.limits.longest_line_bytes), settings)


def _demo(options: argparse.Namespace, settings: Settings) -> int:
    from k6_mcp.frontends.cli.demo import demo

    return demo(options, settings)


def _gate(options: argparse.Namespace, settings: Settings) -> int:
    from k6_mcp.frontends.cli.gate import gate_command

    return gate_command(options, settings)


def _service_command(options: argparse.Namespace, settings: Settings) -> int:
    from k6_mcp.frontends.cli.commands import run_command

    return run_command(options, settings)


_COMMANDS: Mapping[str, Command] = {
    "serve": _serve,
    "oneshot": _oneshot,
    "demo": _demo,
    "gate": _gate,
    **dict.fromkeys(
        (
            "run",
            "validate",
            "plan",
            "render",
            "history",
            "show",
            "report",
            "stop",
            "compare",
            "baseline",
            "stats",
            "doctor",
            "rebuild",
            "prune",
            "export",
            "import",
        ),
        _service_command,
    ),
}
