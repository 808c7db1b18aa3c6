"""The entry point of `k6_server.py`: the first line on stdin decides between MCP and one-shot mode."""

import os
import sys

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.first_line import read_head, speaks_mcp
from k6_mcp.frontends.standard_streams import hold_standard_streams
from k6_mcp.models.wording import log_line
from k6_mcp.settings import Settings

_STDIN = 0
_INTERRUPTED = 130
_FOR_PEOPLE = (
    "k6-mcp: waiting for an MCP client or a one-shot request on stdin; see `k6-mcp --help` for terminal use\n"
)


def main() -> int:
    """Serve stdin and stdout until the peer leaves; return the exit code."""
    hold_standard_streams()
    if os.isatty(_STDIN):
        sys.stderr.write(_FOR_PEOPLE)
    try:
        return _serve()
    except KeyboardInterrupt:
        # The front end has not yet installed its own handling of signals.
        return _INTERRUPTED


def _serve() -> int:
    try:
        settings = Settings.from_environment()
    except InvalidArguments as error:
        return _refuse(error)
    head = read_head(_STDIN, settings.limits.longest_line_bytes)
    if not speaks_mcp(head.partition(b"\n")[0]):
        from k6_mcp.frontends.oneshot.start import serve_lines

        return serve_lines(head, settings)
    from k6_mcp.frontends.mcp_server.serve import serve_stdio

    return serve_stdio(settings, head)


def _refuse(error: InvalidArguments) -> int:
    """Report why nothing can be served.

    The report goes to stderr in the form of k6's log, which one-shot clients look for. These clients also
    get it in an answer.
    """
    sys.stderr.write(f"{log_line(f'k6-mcp: {error}')}\n")
    if os.isatty(_STDIN) or speaks_mcp(read_head(_STDIN).partition(b"\n")[0]):
        return 1
    from k6_mcp.frontends.oneshot.start import refuse

    return refuse(error)
