"""The start of the one-shot mode.

k6 begins to plan the requested test before the remaining imports, because these take longer.
"""

from __future__ import annotations

import gc
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from k6_mcp.frontends.oneshot.request import EXECUTING, load_arguments, parse
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.runners.early_signals import end_at_once
from k6_mcp.service.early_plan import begin, new_launcher

if TYPE_CHECKING:
    from k6_mcp.errors import K6McpError
    from k6_mcp.runners.launcher import Launcher
    from k6_mcp.settings import Settings


def serve_lines(head: bytes, settings: Settings) -> int:
    """Serve descriptors 0 and 1, beginning with `head`, which was already read; return the exit code."""
    launcher = _begin(head.partition(b"\n")[0], settings)
    logging.disable()
    import asyncio

    from k6_mcp.frontends.oneshot.loop import serve_stdio

    gc.enable()
    # The objects of the imports last as long as the process. Collecting them repeatedly only delays the end.
    gc.freeze()
    return asyncio.run(serve_stdio(head, settings, launcher))


def refuse(error: K6McpError) -> int:
    """Answer any request with `error`; return the exit code."""
    from k6_mcp.answers.oneshot import answer_error, to_line

    with suppress(OSError):
        os.write(1, to_line(answer_error(error)))
    return 1


def _begin(line: bytes, settings: Settings) -> Launcher | None:
    """Begin the test that `line` requests; return None if it requests none.

    Errors are ignored here: they occur again, and are reported, when the line is answered.
    """
    with suppress(Exception):
        request = parse(line)
        if request.method in EXECUTING:
            test, launcher = parse_load_test(load_arguments(request.params)), new_launcher(settings)
            # The temporary folder of the started process holds the script.
            end_at_once(launcher.close)
            begin(launcher, settings, test)
            return launcher
    return None
