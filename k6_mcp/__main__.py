"""`python -m k6_mcp` is `k6-mcp`."""

import sys

from k6_mcp.frontends.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
