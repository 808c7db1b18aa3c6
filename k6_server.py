#!/usr/bin/env python3
"""Starts the server from a checkout with any python3: MCP or one-shot, as the first line on stdin decides."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent
VENV = CHECKOUT / ".venv"
NEEDED = ("mcp_types", "anyio", "pydantic", "aiosqlite", "jinja2")


def main() -> int:
    """Serve; an interpreter that cannot hands over to the checkout's .venv or says what to run."""
    if sys.version_info >= (3, 11) and all(find_spec(name) for name in NEEDED):
        from k6_mcp.entry import main as serve

        return serve()
    python = VENV / "bin" / "python"
    if os.access(str(python), os.X_OK) and not os.path.samefile(sys.prefix, str(VENV)):  # noqa: PTH121 (this one starts us)
        os.execv(str(python), [str(python), str(Path(__file__).resolve()), *sys.argv[1:]])
    sys.stderr.write(f"k6-mcp: {sys.executable} lacks what it needs; run `make setup` in {CHECKOUT} and try again\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
