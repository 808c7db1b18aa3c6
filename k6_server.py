#!/usr/bin/env python3
"""Starts the server from a checkout with any python3: MCP or one-shot, as the first line on stdin decides."""

import gc
import os
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent
VENV = CHECKOUT / ".venv"
NEEDED = ("mcp_types", "anyio", "pydantic", "aiosqlite", "jinja2")


def main() -> int:
    """Serve; an interpreter that cannot hands over to the checkout's .venv or says what to run."""
    # Looking for some in every installed package delays each start
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if sys.version_info >= (3, 11) and all(find_spec(name) for name in NEEDED):
        # Until all is imported, when the front end that is chosen enables it: collecting meanwhile costs a
        # tenth of the start
        gc.disable()
        from k6_mcp.entry import main as serve

        return serve()
    python = VENV / "bin" / "python"
    if os.access(str(python), os.X_OK) and not os.path.samefile(sys.prefix, str(VENV)):  # noqa: PTH121 (this one starts us)
        os.execv(str(python), [str(python), str(Path(__file__).resolve()), *sys.argv[1:]])
    sys.stderr.write(
        f"k6-mcp: Error: {sys.executable} lacks what it needs; run `make setup` in {CHECKOUT} and try again\n"
    )
    return 1


if __name__ == "__main__":
    try:
        exit_code = main()
    except KeyboardInterrupt:
        # While modules are imported; what serves has its own way of ending
        exit_code = 130
    for stream in filter(None, (sys.stdout, sys.stderr)):
        # Nobody reads any more
        with suppress(OSError):
            stream.flush()
    # All is closed and kept; taking the interpreter apart would only keep the client waiting for the end
    os._exit(exit_code)
